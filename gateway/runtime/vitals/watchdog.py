"""Notices that an event loop stands still, and what it stands in, while it does.

A thread looks twice in the time that is allowed. The loop stamps its pulse with a timer; a pulse that is too old means that a
callback has not returned, and then the stack of the loop's thread says which. It is told when the loop goes on again.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from gateway.model.clock import NEVER_NS, SECOND_NS, monotonic_ns

_PULSE_S: Final = 0.1
_FRAMES: Final = 8
_LOOP_FILES: Final = ("asyncio/runners.py", "asyncio/events.py", "asyncio/base_events.py")
"""Where a loop is run from: a stack that ends there is that of a loop which waits, or was not given a processor."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """How long the loop stood still, the processor time its thread took meanwhile, and where: `file:line function`, the
    innermost first. Neither values nor arguments are in it."""

    duration_ns: int
    cpu_ns: int
    frames: tuple[str, ...]


class Watchdog:
    """Of the loop it is made on. `told` is called on that loop, once for each time it stood still for longer than `after_ns`."""

    def __init__(self, told: Callable[[Blocked], None]) -> None:
        self._told = told
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        has_clock = hasattr(time, "pthread_getcpuclockid")  # Not everywhere.
        self._cpu_clock = time.pthread_getcpuclockid(self._thread_id) if has_clock else None
        self._schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._after_ns = NEVER_NS
        self._pulse_ns = monotonic_ns()
        self._pulse_cpu_ns = 0
        self._frames: tuple[str, ...] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def configure(self, after_ns: int) -> None:
        """How long the loop may stand still; NEVER_NS: for ever, and nothing is watched."""
        self._after_ns = after_ns
        if after_ns >= NEVER_NS:
            self.stop()
        elif self._thread is None:
            self._wake = threading.Event()
            self._thread = threading.Thread(target=self._watch, args=(self._wake,), name="watchdog", daemon=True)
            self._beat()
            self._thread.start()

    def stop(self) -> None:
        self._wake.set()
        self._thread = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        now_ns = monotonic_ns()
        cpu_ns = 0 if self._cpu_clock is None else time.clock_gettime_ns(self._cpu_clock)
        frames, self._frames = self._frames, ()
        before_ns, self._pulse_ns = self._pulse_ns, now_ns
        before_cpu_ns, self._pulse_cpu_ns = self._pulse_cpu_ns, cpu_ns
        self._timer = self._loop.call_later(_PULSE_S, self._beat)
        if frames:
            self._told(Blocked(now_ns - before_ns, cpu_ns - before_cpu_ns, frames))

    def _queued_ns(self) -> int:
        """How long the loop's thread has waited for a processor altogether, which is nobody's fault in here; 0 where the
        system does not tell."""
        try:
            return int(self._schedule.read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return 0

    def _watch(self, wake: threading.Event) -> None:
        queued_before_ns = self._queued_ns()
        while not wake.wait(self._after_ns / SECOND_NS / 2):
            age_ns, queued_ns = monotonic_ns() - self._pulse_ns, self._queued_ns()
            if age_ns < self._after_ns:
                queued_before_ns = queued_ns
            elif not self._frames and age_ns - (queued_ns - queued_before_ns) > self._after_ns:
                frame = sys._current_frames().get(self._thread_id)  # noqa: SLF001 - there is no other way
                self._frames = describe(frame)


def describe(frame: FrameType | None) -> tuple[str, ...]:
    """The innermost frames; nothing if they are those of a loop in which no callback runs."""
    found: list[str] = []
    while frame is not None and len(found) < _FRAMES:
        code = frame.f_code
        if code.co_filename.endswith(_LOOP_FILES):
            break
        found.append(f"{_shortened(code.co_filename)}:{frame.f_lineno} {code.co_qualname}")
        frame = frame.f_back
    return tuple(found)


def _shortened(path: str) -> str:
    """From the package on: where it is installed tells nothing."""
    for mark in ("/site-packages/", "/lib/"):
        _, found, rest = path.rpartition(mark)
        if found:
            return rest
    return "/".join(path.rsplit("/", 4)[1:])
