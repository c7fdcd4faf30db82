"""Coarse deadlines for many objects at the cost of one attribute store each.

Whoever has a deadline sets its `deadline_ns`; one sweep looks at all of them. A timer per request would cost more than
the request's routing, and no timeout of a proxy needs to be finer than the sweep.
"""

import asyncio
from typing import Final, Protocol

from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS, monotonic_ns

SWEEP_NS: Final = 50 * MILLISECOND_NS


class Watched(Protocol):
    """deadline_ns: monotonic; NEVER_NS while there is none."""

    deadline_ns: int

    def on_deadline(self, now_ns: int) -> None:
        """Called once per sweep while the deadline has passed; sets a new deadline or NEVER_NS."""


class Deadlines:
    """The set of watched objects of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._watched: set[Watched] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.watch = self._watched.add
        self.unwatch = self._watched.discard

    def start(self) -> None:
        self._timer = self._loop.call_later(SWEEP_NS / SECOND_NS, self._sweep)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        now_ns = monotonic_ns()
        for watched in [one for one in self._watched if one.deadline_ns <= now_ns]:
            watched.deadline_ns = NEVER_NS
            try:
                watched.on_deadline(now_ns)
            except Exception as error:
                # One that fails must not take everybody else's deadlines with it.
                self._loop.call_exception_handler({"message": "a deadline could not be met", "exception": error})
        self.start()
