"""Sides that lag behind, and what must not follow from it: for who uses the same connections next, and for themselves."""

import contextlib
import time
from typing import Final

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import OriginConnection, answering
from tests.support.raw_client import RawClient
from tests.support.waiting import wait_until_steady

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
MIB: Final = 1024 * 1024


def answer_of(size: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)


def test_an_answer_that_had_to_wait_for_its_reader_leaves_the_upstream_connection_in_order(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(answer_of(200_000))).address))
    with gateway.client(receive_buffer=4096) as client:
        client.send(GET * 60)
        wait_until_steady(lambda: len(gateway.records), "the gateway waits for its client")
        assert len(gateway.records) < 60
        for _ in range(60):
            assert client.read_final().status == 200


def test_a_slow_reader_of_the_last_answer_gets_all_of_it(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    size = 3 * MIB
    gateway = start_gateway(one_route(start_origin(answering(answer_of(size))).address))
    with gateway.client(receive_buffer=65536) as client:
        client.send(b"GET / HTTP/1.0\r\n" + HOST + b"\r\n")
        received = read_slowly(client, 3.0)
        assert 0 < received < size
        received += len(client.read_to_end()[0])
        assert received > size


def read_slowly(client: RawClient, span_s: float) -> int:
    """Read for longer than the gateway waits for clients that only keep their side open; the bytes received."""
    ends_s, received = time.monotonic() + span_s, 0
    while time.monotonic() < ends_s:
        received += len(client.socket.recv(16 * 1024))
        time.sleep(0.05)
    return received


def test_an_origin_that_took_a_long_body_slowly_and_says_nothing_is_a_504(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def take_all_and_hang(connection: OriginConnection) -> None:
        connection.stop_keeping()
        await connection.until_peer_ends(30.0)

    origin = start_origin(take_all_and_hang, reads=False, receive_buffer=4096)
    gateway = start_gateway(one_route(origin.address, route="timeouts: {first_byte: 500ms}"))
    with gateway.client() as client:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (3 * MIB))
        client.socket.settimeout(0)
        sent = 0

        def send_more() -> int:
            nonlocal sent
            with contextlib.suppress(BlockingIOError):
                sent += client.socket.send(bytes(3 * MIB - sent))
            return sent

        wait_until_steady(send_more, "the origin holds up the client, or has room for all")
        origin.await_connections(1)[0].start_reading()
        client.socket.settimeout(10.0)
        client.socket.sendall(bytes(3 * MIB - sent))
        assert client.read_final("POST").status == 504
