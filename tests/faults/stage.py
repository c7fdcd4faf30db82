"""What a row works with: a real gateway, origins, steady traffic in the background, and a place for what it finds.

Everything a row starts through its stage is ended with it, in the opposite order.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from perf.compare.processes import Stable, free_port
from perf.loadgen import Request
from tests.faults.load import RATE, Load, mixed
from tests.faults.subject import Gateway, Subject
from tests.support.loop_thread import LoopThread
from tests.support.origin import Origin, Script
from tests.support.raw_client import Address

T = TypeVar("T")

OURS: Final = "sightline"


class NotRun(Exception):  # noqa: N818 - a verdict, not an error
    """The row cannot be played on this machine, or says nothing about this gateway; `str()` says why."""


class Stage:
    """subject: whose turn it is, `sightline`, `haproxy` or `nginx`. folder: the row's own, empty."""

    def __init__(self, folder: Path, subject: str = OURS) -> None:
        self.folder = folder
        self.subject_name = subject
        self.figures: list[str] = []
        self.broken: list[str] = []
        self._stack = ExitStack()
        self._stable: Stable | None = None
        self._origins: LoopThread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def is_ours(self) -> bool:
        """Whether the gateway is Sightline: only then are there metrics, incidents and an admin API to look at."""
        return self.subject_name == OURS

    def figure(self, text: str) -> None:
        """Something measured, with its unit, as it shall stand in the table."""
        self.figures.append(text)

    def check(self, holds: object, what: str) -> None:
        """Something that must hold; `what` says what was found when it does not."""
        if not holds:
            self.broken.append(what)

    def enter(self, entered: AbstractContextManager[T]) -> T:
        """Enter it now and leave it at the end of the row."""
        return self._stack.enter_context(entered)

    def at_end(self, call: Callable[[], object]) -> None:
        """Called at the end of the row, whatever becomes of it."""
        self._stack.callback(call)

    def backend(self) -> str:
        """`host:port` of an origin that is always well: GET is answered with `0`, POST with the size of its body, GET
        /after/MS after so many milliseconds, GET /bytes/N with N bytes; see perf/backend.py. Each call starts one more."""
        port = free_port()
        cores = frozenset(os.sched_getaffinity(0))
        process = self.processes.start(f"backend-{port}", [sys.executable, "-m", "perf.backend", port], cores)
        self.processes.wait_listening(process, port)
        return f"127.0.0.1:{port}"

    def origin(self, script: Script, *, reads: bool = True, receive_buffer: int | None = None) -> Origin:
        """A scripted origin (see tests/support/origin.py); all of a row run on one loop."""
        if self._origins is None:
            self._origins = LoopThread("origins", asyncio.new_event_loop)
            self.at_end(self._origins.stop)
        origin = Origin(self._origins, script, reads=reads, receive_buffer=receive_buffer)
        self.at_end(origin.close)
        return origin

    def gateway(
        self,
        *endpoints: str,
        workers: int = 2,
        more: str = "",
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
        **keys: str,
    ) -> Gateway:
        """A ready Sightline in front of these endpoints. more: further sections of its file; keys: further keys of its
        one listener, upstream or route, as in tests/support/config.py."""
        return self.enter(
            self.cold_gateway(*endpoints, workers=workers, more=more, environ=environ, folder=folder, **keys)
        )

    def cold_gateway(
        self,
        *endpoints: str,
        workers: int = 2,
        more: str = "",
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
        **keys: str,
    ) -> Gateway:
        """The same, not started: a row does that by `start`, or by entering it."""
        if folder is None:
            folder = self.folder / f"gateway-{time.monotonic_ns()}"
            folder.mkdir()
        gateway = Gateway(folder, *endpoints, workers=workers, more=more, environ=environ)
        gateway.write(gateway.text(**keys))
        return gateway

    def subject(self, *endpoints: str, workers: int = 2, connect_s: float = 1.0, first_byte_s: float = 15.0) -> Subject:
        """For rows that peers play as well: whose turn it is, in front of these endpoints, with these two timeouts."""
        if not self.is_ours:
            from tests.faults.peers import start_peer  # noqa: PLC0415 - only a comparison needs them

            return start_peer(self, self.subject_name, endpoints, workers, connect_s, first_byte_s)
        return self.gateway(
            *endpoints,
            workers=workers,
            upstream=f"connections: {{connect_timeout: {connect_s * 1000:.0f}ms}}",
            route=f"timeouts: {{first_byte: {first_byte_s * 1000:.0f}ms}}",
        )

    def load(
        self,
        address: Address,
        rate: float = RATE,
        next_request: Callable[[], Request] | None = None,
        connections: int = 32,
    ) -> Load:
        """The steady background: an open loop of GET and POST in turn, of which `Load` knows how each ended. It has begun,
        and the first have been answered."""
        return self.enter(Load(address, rate, next_request or mixed(), connections))

    @property
    def processes(self) -> Stable:
        """For programs of the row's own; what is started there ends with the row."""
        if self._stable is None:
            self._stable = self.enter(Stable(self.folder))
        return self._stable
