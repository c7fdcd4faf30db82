"""A kept-alive connection that the origin closes at the wrong moment: the request is tried once more on a fresh one
where that cannot do harm (RFC 9110 section 9.2.2), and only there."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, OriginConnection, Script, answering, in_turn

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET /first HTTP/1.1\r\n" + HOST + b"\r\n"


def answer_once_then(how: str, after: bytes = b"") -> Script:
    """A script: answer one request, read the next, then end without a whole answer to it."""

    async def script(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(OK)
        await connection.read_request()
        await connection.send(after)
        await (connection.close() if how == "close" else connection.reset())

    return script


IDEMPOTENT: Final = [
    pytest.param("GET", b"GET /second HTTP/1.1\r\n" + HOST + b"\r\n", id="GET"),
    pytest.param("HEAD", b"HEAD /second HTTP/1.1\r\n" + HOST + b"\r\n", id="HEAD"),
    pytest.param("OPTIONS", b"OPTIONS /second HTTP/1.1\r\n" + HOST + b"\r\n", id="OPTIONS"),
    pytest.param("PUT", b"PUT /second HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", id="PUT without a body"),
    pytest.param("DELETE", b"DELETE /second HTTP/1.1\r\n" + HOST + b"\r\n", id="DELETE"),
]


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(("method", "request_raw"), IDEMPOTENT)
def test_an_idempotent_request_on_a_reused_connection_that_ends_is_sent_again_on_a_fresh_one(
    start_origin: StartOrigin, start_gateway: StartGateway, method: str, request_raw: bytes, how: str
) -> None:
    last = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"" if method == "HEAD" else b"ok")
    origin = start_origin(in_turn([answer_once_then(how), answering(last)]))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(GET).status == 200
        assert client.request(request_raw, method).status == 200
    assert origin.targets == [b"/first", b"/second", b"/second"]
    record = gateway.await_records(2)[1]
    assert (record.status, record.reason) == (200, "none")
    assert [(attempt.reason, attempt.reused, attempt.status) for attempt in record.attempts] == [
        ("upstream_reset", True, 0),
        ("none", False, 200),
    ]


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_another_request_is_not_sent_again_once_it_was_written(
    start_origin: StartOrigin, start_gateway: StartGateway, method: str, how: str
) -> None:
    origin = start_origin(in_turn([answer_once_then(how), answering(OK)]))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(GET).status == 200
        raw = method.encode() + b" /second HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
        assert_gateway_answer(client.request(raw), 502, "upstream_reset")
    assert origin.targets == [b"/first", b"/second"]
    assert len(gateway.await_records(2)[1].attempts) == 1


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_request_is_not_sent_again_once_an_answer_has_begun(
    start_origin: StartOrigin, start_gateway: StartGateway, how: str
) -> None:
    origin = start_origin(in_turn([answer_once_then(how, b"HTTP/1.1 200"), answering(OK)]))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(GET).status == 200
        assert client.request(GET).status == 502
    assert len(origin.requests) == 2


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_request_is_not_sent_again_after_a_fresh_connection_ended(
    start_origin: StartOrigin, start_gateway: StartGateway, how: str
) -> None:
    async def end(connection: OriginConnection) -> None:
        await connection.read_request()
        await (connection.close() if how == "close" else connection.reset())

    origin = start_origin(end)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert_gateway_answer(client.request(GET), 502, "upstream_reset")
    assert len(origin.requests) == 1


def test_a_request_is_sent_again_only_once(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def end(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.close()

    origin = start_origin(in_turn([answer_once_then("close"), end]))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(GET).status == 200
        assert_gateway_answer(client.request(GET), 502, "upstream_reset")
    assert len(origin.requests) == 3


def test_an_idempotent_request_with_a_body_is_sent_again_whole_or_not_at_all(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(in_turn([answer_once_then("close"), answering(OK)]))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(GET).status == 200
        response = client.request(b"PUT /second HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello")
    assert response.status in {200, 502}
    assert [request.body for request in origin.requests if request.method == b"PUT"] in (
        [b"hello"],
        [b"hello", b"hello"],
    )


@pytest.mark.parametrize("ending", ["close", "reset", "half-close"])
def test_a_connection_the_origin_has_ended_while_it_was_idle_is_not_used(
    start_origin: StartOrigin, start_gateway: StartGateway, ending: str
) -> None:
    async def end_later(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(OK)
        await connection.until(lambda: gateway.records, "the exchange is over")
        if ending == "half-close":
            connection.half_close()
            await connection.until_peer_ends()
        else:
            await (connection.close() if ending == "close" else connection.reset())

    origin = start_origin(in_turn([end_later, answering(OK)]))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert client.request(GET).status == 200
        gateway.await_upstream_connections(0)
        post = b"POST /second HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
        assert client.request(post).status == 200
    assert len(gateway.await_records(2)[1].attempts) == 1


def test_a_thousand_requests_meet_an_origin_that_closes_after_each_answer(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def close_silently(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(OK)
        await connection.close()

    gateway = start_gateway(one_route(start_origin(close_silently).address))
    with gateway.client() as client:
        assert [client.request(GET).status for _ in range(1000)] == [200] * 1000
