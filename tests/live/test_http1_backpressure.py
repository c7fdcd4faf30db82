"""Back-pressure end to end: a side that does not read holds up the other, and the gateway's memory stays where it was."""

import threading
import zlib
from typing import Final

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import OK, OriginConnection, answering
from tests.support.raw_client import RawClient
from tests.support.waiting import wait_until_steady

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
MIB: Final = 1024 * 1024
SIZE: Final = 128 * MIB
PIECE: Final = bytes(index * 7 % 256 for index in range(MIB))
KERNEL_MOST: Final = 24 * MIB
"""What the socket buffers of two loopback connections may hold between a sender and a reader that has stopped."""

MEMORY_MOST: Final = 8 * MIB
"""How much a process may grow around one stalled stream; the streams themselves are sixteen times as long."""


async def stream(connection: OriginConnection) -> None:
    await connection.read_request()
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
    for _ in range(SIZE // MIB):
        await connection.send(PIECE)


def expected_checksum() -> int:
    checksum = 0
    for _ in range(SIZE // MIB):
        checksum = zlib.crc32(PIECE, checksum)
    return checksum


def read_checksum(client: RawClient, size: int) -> int:
    """The checksum of so many bytes, none of which are kept."""
    data = client.take_buffered()
    checksum, rest = zlib.crc32(data), size - len(data)
    client.socket.settimeout(20.0)
    while rest:
        data = client.socket.recv(min(rest, MIB))
        assert data, f"{rest} bytes are missing"
        checksum, rest = zlib.crc32(data, checksum), rest - len(data)
    return checksum


def test_a_client_that_stops_reading_holds_up_the_origin_and_then_gets_all(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(stream)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client(receive_buffer=65536) as client:
        client.send(GET)
        client.read_until(b"\r\n\r\n")
        origin.await_connections(1)
        memory = gateway.memory()
        sent = wait_until_steady(lambda: origin.sent, "the origin is held up")
        assert sent < KERNEL_MOST
        assert gateway.memory() - memory < MEMORY_MOST
        checksum = read_checksum(client, SIZE)
        assert gateway.memory() - memory < 4 * MEMORY_MOST
    assert checksum == expected_checksum()


def test_an_origin_that_stops_reading_holds_up_the_client_and_then_gets_all(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def take_all(connection: OriginConnection) -> None:
        connection.stop_keeping()
        await connection.until(lambda: connection.received_size > SIZE, "the whole body", 30.0)
        await connection.send(OK)

    sent = 0

    def send_all() -> None:
        nonlocal sent
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // MIB):
            client.socket.settimeout(20.0)
            client.socket.sendall(PIECE)
            sent += MIB

    origin = start_origin(take_all, reads=False, receive_buffer=65536)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        origin_memory = gateway.memory()
        sender = threading.Thread(target=send_all, daemon=True)
        sender.start()
        connection = origin.await_connections(1)[0]
        assert wait_until_steady(lambda: sent, "the client is held up") < KERNEL_MOST
        assert gateway.memory() - origin_memory < MEMORY_MOST
        connection.start_reading()
        assert client.read_response(deadline_s=30.0).body == b"ok"
        sender.join(5.0)
    assert connection.body_checksum == expected_checksum()


def test_a_stalled_stream_does_not_hold_up_others(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def stream_or_answer(connection: OriginConnection) -> None:
        request = await connection.read_request()
        if request.target == b"/":
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
            while True:
                await connection.send(PIECE)
        while True:
            await connection.send(OK)
            await connection.read_request()

    origin = start_origin(stream_or_answer)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client(receive_buffer=4096) as stalled, gateway.client() as other:
        stalled.send(GET)
        stalled.read_until(b"\r\n\r\n")
        wait_until_steady(lambda: origin.sent, "the origin is held up", 0.1)
        for _ in range(100):
            assert other.request(b"GET /other HTTP/1.1\r\n" + HOST + b"\r\n").body == b"ok"


def test_many_stalled_streams_cost_little_each(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin = start_origin(stream)
    gateway = start_gateway(one_route(origin.address))
    memory = gateway.memory()
    clients = [gateway.client(receive_buffer=4096) for _ in range(20)]
    for client in clients:
        client.send(GET)
    wait_until_steady(lambda: origin.sent, "the origins are held up")
    assert gateway.memory() - memory < 20 * MIB
    for client in clients:
        client.reset()
    gateway.await_connections(0)


def test_pieces_come_through_in_both_directions_at_once(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    size = 16 * MIB

    async def echo(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            await connection.send(await connection.read_bytes(65536))

    gateway = start_gateway(one_route(start_origin(echo).address))
    with gateway.client() as client:
        body = PIECE * (size // MIB)
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size)
        sender = threading.Thread(target=client.socket.sendall, args=(body,), daemon=True)
        sender.start()
        client.read_until(b"\r\n\r\n")
        checksum = read_checksum(client, size)
        sender.join(5.0)
    assert checksum == zlib.crc32(body)


def test_a_slow_reader_of_a_pooled_answer_does_not_keep_the_upstream_connection_too_long(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    body = b"x" * 20_000
    origin = start_origin(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1}"))
    with gateway.client(receive_buffer=2048) as slow, gateway.client() as other:
        slow.send(GET)
        slow.read_until(b"\r\n\r\n")
        assert other.request(GET).body == body
        assert len(slow.read_until(b"x" * 100)) >= 100
