"""A circuit breaker: stop asking an upstream most of whose answers are failures, and find out when it is well again.

A state machine with the time passed in (monotonic nanoseconds): it neither waits nor knows what a request is.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final

from gateway.model.breaker import BreakerSettings, CircuitCause, CircuitState

_BUCKETS: Final = 10
"""Of the window, which slides by one of them at a time."""
_CLOSED: Final = CircuitState.CLOSED
_tickets: Final = count(2)
"""No two breakers give the same, so that one which was taken away and configured anew takes no ticket of its predecessor."""


@dataclass(frozen=True, slots=True)
class Transition:
    """requests, failures: what was counted, of the window or of the probes, that made it so."""

    to: CircuitState
    cause: CircuitCause
    requests: int
    failures: int


class Breaker:
    """Whoever is admitted says once how it went; what was admitted in another state than the present one says nothing.

    Open, nobody is admitted; half-open, never more than `half_open_requests` at a time.
    """

    __slots__ = (
        "_changed",
        "_failures",
        "_passed",
        "_past",
        "_past_failures",
        "_past_requests",
        "_probes",
        "_ticket",
        "_width_ns",
        "bucket_ends_ns",
        "closed_ticket",
        "requests",
        "settings",
        "since_ns",
        "state",
    )

    def __init__(self, settings: BreakerSettings, changed: Callable[[Transition], None]) -> None:
        """changed: told of every transition, after it."""
        self.settings = settings
        self.state = _CLOSED
        self.since_ns = 0
        """When it came to this state; 0 from the start."""
        self._changed = changed
        self._ticket = next(_tickets)
        """Of those admitted in this state: another one after every transition."""
        self.closed_ticket = self._ticket
        """The same while it is closed, otherwise 0: what nearly everybody gets, who is then admitted without more ado."""
        self._probes = 0
        self._passed = 0
        self._clear()

    def _clear(self) -> None:
        self._width_ns = max(1, self.settings.window_ns // _BUCKETS)
        self.bucket_ends_ns = 0
        self.requests = 0
        """In the window. Whoever was admitted with `closed_ticket` and has not failed may be counted here at once, if it
        ended before the bucket does."""
        self._failures = 0
        self._past: deque[tuple[int, int]] = deque(maxlen=_BUCKETS - 1)
        self._past_requests = self._past_failures = 0

    def configure(self, settings: BreakerSettings) -> None:
        """Go by these from now on; a circuit that is open stays so for as long as they say."""
        before, self.settings = self.settings, settings
        if settings.window_ns != before.window_ns:
            self._clear()

    @property
    def probes(self) -> int:
        """Under way now."""
        return self._probes

    def admit(self, now_ns: int) -> int:
        """A ticket, to be given back with `ended`; 0 for who is refused."""
        if self.state is _CLOSED:
            return self._ticket
        self.look(now_ns)
        if self.state is CircuitState.OPEN or self._probes >= self.settings.half_open_requests:
            return 0
        self._probes += 1
        return self._ticket

    def would_admit(self, now_ns: int) -> bool:
        """Whether `admit` would give a ticket now."""
        self.look(now_ns)
        is_half_open = self.state is CircuitState.HALF_OPEN and self._probes < self.settings.half_open_requests
        return is_half_open or self.state is _CLOSED

    def look(self, now_ns: int) -> None:
        """Time has passed: a circuit that was open long enough is half-open."""
        if self.state is CircuitState.OPEN and now_ns - self.since_ns >= self.settings.open_for_ns:
            self._go(CircuitState.HALF_OPEN, CircuitCause.WAITED, now_ns, 0, 0)

    def opens_in_ns(self, now_ns: int) -> int:
        """How long nobody will be admitted for sure; 0 where that is not known."""
        if self.state is not CircuitState.OPEN:
            return 0
        return max(0, self.since_ns + self.settings.open_for_ns - now_ns)

    def ended(self, ticket: int, now_ns: int, *, has_failed: bool | None) -> None:
        """Of somebody who was admitted. has_failed: None where that says nothing, as when the client has left."""
        if ticket != self._ticket:
            return
        if self.state is _CLOSED:
            if has_failed is not None:
                self._count(now_ns, has_failed=has_failed)
            return
        self._probes -= 1
        if has_failed:
            self._go(CircuitState.OPEN, CircuitCause.PROBE_FAILED, now_ns, self._passed + 1, 1)
        elif has_failed is not None:
            self._passed += 1
            if self._passed >= self.settings.half_open_requests:
                self._go(_CLOSED, CircuitCause.PROBES_PASSED, now_ns, self._passed, 0)

    def _count(self, now_ns: int, *, has_failed: bool) -> None:
        # An end may be stamped a little before one that was told of earlier: it belongs to the newest bucket all the same.
        if now_ns >= self.bucket_ends_ns:
            self.turn_to(now_ns)
        self.requests += 1
        if not has_failed:
            return
        self._failures += 1
        settings = self.settings
        if self.requests >= settings.min_requests and self._failures >= settings.failure_ratio * self.requests:
            self._go(CircuitState.OPEN, CircuitCause.FAILURE_RATIO, now_ns, self.requests, self._failures)

    def turn_to(self, now_ns: int) -> None:
        """Begin the bucket that this time lies in."""
        skipped = (now_ns - self.bucket_ends_ns) // self._width_ns
        self._past.append((self.requests - self._past_requests, self._failures - self._past_failures))
        self._past.extend([(0, 0)] * min(skipped, _BUCKETS))
        self.bucket_ends_ns = (now_ns // self._width_ns + 1) * self._width_ns
        self.requests = self._past_requests = sum(requests for requests, _ in self._past)
        self._failures = self._past_failures = sum(failures for _, failures in self._past)

    def resume(self, opened_ns: int) -> None:
        """It was opened then, in a worker whose place this one takes: go on from there. Nobody is told, since nothing has
        changed."""
        self._enter(CircuitState.OPEN, opened_ns)

    def _go(self, to: CircuitState, cause: CircuitCause, now_ns: int, requests: int, failures: int) -> None:
        self._enter(to, now_ns)
        self._changed(Transition(to, cause, requests, failures))

    def _enter(self, to: CircuitState, since_ns: int) -> None:
        self.state = to
        self.since_ns = since_ns
        self._ticket = next(_tickets)
        self.closed_ticket = self._ticket if to is _CLOSED else 0
        self._probes = self._passed = 0
        self._clear()
