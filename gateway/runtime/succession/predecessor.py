"""The program that is replaced, as the new one knows it: what it passes on, whether it is still there, what it was told."""

import asyncio
import os
import socket
from collections.abc import Callable, MutableMapping
from typing import Final

import msgspec
import structlog

from gateway import __version__
from gateway.runtime.link.channel import Channel
from gateway.runtime.link.handover import take_over
from gateway.runtime.succession.messages import (
    VERSION,
    Down,
    Inheritance,
    KeptOverride,
    Left,
    Refused,
    Serving,
    Standing,
    Yours,
    decode_down,
    encode,
)

VARIABLE: Final = "SIGHTLINE_INHERITS"
"""Of the environment of a program that takes another one's place: the descriptors of its control and handover sockets."""

_INHERITANCE_S: Final = 10.0
_LAST_WORDS_S: Final = 2.0
_WHY: Final = 4000

_log = structlog.get_logger("sightline")


class NothingInherited(Exception):  # noqa: N818 - the name says what is the case
    """The program was started to take another one's place, and that one passes nothing on; `str()` is a sentence."""


class Predecessor:
    """`withdrew` is set once the listening sockets are ours alone, `left` once it has ended, however; `cut` is then how many
    exchanges it had to cut, -1 where it did not say."""

    def __init__(self) -> None:
        self.withdrew = asyncio.Event()
        self.left = asyncio.Event()
        self.cut = -1
        self.standing: list[KeptOverride] = []
        """What operators have decided there, by now."""
        self.on_standing: Callable[[], None] = _nobody
        """Called when that has changed."""
        self.sockets: dict[int, socket.socket] = {}
        self._inheritance: asyncio.Future[Inheritance] = asyncio.get_running_loop().create_future()
        self._channel: Channel | None = None
        self._handover: socket.socket | None = None

    @classmethod
    async def meet(cls, environ: MutableMapping[str, str]) -> "Predecessor | None":
        """None where this program takes nobody's place. The variable is taken out of the environment, which others inherit.

        Raises NothingInherited.
        """
        announced = environ.pop(VARIABLE, None)
        if announced is None:
            return None
        met = cls()
        try:
            control, handover = map(int, announced.split(","))
            for descriptor in (control, handover):
                os.set_inheritable(descriptor, False)  # noqa: FBT003 - the signature of the standard library
            met._handover = socket.socket(fileno=handover)
            met._channel = await Channel.open(socket.socket(fileno=control), met._on_message, met._on_closed)
            async with asyncio.timeout(_INHERITANCE_S):
                await met._inheritance
        except NothingInherited:
            met._close()
            raise
        except (ValueError, OSError, TimeoutError) as failure:
            met._close()
            raise NothingInherited(f"nothing is inherited by {VARIABLE}={announced}: {failure!r}") from failure
        return met

    @property
    def inheritance(self) -> Inheritance:
        return self._inheritance.result()

    def serving(self, taken: dict[str, int]) -> None:
        """All our workers serve; taken: see Serving."""
        self._send(encode(Serving(program=__version__, taken=taken)))

    async def refuse(self, why: str) -> None:
        """We cannot take its place."""
        self._send(encode(Refused(why=why[:_WHY])))
        if self._channel is not None:
            await self._channel.flush(_LAST_WORDS_S)

    def _close(self) -> None:
        for sock in self.sockets.values():
            sock.close()
        if self._handover is not None:
            self._handover.close()
        if self._channel is not None:
            self._channel.close()

    def _send(self, message: bytes) -> None:
        if self._channel is not None:
            self._channel.send(message)

    def _on_message(self, data: memoryview) -> None:
        try:
            message = decode_down(data)
        except msgspec.DecodeError as failure:
            if not self._inheritance.done():
                self._inheritance.set_exception(NothingInherited(f"the inheritance cannot be read: {failure}"))
            return
        self._on_down(message)

    def _on_down(self, message: Down) -> None:
        match message:
            case Inheritance(version=version) if version != VERSION:
                why = (
                    f"the running program passes on version {version}, this one takes {VERSION}; start it anew instead"
                )
                self._inheritance.set_exception(NothingInherited(why))
            case Inheritance():
                assert self._handover is not None
                self.sockets = take_over(self._handover)
                self.standing = message.overrides
                if not self._inheritance.done():
                    self._inheritance.set_result(message)
            case Standing(overrides=overrides):
                self.standing = overrides
                self.on_standing()
            case Yours():
                self.withdrew.set()
            case Left(cut=cut):
                self.cut = cut

    def _on_closed(self) -> None:
        self._channel = None
        if self._handover is not None:
            self._handover.close()
        if not self._inheritance.done():
            self._inheritance.set_exception(NothingInherited("the running program has ended, or said nothing"))
        self.withdrew.set()
        self.left.set()


def _nobody() -> None:
    pass
