"""Methods that are about the way rather than its end: OPTIONS, TRACE and their Max-Forwards (RFC 9110 section 7.6.2)."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, answering, say_target

HOST: Final = b"Host: gateway.test\r\n"
FENCE: Final = b"GET /fence HTTP/1.1\r\n" + HOST + b"\r\n"


def test_options_of_the_gateway_itself_is_answered_by_it(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        response = client.request(b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n")
        assert response.status in {200, 204}
        assert b"get" in response.tokens("allow")
        assert client.request(FENCE).body == b"/fence"
    assert origin.targets == [b"/fence"]


def test_options_of_an_authority_without_a_path_is_answered_by_the_gateway(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(b"OPTIONS http://gateway.test HTTP/1.1\r\n" + HOST + b"\r\n").status in {200, 204}
        assert client.request(FENCE).body == b"/fence"
    assert origin.targets == [b"/fence"]


@pytest.mark.parametrize("body", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
def test_options_of_the_gateway_itself_with_a_body_leaves_no_bytes_behind(
    start_origin: StartOrigin, start_gateway: StartGateway, body: bytes
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(b"OPTIONS * HTTP/1.1\r\n" + HOST + body)
        response = client.read_response()
        assert response.status in {200, 204}
        if not response.closes:
            assert client.request(FENCE).body == b"/fence"
    assert origin.targets in ([], [b"/fence"])


def test_options_of_a_path_is_forwarded(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(b"OPTIONS /a HTTP/1.1\r\n" + HOST + b"\r\n").body == b"ok"
    assert (origin.requests[0].method, origin.requests[0].target) == (b"OPTIONS", b"/a")


@pytest.mark.parametrize("method", [b"OPTIONS", b"TRACE"])
def test_a_request_that_may_go_no_further_is_answered_by_the_gateway(
    start_origin: StartOrigin, start_gateway: StartGateway, method: bytes
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        response = client.request(method + b" /a HTTP/1.1\r\n" + HOST + b"Max-Forwards: 0\r\n\r\n")
        assert response.status in ({200, 204} if method == b"OPTIONS" else {200, 405})
        assert client.request(FENCE).body == b"/fence"
    assert origin.targets == [b"/fence"]


@pytest.mark.parametrize(("given", "forwarded"), [(b"1", b"0"), (b"10", b"9"), (b"007", b"6")])
def test_every_hop_takes_one_of_max_forwards(
    start_origin: StartOrigin, start_gateway: StartGateway, given: bytes, forwarded: bytes
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.request(b"OPTIONS /a HTTP/1.1\r\n" + HOST + b"Max-Forwards: " + given + b"\r\n\r\n")
    assert origin.requests[0].values("max-forwards") == [forwarded]


@pytest.mark.parametrize("given", [b"-1", b"x", b"1.0", b"+1", b"", b"9" * 100, b"1\r\nMax-Forwards: 5"])
def test_a_max_forwards_that_is_no_number_is_refused_or_never_forwarded_as_it_is(
    start_origin: StartOrigin, start_gateway: StartGateway, given: bytes
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        response = client.request(b"OPTIONS /a HTTP/1.1\r\n" + HOST + b"Max-Forwards: " + given + b"\r\n\r\n")
    assert response.status in {200, 204, 400}
    assert all(len(request.values("max-forwards")) <= 1 for request in origin.requests)
    if given in {b"-1", b"x"}:
        assert all(given not in request.values("max-forwards") for request in origin.requests)


def test_max_forwards_of_other_methods_is_left_alone(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(b"GET /a HTTP/1.1\r\n" + HOST + b"Max-Forwards: 0\r\n\r\n").body == b"ok"
    assert origin.requests[0].values("max-forwards") == [b"0"]


def test_trace_is_not_allowed(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        response = client.request(b"TRACE /a HTTP/1.1\r\n" + HOST + b"Cookie: secret=1\r\n\r\n")
        assert_gateway_answer(response, 405, "method_not_allowed")
        assert b"secret" not in response.body
    assert origin.requests == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE", "REPORT"])
def test_a_method_is_forwarded_as_it_is(start_origin: StartOrigin, start_gateway: StartGateway, method: str) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(method.encode() + b" /a HTTP/1.1\r\n" + HOST + b"\r\n", method).status == 200
    assert origin.requests[0].method == method.encode()
