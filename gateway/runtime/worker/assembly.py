"""The worker's side of a new snapshot: decoded and compiled one object at a time, between requests.

Ten thousand routes at once would keep a loop from its connections for a third of a second; here no turn of the loop
lasts longer than a budget, however large the snapshot is.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec

from gateway.model.clock import MILLISECOND_NS, monotonic_ns
from gateway.model.route import Route
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Upstream
from gateway.wire.control import Begin, Slice, decode_route, decode_upstream


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a turn may last, and how long the loop then has for its connections before the next."""

    turn_ns: int
    pause_s: float


BUSY: Final = Pace(turn_ns=1 * MILLISECOND_NS, pause_s=0.001)
"""Of a loop that serves requests: it keeps half of its time for them."""

IDLE: Final = Pace(turn_ns=50 * MILLISECOND_NS, pause_s=0.0)
"""Of a loop that serves nobody yet."""


class Preparation(Protocol):
    """What the engine compiles; see gateway.proxy.engine."""

    def add(self, route: Route) -> None: ...

    def finish(self) -> Iterator[None]: ...

    def activate(self) -> None: ...


class Assembly:
    """One snapshot on its way in. Calls `on_done` with None or with what went wrong, once, never from a constructor."""

    def __init__(
        self,
        begin: Begin,
        prepare: Callable[[Snapshot], Preparation],
        on_done: Callable[[Exception | None], None],
        pace: Pace,
    ) -> None:
        self.begin = begin
        self.preparation: Preparation | None = None
        """Whole once `on_done` has been called with None."""
        self.duration_ns = 0
        self.longest_step_ns = 0
        self._prepare = prepare
        self._on_done = on_done
        self._pace = pace
        self._started_ns = monotonic_ns()
        self._upstreams: deque[msgspec.Raw] = deque()
        self._routes: deque[msgspec.Raw] = deque()
        self._steps: Iterator[bool] | None = self._compile()
        self._loop = asyncio.get_running_loop()
        self._is_scheduled = False
        self._schedule(0.0)

    def extend(self, part: Slice) -> None:
        """The next part arrived; it is compiled in later turns of the loop."""
        self._upstreams.extend(part.upstreams)
        self._routes.extend(part.routes)
        self._schedule(0.0)

    def cancel(self) -> None:
        """Drop everything; `on_done` is not called any more."""
        self._steps = None
        self.preparation = None

    def _schedule(self, pause_s: float) -> None:
        if not self._is_scheduled and self._steps is not None:
            self._is_scheduled = True
            self._loop.call_later(pause_s, self._turn)

    def _turn(self) -> None:
        self._is_scheduled = False
        began_ns = monotonic_ns()
        try:
            goes_on = self._advance(began_ns + self._pace.turn_ns)
        except Exception as failure:
            self.cancel()
            self._on_done(failure)
            return
        self.longest_step_ns = max(self.longest_step_ns, monotonic_ns() - began_ns)
        if goes_on:
            self._schedule(self._pace.pause_s)

    def _advance(self, until_ns: int) -> bool:
        """Steps until the budget is used, nothing more has arrived, or all is done; True if there is more to do now."""
        while self._steps is not None:
            try:
                has_progressed = next(self._steps)
            except StopIteration:
                self._steps = None
                self.duration_ns = monotonic_ns() - self._started_ns
                self._on_done(None)
                return False
            if not has_progressed:
                return False
            if monotonic_ns() >= until_ns:
                return True
        return False

    def _compile(self) -> Iterator[bool]:
        """Yields True after each small step, and False while it waits for the next part."""
        upstreams: list[Upstream] = []
        while len(upstreams) < self.begin.upstreams:
            if self._upstreams:
                upstreams.append(decode_upstream(self._upstreams.popleft()))
            yield bool(self._upstreams) or len(upstreams) == self.begin.upstreams
        preparation = self._prepare(replace(self.begin.snapshot, upstreams=tuple(upstreams)))
        for _ in range(self.begin.routes):
            while not self._routes:
                yield False
            preparation.add(decode_route(self._routes.popleft()))
            yield True
        for _ in preparation.finish():
            yield True
        self.preparation = preparation
