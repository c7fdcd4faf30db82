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


class Admission:
    """What an attempt is let in with. All that are usual, no retries and no probes, share one: it says who they are."""

    __slots__ = ("gate", "is_retry", "ticket")

    def __init__(self, gate: "Gate", ticket: int, *, is_retry: bool = False) -> None:
        self.gate = gate
        self.ticket = ticket
        self.is_retry = is_retry


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
        "_concurrency", "_evidence", "_most", "_observer", "_probing", "_until_sample", "_usual", "_wall", "breaker", "in_flight",
        "name", "retries", "upstream",
    )  # fmt: skip

    def __init__(self, upstream: Upstream, observer: GateObserver, wall: Callable[[], int] = wall_ns) -> None:
        """wall: nanoseconds since the epoch, for what is said to people."""
        self.name = upstream.name
        self.in_flight = 0
        self.retries = 0
        self._until_sample = 0
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
            self._probing.clear()
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
        self._renew()
        self._settle()

    def _renew(self) -> None:
        """Those who come from now on are told apart from those who came before."""
        self._usual = Admission(self, 0 if self.breaker is None else self.breaker.closed_ticket)

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

    def may_retry(self, now_ns: int, failed: Attempt | None = None) -> bool:
        """Whether a request that has failed may be tried again: what it could not pass is not worth its answer.

        failed: the attempt whose place the next one would take, if it has one still.
        """
        in_flight, retries = self.in_flight, self.retries
        admission = None if failed is None or failed.ended_ns else failed.admission
        if admission is not None and admission.gate is self:
            in_flight -= 1
            retries -= admission.is_retry
        if in_flight >= self._most or _are_all(retries, self.upstream.limits.retries):
            return False
        breaker = self.breaker
        if breaker is None or breaker.would_admit(now_ns):
            return True
        self._judge_answered(breaker, now_ns)
        return breaker.would_admit(now_ns)

    def enter(self, attempt: Attempt, now_ns: int, *, is_retry: bool = False) -> Refusal | None:
        """Let this attempt in, or say why not."""
        if self.in_flight >= self._most:
            return self._refuse(Reason.CONCURRENCY_LIMITED, _limit_words(self, self._most), 1)
        if is_retry and _are_all(self.retries, self.upstream.limits.retries):
            most = self.upstream.limits.retries
            words = f"{self.name}: {self.retries} retries under way, its limit in this worker is {most}"
            return self._refuse(Reason.CONCURRENCY_LIMITED, words, 1)
        breaker = self.breaker
        if is_retry or (breaker is not None and not breaker.closed_ticket):
            return self._let_in(attempt, now_ns, is_retry=is_retry)
        attempt.admission = self._usual
        self.in_flight += 1
        return None

    def _let_in(self, attempt: Attempt, now_ns: int, *, is_retry: bool) -> Refusal | None:
        """A retry or a probe."""
        breaker, ticket = self.breaker, 0
        if breaker is not None:
            ticket = breaker.closed_ticket or self._admit_probe(breaker, attempt, now_ns)
            if not ticket:
                return self._refuse(Reason.CIRCUIT_OPEN, self._evidence, _seconds(breaker.opens_in_ns(now_ns)))
        attempt.admission = Admission(self, ticket, is_retry=is_retry)
        self.in_flight += 1
        self.retries += is_retry
        return None

    def _admit_probe(self, breaker: Breaker, attempt: Attempt, now_ns: int) -> int:
        """Where all places for probes are taken, those that have been answered well have passed, however long the answer
        goes on."""
        ticket = breaker.admit(now_ns)
        if not ticket:
            self._judge_answered(breaker, now_ns)
            ticket = breaker.admit(now_ns)
        if ticket and breaker.state is not CircuitState.CLOSED:
            self._probing.append(attempt)
        return ticket

    def _judge_answered(self, breaker: Breaker, now_ns: int) -> None:
        answered = [each for each in self._probing if each.first_byte_ns and 0 < each.status < 500]
        # One of them may close the circuit, which forgets all who probe it.
        self._probing = [each for each in self._probing if each not in answered]
        for attempt in answered:
            ticket, attempt.admission.ticket = attempt.admission.ticket, _JUDGED
            breaker.ended(ticket, now_ns, has_failed=False)

    def attempt_ended(self, endpoint: "LiveEndpoint", attempt: Attempt) -> None:
        admission = attempt.admission
        if admission is self._usual:
            self.in_flight -= 1
            breaker = self.breaker
            if breaker is not None:
                ended_ns = attempt.ended_ns
                if ended_ns < breaker.bucket_ends_ns and attempt.reason is _NONE:
                    breaker.requests += 1
                else:
                    self._judge(breaker, attempt, admission.ticket, ended_ns)
            if self._concurrency is not None:
                self._until_sample -= 1
                if self._until_sample <= 0:
                    self._sample(self._concurrency, attempt, attempt.ended_ns)
        elif admission is not None and admission.gate is self:
            self._leave(admission, attempt, attempt.ended_ns)

    def _leave(self, admission: Admission, attempt: Attempt, ended_ns: int) -> None:
        """Of what is not usual, or not any more."""
        self.in_flight -= 1
        self.retries -= admission.is_retry
        if self.breaker is not None:
            self._judge(self.breaker, attempt, admission.ticket, ended_ns)
        if self._concurrency is not None:
            self._sample(self._concurrency, attempt, ended_ns)

    def _judge(self, breaker: Breaker, attempt: Attempt, ticket: int, ended_ns: int) -> None:
        if self._probing and attempt in self._probing:
            self._probing.remove(attempt)
        reason = attempt.reason
        if reason is _NONE:
            breaker.ended(ticket, ended_ns, has_failed=False)
        else:
            breaker.ended(ticket, ended_ns, has_failed=True if is_endpoint_failure(reason) else None)

    def _sample(self, concurrency: ConcurrencyLimit, attempt: Attempt, ended_ns: int) -> None:
        """What quick failures took says nothing about how much there is to do."""
        if attempt.reason is not _NONE and attempt.reason not in _TOO_LATE:
            return
        latency_ns = (attempt.first_byte_ns or ended_ns) - attempt.started_ns
        concurrency.ended(latency_ns, self.in_flight + 1, ended_ns)
        self._until_sample = concurrency.stride
        self._settle()

    def became_tunnel(self, attempt: Attempt, now_ns: int) -> None:
        """It was answered, and is no request any more, however long the tunnel is there."""
        admission, attempt.admission = attempt.admission, None
        if admission is not None and admission.gate is self:
            self._leave(admission, attempt, now_ns)

    def look(self, now_ns: int) -> None:
        """Time has passed: what would be noticed with the next request is noticed now."""
        if self.breaker is not None and self.breaker.state is not CircuitState.CLOSED:
            self.breaker.look(now_ns)
            self._judge_answered(self.breaker, now_ns)

    def resume(self, opened: Transition, opened_ns: int, now_ns: int) -> None:
        """The circuit was opened then, in a worker whose place this one takes."""
        if self.breaker is not None:
            self.breaker.resume(opened_ns)
            self._renew()
            self._note(opened, self._wall() - (now_ns - opened_ns))

    def _changed(self, transition: Transition) -> None:
        self._probing.clear()
        self._renew()
        self._note(transition, self._wall())
        self._observer.circuit_changed(self.name, transition)

    def _note(self, transition: Transition, wall_ns: int) -> None:
        """What those who are refused are told. wall_ns: when it was."""
        self._evidence = f"{self.name}: circuit {_words(transition, wall_ns)}"

    def _refuse(self, reason: Reason, detail: str, retry_after_s: int) -> Refusal:
        self._observer.upstream_rejected(self.name, reason)
        return Refusal(reason, detail, retry_after_s)


def _limit_words(gate: Gate, most: int) -> str:
    adaptive = gate.concurrency_limit
    what = "limit" if adaptive is None or adaptive > most else "adaptive limit"
    return f"{gate.name}: {gate.in_flight} requests in flight, its {what} in this worker is {most}"


def _are_all(retries: int, most: int | None) -> bool:
    return most is not None and retries >= most


def _words(transition: Transition, at_ns: int) -> str:
    state = transition.to.value.replace("_", "-")
    since = datetime.fromtimestamp(at_ns / SECOND_NS, UTC)
    return f"{state} since {since:%H:%M:%S}Z: {evidence_of(transition.cause, transition.requests, transition.failures)}"


def _seconds(duration_ns: int) -> int:
    return max(1, -(-duration_ns // SECOND_NS))
