"""Aborts by either side are carried to the other, promptly, and a half-close is not an abort."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import OK, OriginConnection, PeerGone, answering
from tests.support.raw_client import End

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
PROMPTLY_S: Final = 10.0


async def never_answer(connection: OriginConnection) -> None:
    await connection.read_head()
    await connection.until_peer_ends()


async def answer_without_end(connection: OriginConnection) -> None:
    await connection.read_request()
    await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")
    await connection.until_peer_ends()


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_client_that_leaves_while_the_origin_thinks_ends_the_origins_work(
    start_origin: StartOrigin, start_gateway: StartGateway, how: str
) -> None:
    origin = start_origin(never_answer)
    gateway = start_gateway(one_route(origin.address))
    client = gateway.client()
    client.send(GET)
    origin.await_received(b"\r\n\r\n")
    client.reset()
    origin.await_end(deadline_s=PROMPTLY_S)
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (499, "client_disconnect", "client")


def test_a_client_that_resets_within_its_body_ends_the_origins_work(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(never_answer)
    gateway = start_gateway(one_route(origin.address))
    client = gateway.client()
    client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\nhello")
    origin.await_received(b"hello")
    client.reset()
    origin.await_end(deadline_s=PROMPTLY_S)
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason) == (499, "client_disconnect")


def test_a_client_that_resets_within_the_answer_ends_the_origins_work(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answer_without_end)
    gateway = start_gateway(one_route(origin.address))
    client = gateway.client()
    client.send(GET)
    client.read_until(b"begun")
    client.reset()
    origin.await_end(deadline_s=PROMPTLY_S)
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (200, "client_disconnect", "client")


def test_a_client_that_closes_within_a_flowing_answer_ends_the_origins_work(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def flow(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                await connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except PeerGone:
            stopped.append(True)

    stopped: list[bool] = []
    origin = start_origin(flow)
    gateway = start_gateway(one_route(origin.address))
    client = gateway.client()
    client.send(GET)
    client.read_until(b"x" * 1000)
    client.close()
    origin.await_end(deadline_s=PROMPTLY_S)
    assert gateway.await_records(1)[0].reason == "client_disconnect"


def test_an_abort_does_not_spoil_the_pool(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def think_once(connection: OriginConnection) -> None:
        request = await connection.read_request()
        if request.target == b"/slow":
            await connection.until_peer_ends()
        while True:
            await connection.send(OK)
            await connection.read_request()

    origin = start_origin(think_once)
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1, max_pending: 4}"))
    for count in range(1, 21):
        client = gateway.client()
        client.send(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
        origin.await_requests(count)
        client.reset()
        origin.await_end(len(origin.connections) - 1)
    with gateway.client() as client:
        assert client.request(GET).body == b"ok"
    assert origin.targets == [b"/slow"] * 20 + [b"/"]


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_a_client_that_half_closes_after_its_request_still_gets_its_answer(
    start_origin: StartOrigin, start_gateway: StartGateway, version: bytes
) -> None:
    async def answer_later(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.until(lambda: closed, "the client has closed its side")
        await connection.send(OK)

    closed: list[bool] = []
    origin = start_origin(answer_later)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(b"GET / " + version + b"\r\n" + HOST + b"\r\n")
        client.half_close()
        origin.await_requests(1)
        gateway.settle()
        closed.append(True)
        assert client.read_response().body == b"ok"
        assert client.read_to_end() == (b"", End.FIN)
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason) == (200, "none")


def test_a_client_that_half_closes_after_a_body_still_gets_its_answer(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address))
    with gateway.client() as client:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello")
        client.half_close()
        assert client.read_response().body == b"ok"
        assert client.read_to_end() == (b"", End.FIN)


def test_a_client_that_half_closes_after_pipelining_gets_every_answer(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address))
    with gateway.client() as client:
        client.send(GET * 10)
        client.half_close()
        assert [client.read_response().body for _ in range(10)] == [b"ok"] * 10
        assert client.read_to_end() == (b"", End.FIN)


def test_a_client_that_half_closes_gets_the_rest_of_a_long_answer(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    body = b"0123456789abcdef" * 200_000
    origin = start_origin(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client(receive_buffer=8192) as client:
        client.send(GET)
        client.half_close()
        assert client.read_response().body == body
        assert client.read_to_end() == (b"", End.FIN)


@pytest.mark.parametrize("part", [b"G", b"GET / HTTP/1.1\r\nHost: gate", b"GET / HTTP/1.1\r\n" + HOST])
@pytest.mark.parametrize("how", ["half-close", "reset"])
def test_a_client_that_leaves_within_a_head_leaves_nothing_behind(
    start_origin: StartOrigin, start_gateway: StartGateway, part: bytes, how: str
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    client = gateway.client()
    client.send(part)
    gateway.await_connections(1)
    if how == "reset":
        client.reset()
    else:
        client.half_close()
        data, _ = client.read_to_end()
        assert not data or data.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 408 "))
        client.close()
    gateway.await_connections(0)
    assert origin.connections == []


def test_a_reset_of_the_origin_within_the_answer_aborts_the_client(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def reset_within(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
        await connection.until(lambda: begun, "the client has the beginning")
        await connection.reset()

    begun: list[bytes] = []
    gateway = start_gateway(one_route(start_origin(reset_within).address))
    with gateway.client() as client:
        client.send(GET)
        begun.append(client.read_until(b"begun"))
        assert client.read_to_end(PROMPTLY_S)[0] == b""
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (200, "upstream_reset", "upstream")


def test_a_reset_of_the_origin_within_the_request_is_told_to_the_client(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def reset_within(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.read_bytes(5)
        await connection.reset()

    gateway = start_gateway(one_route(start_origin(reset_within).address))
    with gateway.client() as client:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\nhello")
        response = client.read_response(deadline_s=PROMPTLY_S)
        assert (response.status, response.closes) == (502, True)
    assert gateway.await_records(1)[0].reason == "upstream_reset"


def test_no_connection_is_left_when_everybody_has_gone(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin = start_origin(answer_without_end)
    gateway = start_gateway(one_route(origin.address))
    clients = [gateway.client() for _ in range(50)]
    for client in clients:
        client.send(GET)
    for client in clients:
        client.read_until(b"begun")
        client.reset()
    gateway.await_connections(0)
    for index in range(50):
        origin.await_end(index)
    assert len(gateway.await_records(50)) == 50
