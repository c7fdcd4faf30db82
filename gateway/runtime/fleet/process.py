"""One worker process as the supervisor holds it: started, spoken to, waited for."""

import asyncio
import contextlib
import os
import signal
import site
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from gateway.runtime.fleet.launcher import Child, Launcher
from gateway.runtime.link.channel import Channel
from gateway.runtime.link.handover import hand_over, handover_pair
from gateway.runtime.link.line_memory import LineMemory
from gateway.wire.report import Place

_log = structlog.get_logger("sightline.workers")

_MODULE: Final = "gateway.runtime.worker"
_LAST_WORDS_S: Final = 2.0
"""Between the end of a worker's socket and the end of its process, in either order."""


class WorkerProcess:
    """A running worker. `start` is the only way to make one; `wait` must be awaited once."""

    def __init__(self, process: Child, handover: socket.socket) -> None:
        self.pid = process.pid
        self._process = process
        self._handover = handover
        self._handed: set[int] = set()
        self._channel: Channel | None = None
        self._lines: LineMemory | None = None
        self._closed = asyncio.Event()

    @classmethod
    async def start(
        cls,
        launcher: Launcher,
        index: int,
        workers: int,
        on_message: Callable[["WorkerProcess", memoryview], None],
    ) -> "WorkerProcess":
        """A fresh interpreter, not a fork: this process has threads. Raises OSError if there can be none."""
        ours, theirs = socket.socketpair()
        handover, their_handover = handover_pair()
        shared, lines = _share_memory()
        passed = (theirs.fileno(), their_handover.fileno(), *shared)
        try:
            command = [sys.executable, "-P", "-m", _MODULE, *map(str, (index, workers, *passed))]
            process = await launcher.launch(command, passed, _environment())
        except OSError:
            ours.close()
            handover.close()
            if lines is not None:
                lines.close()
            raise
        finally:
            theirs.close()
            their_handover.close()
            for descriptor in shared:
                os.close(descriptor)
        started = cls(process, handover)
        started._lines = lines
        started._channel = await Channel.open(
            ours, lambda message: on_message(started, message), started._on_channel_closed
        )
        return started

    @property
    def is_clear(self) -> bool:
        """Whether the worker has taken all that was sent."""
        return self._channel is not None and self._channel.is_clear

    def send(self, *messages: bytes) -> None:
        if self._channel is not None:
            self._channel.send_all(messages)

    def take_lines(self, place: Place) -> bytes:
        """The access lines that it has put there. Raises ValueError for a place where there can be none."""
        if self._lines is None:
            raise ValueError("no memory is shared with this worker")
        return self._lines.take(place)

    def hand_over(self, sockets: dict[int, socket.socket]) -> None:
        """Pass the sockets the worker does not hold yet, and forget those not named: it closes them."""
        new = {ticket: sock for ticket, sock in sockets.items() if ticket not in self._handed}
        hand_over(self._handover, new)
        self._handed = set(sockets)

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        """Until it has ended and its last words are read; its exit code, or minus the signal that ended it."""
        code = await self._process.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._closed.wait()
        self._handover.close()
        if self._channel is not None:
            self._channel.close()
        lines, self._lines = self._lines, None
        if lines is not None:
            lines.close()
        return code

    def _on_channel_closed(self) -> None:
        """It is ending, or has closed its end; one that cannot be spoken to is of no use."""
        self._closed.set()
        asyncio.get_running_loop().call_later(_LAST_WORDS_S, self.kill)


def describe_exit(code: int) -> str:
    """`exit code 1` or `SIGKILL`, for the log."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _share_memory() -> tuple[tuple[int, ...], LineMemory | None]:
    """A descriptor to pass on and our end of it; nothing of both where the system has no such memory, or none left."""
    descriptor = -1
    try:
        descriptor = LineMemory.create()
        return (descriptor,), LineMemory(descriptor)
    except (OSError, ValueError) as error:
        if descriptor >= 0:
            os.close(descriptor)
        _log.warning("lines_are_sent", why=str(error), costs="a microsecond more for each")
        return (), None


def _environment() -> dict[str, str]:
    """Ours, and where this very package lies, should that be a place only this process knows of."""
    environment = dict(os.environ)
    root = str(Path(__file__).resolve().parents[3])
    if root not in {*site.getsitepackages(), site.getusersitepackages()}:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH")]))
    return environment
