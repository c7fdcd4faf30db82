"""Whole messages over a socket pair, and a sender that knows when its peer does not keep up."""

import asyncio
import socket

from gateway.runtime.link.channel import Channel


class Peer:
    """One end, with what it has received and whether it was told of the other's end."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.closed = asyncio.Event()
        self.got_message = asyncio.Event()

    async def open(self, sock: socket.socket) -> Channel:
        return await Channel.open(sock, self._on_message, self.closed.set)

    def _on_message(self, message: memoryview) -> None:
        self.received.append(bytes(message))
        self.got_message.set()


def test_messages_arrive_whole_and_in_order() -> None:
    async def talk() -> list[bytes]:
        ours, theirs = socket.socketpair()
        here, there = Peer(), Peer()
        sender, receiver = await here.open(ours), await there.open(theirs)
        sender.send(b"one")
        sender.send_all([b"x" * 500_000, b"three"])
        async with asyncio.timeout(5):
            while len(there.received) < 3:
                there.got_message.clear()
                await there.got_message.wait()
        sender.close()
        receiver.close()
        return there.received

    assert asyncio.run(talk()) == [b"one", b"x" * 500_000, b"three"]


def test_a_sender_is_clear_only_when_the_kernel_has_taken_everything() -> None:
    async def stall() -> list[bool]:
        ours, theirs = socket.socketpair()
        here, there = Peer(), Peer()
        sender = await here.open(ours)
        seen = [sender.is_clear]
        sender.send(bytes(20_000_000))
        seen.append(sender.is_clear)
        await sender.flush(0.01)
        seen.append(sender.is_clear)
        receiver = await there.open(theirs)
        await sender.flush(5.0)
        seen.append(sender.is_clear)
        sender.close()
        receiver.close()
        return seen

    assert asyncio.run(stall()) == [True, False, False, True]


def test_the_end_of_the_peer_is_told_and_nothing_is_sent_any_more() -> None:
    async def end() -> tuple[bool, bool]:
        ours, theirs = socket.socketpair()
        here = Peer()
        sender = await here.open(ours)
        theirs.close()
        async with asyncio.timeout(5):
            await here.closed.wait()
        sender.send(b"into the void")
        return sender.is_open, sender.is_clear

    assert asyncio.run(end()) == (False, False)


def test_a_peer_that_does_not_speak_the_protocol_is_left() -> None:
    async def listen_to_nonsense() -> list[bytes]:
        ours, theirs = socket.socketpair()
        here = Peer()
        await here.open(ours)
        theirs.sendall(b"\xff\xff\xff\xff and more")
        async with asyncio.timeout(5):
            await here.closed.wait()
        theirs.close()
        return here.received

    assert asyncio.run(listen_to_nonsense()) == []
