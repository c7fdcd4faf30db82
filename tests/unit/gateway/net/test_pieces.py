"""Reading in pieces: every byte arrives, in order, none of the pieces is large, and connections do not mix theirs."""

import asyncio
import socket
from collections.abc import Callable
from typing import cast

import pytest
import uvloop

from gateway.net.pieces import PIECE, read_in_pieces

SIZE = 4 * 1024 * 1024


class Sink(asyncio.Protocol):
    """Switches over in its first read, and takes everything that comes."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.reads: list[bytes] = []
        self.events: list[str] = []
        self.is_over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self.reads:
            read_in_pieces(self.transport, self)
        self.reads.append(data)

    def eof_received(self) -> bool:
        self.events.append("eof")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")
        self.is_over.set_result(None)

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")


async def send_to_both(payloads: list[bytes]) -> list[Sink]:
    loop = asyncio.get_running_loop()
    pairs = [socket.socketpair() for _ in payloads]
    sinks = [(await loop.create_connection(Sink, sock=ours))[1] for _, ours in pairs]
    sending = [send_and_end(theirs, payload) for (theirs, _), payload in zip(pairs, payloads, strict=True)]
    await asyncio.wait_for(asyncio.gather(*sending, *(sink.is_over for sink in sinks)), 10.0)
    return sinks


async def send_and_end(sock: socket.socket, payload: bytes) -> None:
    sock.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    await asyncio.get_running_loop().sock_sendall(sock, payload)
    sock.close()


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_what_two_connections_read_side_by_side_arrives_whole(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    payloads = [letter * SIZE for letter in (b"a", b"b")]
    with asyncio.Runner(loop_factory=new_loop) as runner:
        sinks = runner.run(send_to_both(payloads))
    for sink, payload in zip(sinks, payloads, strict=True):
        assert b"".join(sink.reads) == payload
        assert max(map(len, sink.reads[1:])) <= PIECE
        assert sink.events == ["eof", "lost"]


def test_a_write_buffer_that_fills_and_empties_is_told_as_before() -> None:
    async def fill() -> list[str]:
        loop = asyncio.get_running_loop()
        theirs, ours = socket.socketpair()
        with theirs:
            _, sink = await loop.create_connection(Sink, sock=ours)
            theirs.setblocking(False)  # noqa: FBT003 - the signature of the standard library
            sink.data_received(b"x")
            sink.transport.write(bytes(SIZE))
            received = 0
            while received < SIZE:
                received += len(await loop.sock_recv(theirs, SIZE))
            sink.transport.close()
            await asyncio.wait_for(sink.is_over, 10.0)
        return sink.events

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(fill()) == ["pause", "resume", "lost"]
