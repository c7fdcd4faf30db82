"""The gate of an upstream: who may try it now, and what those who may not are told.

One for each upstream that has a breaker, a limit on requests or an adaptive limit; it outlives changes of the configuration.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from gateway.model.breaker import NO_LIMITS, CircuitState, evidence_of
from gateway.model.clock import SECOND_NS, wall_ns
from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason, is_endpoint_failure
from gateway.model.upstream import Upstream
from gateway.upstreams.gating.breaker import Breaker, Transition
from gateway.upstreams.gating.concurrency import ConcurrencyLimit

if TYPE_CHECKING:
    from gateway.upstreams.endpoint import LiveEndpoint

_NONE: Final = Reason.NONE
_JUDGED: Final = -1
"""The ticket of a probe that was judged before its end."""
_UNLIMITED: Final = 1 << 62
_TOO_LATE: Final = frozenset({Reason.UPSTREAM_TIMEOUT_FIRST_BYTE, Reason.UPSTREAM_TIMEOUT_TOTAL})
"""Failures that take as long as they take because there is too much to do; others may be quick because there is not."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """detail: for the record. retry_after_s: what the client is told."""

    reason: Reason
    detail: str
    retry_after_s: int = 1


class GateObserver(Protocol):
    def upstream_rejected(self, upstream: str, reason: Reason) -> None:
        """A request was refused before an attempt was made."""

    def circuit_changed(self, upstream: str, transition: Transition) -> None: ...


def needs_gate(upstream: Upstream) -> bool:
    """Whether anything is configured that a gate does."""
    limits = upstream.limits
    has_limits = limits.requests is not None or limits.retries is not None
    return has_limits or upstream.breaker is not None or upstream.concurrency is not None


class Gate:
    """Who is let in with `enter` is seen out once, by `attempt_ended` (endpoint.AttemptWatcher)."""

    __slots__ = (
        "_concurrency", "_evidence", "_most", "_observer", "_probing", "_wall", "breaker", "in_flight", "name", "retries",
        "upstream",
    )  # fmt: skip

    def __init__(self, upstream: Upstream, observer: GateObserver, wall: Callable[[], int] = wall_ns) -> None:
        """wall: nanoseconds since the epoch, for what is said to people."""
        self.name = upstream.name
        self.in_flight = 0
        self.retries = 0
        self.breaker: Breaker | None = None
        self._concurrency: ConcurrencyLimit | None = None
        self._observer = observer
        self._wall = wall
        self._evidence = ""
        self._probing: list[Attempt] = []
        self.configure(upstream)

    def configure(self, upstream: Upstream) -> None:
        """Go by these settings from now on; what was learnt by others is kept."""
        self.upstream = upstream
        if upstream.breaker is None:
            self.breaker = None
        elif self.breaker is None:
            self.breaker = Breaker(upstream.breaker, self._changed)
        else:
            self.breaker.configure(upstream.breaker)
        if upstream.concurrency is None:
            self._concurrency = None
        elif self._concurrency is None:
            self._concurrency = ConcurrencyLimit(upstream.concurrency)
        else:
            self._concurrency.configure(upstream.concurrency)
        self._settle()

    def retire(self) -> None:
        """Nothing is configured any more: let everybody in, and say nothing."""
        self.configure(replace(self.upstream, breaker=None, concurrency=None, limits=NO_LIMITS))

    def _settle(self) -> None:
        requests, concurrency = self.upstream.limits.requests, self._concurrency
        most = _UNLIMITED if requests is None else requests
        self._most = most if concurrency is None else min(most, concurrency.limit)

    @property
    def concurrency_limit(self) -> int | None:
        """The adaptive one, as it is now."""
        return None if self._concurrency is None else self._concurrency.limit

    def may_retry(self, now_ns: int) -> bool:
        """Whether a request that has failed may be tried again: what it could not pass is not worth its answer."""
        if self._has_all_retries() or self.in_flight >= self._most:
            return False
        return self.breaker is None or self.breaker.would_admit(now_ns)

    def _has_all_retries(self) -> bool:
        most = self.upstream.limits.retries
        return most is not None and self.retries >= most

    def enter(self, attempt: Attempt, now_ns: int, *, is_retry: bool = False) -> Refusal | None:
        """Let this attempt in, or say why not."""
        if self.in_flight >= self._most:
            return self._refuse(Reason.CONCURRENCY_LIMITED, self._limit_words(), 1)
        if is_retry and self._has_all_retries():
            words = f"{self.name}: {self.retries} retries under way, its limit in this worker is {self.retries}"
            return self._refuse(Reason.CONCURRENCY_LIMITED, words, 1)
        breaker, ticket = self.breaker, 1
        if breaker is not None:
            ticket = breaker.admit(now_ns)
            if breaker.state is not CircuitState.CLOSED:
                ticket = ticket or self._admit_after_all(breaker, now_ns)
                if not ticket:
                    return self._refuse(Reason.CIRCUIT_OPEN, self._evidence, _seconds(breaker.opens_in_ns(now_ns)))
                self._probing.append(attempt)
        attempt.gate, attempt.admission = self, ticket
        self.in_flight += 1
        if is_retry:
            attempt.is_retry = True
            self.retries += 1
        return None

    def _admit_after_all(self, breaker: Breaker, now_ns: int) -> int:
        """All places for probes are taken: those that have been answered well have passed, however long the answer goes on."""
        self._judge_answered(breaker, now_ns)
        return breaker.admit(now_ns)

    def _judge_answered(self, breaker: Breaker, now_ns: int) -> None:
        for attempt in [each for each in self._probing if each.first_byte_ns and 0 < each.status < 500]:
            ticket, attempt.admission = attempt.admission, _JUDGED
            self._probing.remove(attempt)
            breaker.ended(ticket, now_ns, has_failed=False)

    def attempt_ended(self, endpoint: "LiveEndpoint", attempt: Attempt) -> None:
        if attempt.gate is self:  # Or it began before there was this gate, or has left it already.
            self._leave(attempt, attempt.ended_ns)

    def _leave(self, attempt: Attempt, ended_ns: int) -> None:
        ticket, reason = attempt.admission, attempt.reason
        attempt.gate = None
        in_flight = self.in_flight
        self.in_flight = in_flight - 1
        if attempt.is_retry:
            self.retries -= 1
        breaker = self.breaker
        if breaker is not None:
            if self._probing and attempt in self._probing:
                self._probing.remove(attempt)
            if reason is _NONE:
                breaker.ended(ticket, ended_ns, has_failed=False)
            else:
                breaker.ended(ticket, ended_ns, has_failed=True if is_endpoint_failure(reason) else None)
        concurrency = self._concurrency
        if concurrency is not None and (reason is _NONE or reason in _TOO_LATE):
            before = concurrency.limit
            concurrency.ended((attempt.first_byte_ns or ended_ns) - attempt.started_ns, in_flight, ended_ns)
            if concurrency.limit != before:
                self._settle()

    def became_tunnel(self, attempt: Attempt, now_ns: int) -> None:
        """It was answered, and is no request any more, however long the tunnel is there."""
        if attempt.gate is self:
            self._leave(attempt, now_ns)

    def look(self, now_ns: int) -> None:
        """Time has passed: what would be noticed with the next request is noticed now."""
        if self.breaker is not None and self.breaker.state is not CircuitState.CLOSED:
            self.breaker.look(now_ns)
            self._judge_answered(self.breaker, now_ns)

    def _changed(self, transition: Transition) -> None:
        self._probing.clear()
        state = transition.to.value.replace("_", "-")
        since = datetime.fromtimestamp(self._wall() / SECOND_NS, UTC)
        evidence = evidence_of(transition.cause, transition.requests, transition.failures)
        self._evidence = f"{self.name}: circuit {state} since {since:%H:%M:%S}Z: {evidence}"
        self._observer.circuit_changed(self.name, transition)

    def _refuse(self, reason: Reason, detail: str, retry_after_s: int) -> Refusal:
        self._observer.upstream_rejected(self.name, reason)
        return Refusal(reason, detail, retry_after_s)

    def _limit_words(self) -> str:
        is_adaptive = self._concurrency is not None and self._concurrency.limit <= self._most
        what = "adaptive limit" if is_adaptive else "limit"
        return f"{self.name}: {self.in_flight} requests in flight, its {what} in this worker is {self._most}"


def _seconds(duration_ns: int) -> int:
    return max(1, -(-duration_ns // SECOND_NS))
