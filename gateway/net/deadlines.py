"""Coarse deadlines for many objects at the cost of one attribute store each.

Whoever has a deadline sets its `deadline_ns`; one sweep looks at all of them. A timer per request would cost more than
the request's routing, and no timeout of a proxy needs to be finer than the sweep.
"""

import asyncio
from typing import Final, Protocol

from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS, monotonic_ns

SWEEP_NS: Final = 50 * MILLISECOND_NS
_TURN_NS: Final = 2 * MILLISECOND_NS
_ROUNDS: Final = 4
"""Turns of the loop between finding that a deadline has passed and saying so. The second one has read all that had come by
then; who awaits a connection learns of it a turn later."""


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
        self._turn: asyncio.Handle | None = None
        self.watch = self._watched.add
        self.unwatch = self._watched.discard

    def start(self) -> None:
        self._timer = self._loop.call_later(SWEEP_NS / SECOND_NS, self._sweep)

    def stop(self) -> None:
        for handle in (self._timer, self._turn):
            if handle is not None:
                handle.cancel()
        self._timer = self._turn = None

    def _sweep(self) -> None:
        self._timer = None
        now_ns = monotonic_ns()
        if due := [one for one in self._watched if one.deadline_ns <= now_ns]:
            self._wait(due, _ROUNDS)
        else:
            self.start()

    def _wait(self, due: list[Watched], rounds: int) -> None:
        """A loop that was held up runs its timers before it looks for what has come meanwhile, which may have come in time."""
        if rounds:
            self._turn = self._loop.call_soon(self._wait, due, rounds - 1)
        else:
            self._meet(due)

    def _meet(self, due: list[Watched]) -> None:
        """As many as a turn of the loop may last; two thousand clients that are cut at once must not hold up all others."""
        now_ns = monotonic_ns()
        until_ns = now_ns + _TURN_NS
        while due and now_ns <= until_ns:
            watched = due.pop()
            if watched in self._watched and watched.deadline_ns <= now_ns:
                self._tell(watched, now_ns)
                now_ns = monotonic_ns()
        if due:
            self._turn = self._loop.call_soon(self._meet, due)
        else:
            self.start()

    def _tell(self, watched: Watched, now_ns: int) -> None:
        watched.deadline_ns = NEVER_NS
        try:
            watched.on_deadline(now_ns)
        except Exception as error:
            # One that fails must not take everybody else's deadlines with it.
            self._loop.call_exception_handler({"message": "a deadline could not be met", "exception": error})
