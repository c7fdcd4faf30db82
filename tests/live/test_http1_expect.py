"""Expect: 100-continue is handled once and by the gateway (RFC 9110 section 10.1.1): the client is told once to go on,
whatever the origin says about it, and never when the answer is known without the body."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, OriginConnection, answering, say_target
from tests.support.raw_client import Delivery, End

HOST: Final = b"Host: gateway.test\r\n"
EXPECTANT: Final = b"POST /a HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
EXPECTANT_CHUNKED: Final = (
    b"POST /a HTTP/1.1\r\n" + HOST + b"expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize(
    ("head", "body"),
    [(EXPECTANT, b"hello"), (EXPECTANT_CHUNKED, b"5\r\nhello\r\n0\r\n\r\n")],
    ids=["length", "chunked"],
)
def test_a_client_that_waits_is_told_once_to_go_on(
    start_origin: StartOrigin, start_gateway: StartGateway, head: bytes, body: bytes, delivery: Delivery
) -> None:
    origin = start_origin(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        for _ in range(2):
            client.send(head, delivery)
            interim = client.read_response()
            assert (interim.status, interim.fields) == (100, [])
            client.send(body, delivery)
            assert client.read_response().body == b"ok"
    assert [request.body for request in origin.requests] == [b"hello", b"hello"]


def test_the_origin_may_go_on_before_it_has_the_body(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def go_on(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await connection.read_bytes(5)
        await connection.send(OK)

    gateway = start_gateway(one_route(start_origin(go_on).address))
    with gateway.client() as client:
        client.send(EXPECTANT)
        assert client.read_response().status == 100
        client.send(b"hello")
        assert client.read_response().status == 200


def test_a_client_that_does_not_wait_is_served_all_the_same(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send((EXPECTANT + b"hello") * 2)
        assert [client.read_final().status for _ in range(2)] == [200, 200]
        assert client.request(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n").body == b"ok"
    assert [request.body for request in origin.requests] == [b"hello", b"hello", b""]


def test_an_expectation_without_a_body_is_served(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(b"GET / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\n\r\n").body == b"ok"
        assert client.request(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n").body == b"ok"


def test_an_expectation_of_1_0_is_ignored(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address))
    with gateway.client() as client:
        client.send(EXPECTANT.replace(b"HTTP/1.1", b"HTTP/1.0") + b"hello")
        assert client.read_response().status == 200


def test_the_origin_is_not_asked_to_handle_an_expectation_again(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(EXPECTANT + b"hello")
        client.read_final()
    assert origin.requests[0].values("expect") == []


@pytest.mark.parametrize(
    ("target", "match", "listener", "status", "reason"),
    [
        pytest.param(b"/other", "path: /only", "", 404, "no_route", id="no route"),
        pytest.param(b"/only", "path: /only, methods: [GET]", "", 405, "method_not_allowed", id="another method"),
        pytest.param(b"/only", "path: /only", "limits: {body: 4B}", 413, "body_too_large", id="a body too large"),
    ],
)
def test_a_client_that_waits_is_not_told_to_go_on_when_the_answer_is_known(
    start_origin: StartOrigin,
    start_gateway: StartGateway,
    target: bytes,
    match: str,
    listener: str,
    status: int,
    reason: str,
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, match=match, listener=listener))
    with gateway.client() as client:
        client.send(EXPECTANT.replace(b"/a", target))
        response = client.read_response()
        assert_gateway_answer(response, status, reason)
        assert response.closes, "or the body that may still come would have to be told from a request"
        assert client.read_to_end() == (b"", End.FIN)
    assert origin.requests == []


def test_a_refusing_origin_keeps_the_body_at_the_client_or_the_connection_ends(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def refuse(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")

    origin = start_origin(refuse)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(EXPECTANT)
        response = client.read_final()
        assert (response.status, response.body, response.closes) == (401, b"no", True)
        assert client.read_to_end() == (b"", End.FIN)
    origin.await_end()
