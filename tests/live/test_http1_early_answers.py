"""Answers that come before the request is complete: the client gets them, and neither connection is used again unless
the rest of the body has been read as body."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, OriginConnection, answering, in_turn, say_target
from tests.support.raw_client import End

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
SMUGGLED: Final = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
POST: Final = b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n"
NO: Final = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"


async def answer_at_the_head(connection: OriginConnection) -> None:
    await connection.read_head()
    await connection.send(NO)


def test_an_early_answer_of_the_origin_reaches_the_client_and_closes_both_connections(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(in_turn([answer_at_the_head, answering(OK)]))
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1}"))
    with gateway.client() as client:
        client.send(POST % 1_000_000 + b"x" * 1000)
        response = client.read_response()
        assert (response.status, response.body, response.closes) == (413, b"no", True)
        client.send_until_refused(SMUGGLED * 10)
        assert client.read_to_end()[0] == b""
    origin.await_end()
    with gateway.client() as client:
        assert client.request(GET).body == b"ok"
    assert origin.targets == [b"/"]


def test_an_early_answer_arrives_while_the_client_is_still_sending(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answer_at_the_head)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send_until_refused(POST % 50_000_000 + b"x" * 8_000_000)
        assert client.read_response().status == 413


def test_a_long_early_answer_arrives_whole_while_the_body_is_under_way(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    body = b"0123456789abcdef" * 100_000

    async def answer_long(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await connection.until_peer_ends()

    gateway = start_gateway(one_route(start_origin(answer_long).address))
    with gateway.client() as client:
        client.send(POST % 100 + b"x" * 10)
        assert client.read_response().body == body


def test_an_answer_that_streams_while_the_request_streams_ends_with_both(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def echo(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in range(3):
            await connection.send(await connection.read_bytes(2))
        await connection.read_request()
        await connection.send(OK)

    origin = start_origin(echo)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(POST % 6)
        head = client.read_until(b"\r\n\r\n")
        for part in (b"ab", b"cd", b"ef"):
            client.send(part)
            assert client.read_until(part) == part
        if b"Connection: close\r\n" in head:
            assert client.read_to_end() == (b"", End.FIN)
        else:
            assert client.request(GET).body == b"ok"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"Content-Length: 100000\r\n\r\n" + SMUGGLED, id="a length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + SMUGGLED, id="chunked"),
    ],
)
def test_a_body_the_gateway_has_no_use_for_never_becomes_a_request(
    start_origin: StartOrigin, start_gateway: StartGateway, body: bytes
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, match="path_prefix: /smuggled"))
    with gateway.client() as client:
        client.send(b"POST /missing HTTP/1.1\r\n" + HOST + body)
        response = client.read_response()
        assert_gateway_answer(response, 404, "no_route")
        if response.closes:
            assert client.read_to_end() == (b"", End.FIN)
        else:
            client.send(SMUGGLED * 3)
    assert origin.targets == []


def test_a_short_body_the_gateway_has_no_use_for_leaves_the_connection_in_order(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, match="path: /known"))
    with gateway.client() as client:
        client.send(b"POST /missing HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello")
        response = client.read_response()
        assert_gateway_answer(response, 404, "no_route")
        if not response.closes:
            assert client.request(b"GET /known HTTP/1.1\r\n" + HOST + b"\r\n").body == b"/known"


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_an_origin_that_answers_and_leaves_before_the_body_is_complete_is_heard(
    start_origin: StartOrigin, start_gateway: StartGateway, ending: str
) -> None:
    async def answer_and_leave(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.send(NO)
        await connection.until(lambda: heard, "the client has the answer")
        await (connection.close() if ending == "close" else connection.reset())

    heard: list[int] = []
    origin = start_origin(answer_and_leave)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(POST % 1_000_000 + b"x" * 1000)
        heard.append(client.read_response().status)
        assert heard == [413]
        client.read_to_end()
    assert gateway.await_records(1)[0].status == 413
