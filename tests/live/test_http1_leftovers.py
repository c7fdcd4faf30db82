"""Connections that cannot be ended in good order, because bytes for a side that does not read are left: they are ended
all the same, in bounded time, and a side that merely reads slowly is not taken for one that does not read."""

import contextlib
import time
from pathlib import Path
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import OK, Origin, OriginConnection, PeerGone
from tests.support.waiting import wait_until, wait_until_steady

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
MIB: Final = 1024 * 1024
SHORT: Final = "timeouts: {write_stall: 300ms, body_idle: 300ms}"
HANDSHAKE: Final = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCHING: Final = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
_ENDED_STATES: Final = {"06", "07"}
"""TIME_WAIT and CLOSE in /proc/net/tcp."""


def sockets_to(origin: Origin) -> int:
    """How many sockets the gateway still holds towards the origin, as the kernel sees it."""
    port = f"{int(origin.address.rpartition(':')[2]):04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    # A socket that nobody holds any more has inode 0: the kernel alone is still sending what it was given.
    return sum(1 for line in lines if line[2].endswith(f":{port}") and line[3] not in _ENDED_STATES and line[9] != "0")


async def flow(connection: OriginConnection) -> None:
    """A script: an answer much longer than any buffer."""
    await connection.read_request()
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 * MIB))
    while True:
        await connection.send(bytes(MIB))


def test_a_client_that_stopped_reading_is_cut_off_when_its_exchange_has_taken_too_long(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(flow).address, listener=SHORT, route="timeouts: {request: 200ms}"))
    with gateway.client(receive_buffer=4096) as client:
        client.send(GET)
        assert gateway.await_records(1)[0].reason == "upstream_timeout_total"
        gateway.await_connections(0)


def test_a_client_that_half_closed_and_stopped_reading_is_cut_off(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(flow).address, listener=SHORT))
    with gateway.client(receive_buffer=4096) as client:
        client.send(GET)
        client.half_close()
        gateway.await_records(1)
        gateway.await_connections(0)


@pytest.mark.parametrize("how", ["an early answer", "an abort", "a tunnel"])
def test_an_origin_that_stopped_reading_is_left_although_bytes_for_it_remain(
    start_origin: StartOrigin, start_gateway: StartGateway, how: str
) -> None:
    async def never_read(connection: OriginConnection) -> None:
        await connection.read_some(65536, pause_s=0.0)
        if how == "an early answer":
            await connection.until(lambda: stuck, "the gateway is stuck")
            await connection.send(OK)
        elif how == "a tunnel":
            await connection.send(SWITCHING)
        await connection.until(lambda: over, "the test is over", 30.0)

    stuck: list[bool] = []
    over: list[bool] = []
    sent = 0
    origin = start_origin(never_read, reads=False, receive_buffer=4096)
    gateway = start_gateway(one_route(origin.address, route="timeouts: {upstream_idle: 1s}"))
    client = gateway.client()
    if how == "a tunnel":
        client.send(HANDSHAKE)
        assert client.read_response().status == 101
    else:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (100 * MIB))
    client.socket.settimeout(0)

    def push() -> int:
        nonlocal sent
        with contextlib.suppress(BlockingIOError):
            sent += client.socket.send(bytes(MIB))
        return sent

    wait_until_steady(push, "the gateway is stuck")
    stuck.append(True)
    if how == "an early answer":
        assert client.read_response().status == 200
    client.reset()
    gateway.await_records(1)
    wait_until(lambda: sockets_to(origin) == 0, "the gateway holds no socket to the origin", 5.0)
    over.append(True)


def test_an_origin_that_reads_slowly_is_not_cut_off(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    size = 8 * MIB

    async def read_slowly(connection: OriginConnection) -> None:
        while connection.received_size < size:
            try:
                await connection.read_some(64 * 1024, pause_s=0.05 if connection.received_size < 2 * MIB else 0.0)
            except PeerGone:
                return
        await connection.send(OK)

    origin = start_origin(read_slowly, reads=False, receive_buffer=65536)
    gateway = start_gateway(
        one_route(origin.address, listener="timeouts: {body_idle: 500ms}", route="timeouts: {upstream_idle: 500ms}")
    )
    with gateway.client() as client:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size)
        client.socket.settimeout(20.0)
        client.socket.sendall(bytes(size))
        started_s = time.monotonic()
        assert client.read_response(deadline_s=20.0).body == b"ok", f"after {time.monotonic() - started_s} s"
