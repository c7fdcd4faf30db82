"""What a peer has not taken yet is counted in both buffers, the transport's and the kernel's; and what we did not read."""

import asyncio
import select
import socket
from collections.abc import Iterator

import pytest
import uvloop

from gateway.net.buffered import bytes_not_read, bytes_not_taken
from tests.support.scripted import ScriptedTransport

MUCH = 8 * 1024 * 1024


@pytest.fixture(params=["tcp", "unix"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    if request.param == "unix":
        ours, peers = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            ours = socket.create_connection(listening.getsockname())
            peers, _ = listening.accept()
    with ours, peers:
        ours.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        peers.settimeout(5.0)
        yield ours, peers


def take(peers: socket.socket, count: int) -> None:
    while count:
        count -= len(peers.recv(min(count, 1 << 20)))


async def transport_on(ours: socket.socket) -> asyncio.Transport:
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours.dup())
    return transport


def test_what_waits_in_either_buffer_is_counted_until_the_peer_takes_it(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, peers = pair

    async def write_and_take() -> tuple[int, int, int, int]:
        loop = asyncio.get_running_loop()
        transport = await transport_on(ours)
        before = bytes_not_taken(transport)
        transport.write(bytes(MUCH))
        full = bytes_not_taken(transport)
        own = transport.get_write_buffer_size()
        await loop.run_in_executor(None, take, peers, MUCH)
        while bytes_not_taken(transport):  # noqa: ASYNC110 - acknowledgements raise no event
            await asyncio.sleep(0)
        after = bytes_not_taken(transport)
        transport.abort()
        return before, full, own, after

    before, full, own, after = uvloop.run(write_and_take())
    assert (before, after) == (0, 0)
    assert 0 < own < full


def test_a_transport_without_a_socket_has_its_own_buffer_alone() -> None:
    loop = asyncio.new_event_loop()
    transport = ScriptedTransport(loop, asyncio.Protocol())
    transport.is_peer_reading = False
    transport.write(b"12345")
    assert bytes_not_taken(transport) == 5
    loop.close()


def test_a_socket_that_cannot_be_asked_counts_as_empty() -> None:
    loop = asyncio.new_event_loop()
    transport = ScriptedTransport(loop, asyncio.Protocol())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.close()
        transport._extra["socket"] = closed  # type: ignore[attr-defined]
        assert bytes_not_taken(transport) == 0
        assert bytes_not_read(transport) == 0
    loop.close()


def test_what_came_while_the_loop_was_busy_is_not_read_until_it_comes_round(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, peers = pair

    async def send_while_busy() -> tuple[int, int, int]:
        transport = await transport_on(ours)
        before = bytes_not_read(transport)
        peers.sendall(b"12345")
        while not select.select([ours], [], [], 5.0)[0]:
            pass
        unread = bytes_not_read(transport)
        while bytes_not_read(transport):  # noqa: ASYNC110 - the protocol is told nothing of interest here
            await asyncio.sleep(0)
        after = bytes_not_read(transport)
        transport.abort()
        return before, unread, after

    assert uvloop.run(send_while_busy()) == (0, 5, 0)
