"""The program that takes our place, as we hold it: started, given what we have, waited for, and ended if it fails."""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.runtime.fleet.launcher import Child, Launcher
from gateway.runtime.fleet.process import describe_exit
from gateway.runtime.link.channel import Channel
from gateway.runtime.link.handover import hand_over, handover_pair
from gateway.runtime.succession.messages import Refused, Serving, Up, decode_up, encode
from gateway.runtime.succession.predecessor import VARIABLE

_LAST_WORDS_S: Final = 1.0
_ENDING_S: Final = 5.0
"""For a program that will not serve, until it is killed."""


class SuccessorFailed(Exception):  # noqa: N818 - the name says what is the case
    """It does not serve; `str()` says why, in words for the operator."""


class Successor:
    """`start` is the only way to make one; whoever does so awaits `serves`."""

    def __init__(self, process: Child) -> None:
        self.pid = process.pid
        self._process = process
        self._channel: Channel | None = None
        self._answer: asyncio.Future[Serving | str] = asyncio.get_running_loop().create_future()

    @classmethod
    async def start(cls, launcher: Launcher, inheritance: object, sockets: Mapping[int, socket.socket]) -> "Successor":
        """The same command line in the same environment, with what is on disk now. Raises OSError if there can be none."""
        ours, theirs = socket.socketpair()
        handover, their_handover = handover_pair()
        try:
            descriptors = (theirs.fileno(), their_handover.fileno())
            environment = dict(os.environ) | {VARIABLE: ",".join(map(str, descriptors))}
            hand_over(handover, sockets)
            command = [sys.executable, *sys.orig_argv[1:]]
            process = await launcher.launch(command, descriptors, environment, stdout=None)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
            their_handover.close()
            handover.close()
        started = cls(process)
        started._channel = await Channel.open(ours, started._on_message, started._on_closed)
        started._channel.send(encode(inheritance))
        return started

    def tell(self, message: object) -> None:
        if self._channel is not None:
            self._channel.send(encode(message))

    async def serves(self, deadline_s: float) -> Serving:
        """Once all its workers do. Raises SuccessorFailed where it says that they will not, ends, or says nothing so long;
        it has ended then."""
        try:
            async with asyncio.timeout(deadline_s):
                answer = await asyncio.shield(self._answer)
        except TimeoutError:
            answer = f"it did not serve within {deadline_s:g} s"
            self.terminate()
        if isinstance(answer, Serving):
            return answer
        how = f"it ended with {describe_exit(await self._end())}"
        raise SuccessorFailed(f"{answer}; {how}" if answer else how)

    def terminate(self) -> None:
        """Ask it to end, in order; `serves` learns that it did."""
        self._process.terminate()

    async def _end(self) -> int:
        """Its exit code, or minus the signal that ended it; that is ours if it takes too long."""
        try:
            async with asyncio.timeout(_ENDING_S):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()

    async def last_words(self, message: object) -> None:
        """The last thing we say; that we have ended it learns from the end of the socket."""
        self.tell(message)
        if self._channel is not None:
            await self._channel.flush(_LAST_WORDS_S)

    def _on_message(self, data: memoryview) -> None:
        try:
            message: Up = decode_up(data)
        except msgspec.DecodeError as failure:
            message = Refused(why=f"it says what cannot be understood: {failure}")
        if not self._answer.done():
            self._answer.set_result(message if isinstance(message, Serving) else message.why)

    def _on_closed(self) -> None:
        self._channel = None
        if not self._answer.done():
            self._answer.set_result("")
