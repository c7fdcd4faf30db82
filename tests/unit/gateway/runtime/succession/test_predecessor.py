"""What a new program learns of the one before it."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from gateway.runtime.link.handover import hand_over, handover_pair
from gateway.runtime.succession.messages import (
    VERSION,
    Inheritance,
    KeptOverride,
    Left,
    Serving,
    Standing,
    Yours,
    decode_up,
    encode,
)
from gateway.runtime.succession.predecessor import VARIABLE, NothingInherited, Predecessor

Scene = Callable[[Predecessor, socket.socket], Awaitable[None]]


def inheritance(version: int = VERSION) -> Inheritance:
    return Inheritance(
        version=version, pid=17, program="1.0", actor="ana", listeners=[], admin_address="", admin=(), sequence=3
    )


def framed(message: object) -> bytes:
    data = encode(message)
    return len(data).to_bytes(4, "big") + data


def meet(first: bytes, scene: Scene) -> None:
    """A predecessor that has sent this and one socket, in a scene with the other end of its control socket."""
    control, ours = socket.socketpair()
    handover, our_handover = handover_pair()

    async def play() -> None:
        environ = {VARIABLE: f"{ours.detach()},{our_handover.detach()}", "OTHER": "stays"}
        with socket.create_server(("127.0.0.1", 0)) as listening:
            hand_over(handover, {5: listening})
        control.sendall(first)
        met = await Predecessor.meet(environ)
        assert met is not None
        assert environ == {"OTHER": "stays"}
        await scene(met, control)

    with control, handover:
        asyncio.run(play())


def test_a_program_that_is_started_by_itself_has_none() -> None:
    assert asyncio.run(Predecessor.meet({})) is None


def test_it_passes_on_sockets_decisions_and_at_last_its_place() -> None:
    async def scene(met: Predecessor, control: socket.socket) -> None:
        assert (met.inheritance.sequence, list(met.sockets)) == (3, [5])
        assert met.sockets[5].getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        told = asyncio.Event()
        met.on_standing = told.set
        control.sendall(framed(Standing(overrides=[KeptOverride(upstream="orders", endpoint="a:1", weight=5)])))
        await asyncio.wait_for(told.wait(), 5)
        assert met.standing[0].weight == 5
        met.serving({"key": 2})
        await asyncio.sleep(0)
        data = await asyncio.to_thread(control.recv, 1000)
        assert decode_up(data[4:]) == Serving(program=decode_up(data[4:]).program, taken={"key": 2})  # type: ignore[union-attr]
        control.sendall(framed(Yours()))
        await asyncio.wait_for(met.withdrew.wait(), 5)
        assert not met.left.is_set()
        control.sendall(framed(Left(cut=4)))
        control.shutdown(socket.SHUT_RDWR)
        await asyncio.wait_for(met.left.wait(), 5)
        assert met.cut == 4
        met.sockets[5].close()

    meet(framed(inheritance()), scene)


def test_one_that_dies_has_withdrawn_and_left_without_a_word() -> None:
    async def scene(met: Predecessor, control: socket.socket) -> None:
        control.shutdown(socket.SHUT_RDWR)
        await asyncio.wait_for(met.left.wait(), 5)
        assert (met.withdrew.is_set(), met.cut) == (True, -1)
        met.sockets[5].close()

    meet(framed(inheritance()), scene)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (framed(inheritance(VERSION + 1)), f"passes on version {VERSION + 1}"),
        (framed({"type": "nonsense"}), "cannot be read"),
    ],
)
def test_what_cannot_be_understood_is_not_taken(sent: bytes, why: str) -> None:
    async def scene(_met: Predecessor, _control: socket.socket) -> None:
        raise AssertionError

    with pytest.raises(NothingInherited, match=why):
        meet(sent, scene)


def test_a_variable_that_names_nothing_is_an_error() -> None:
    with pytest.raises(NothingInherited, match="nothing is inherited"):
        asyncio.run(Predecessor.meet({VARIABLE: "soon"}))
