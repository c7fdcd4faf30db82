"""The circuits of all upstreams as the whole gateway has them: the worst any worker has, since when, and with what evidence."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog

from gateway.model.breaker import CircuitCause, CircuitState, evidence_of
from gateway.model.clock import SECOND_NS
from gateway.model.snapshot import Snapshot
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.merging.gauges import Reading
from gateway.wire.changes import IncidentKind, IncidentView
from gateway.wire.control import CircuitChanged, OpenCircuit

FAMILIES: Final = (catalog.CIRCUIT_BREAKER_STATE,)

_BADNESS: Final = (CircuitState.CLOSED, CircuitState.HALF_OPEN, CircuitState.OPEN)
_KIND: Final[dict[CircuitState, IncidentKind]] = {
    CircuitState.OPEN: "circuit_opened",
    CircuitState.HALF_OPEN: "circuit_half_open",
    CircuitState.CLOSED: "circuit_closed",
}

_log = structlog.get_logger("sightline.circuits")


@dataclass(frozen=True, slots=True)
class CircuitStatus:
    """since_s: Unix time; None from the start. evidence: in words; empty from the start. workers: how many have it so."""

    state: CircuitState = CircuitState.CLOSED
    since_s: float | None = None
    reason: str = ""
    evidence: str = ""
    workers: int = 0


@dataclass(frozen=True, slots=True)
class WorkerCircuit:
    """One that is not closed, in one worker. opened_s: monotonic, when it was opened last; cause, requests, failures: what
    made it so."""

    state: CircuitState
    opened_s: float
    cause: CircuitCause
    requests: int
    failures: int


class TransitionCounter(Protocol):
    """The metrics store."""

    def count(self, instrument: Instrument, labels: tuple[str, ...], amount: float) -> None: ...


class IncidentList(Protocol):
    def add(
        self,
        kind: IncidentKind,
        subject: str,
        text: str,
        actor: str = "",
        revision: str = "",
        detail: Mapping[str, str | int | float] | None = None,
    ) -> IncidentView: ...


class Circuits:
    """By upstream. Changed on the supervisor's loop, read from any thread."""

    def __init__(
        self,
        counter: TransitionCounter,
        incidents: IncidentList,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Clocks in seconds, since the epoch and monotonic."""
        self._counter = counter
        self._incidents = incidents
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._of_workers: dict[str, dict[int, WorkerCircuit]] = {}
        """Those that are not closed. A worker that ends leaves them to its successor, which goes on with them."""
        self._states: dict[str, CircuitStatus] = {}
        self.version = 0
        """Grows with every change, so that what was made of it can be made anew."""

    def follow(self, snapshot: Snapshot) -> None:
        """This snapshot is running: what it does not break has no circuit any more."""
        names = [upstream.name for upstream in snapshot.upstreams if upstream.breaker is not None]
        with self._lock:
            self._states = {name: self._states.get(name, CircuitStatus()) for name in names}
        self._of_workers = {name: self._of_workers[name] for name in names if name in self._of_workers}
        self.version += 1

    def changed(self, worker: int, change: CircuitChanged) -> None:
        """A worker's circuit is in another state."""
        if change.upstream not in self._states:
            return  # The configuration has changed meanwhile.
        self._note(worker, change)
        evidence = evidence_of(change.cause, change.requests, change.failures)
        self._judge(change.upstream, change.cause.value, f"worker {worker}: {evidence}")

    def opened_in(self, worker: int) -> list[OpenCircuit]:
        """What this worker's successor begins with. One that is half-open has been open for long enough, and will be
        probed at once."""
        now_s = self._monotonic()
        return [
            OpenCircuit(
                upstream, known.cause, known.requests, known.failures, int((now_s - known.opened_s) * SECOND_NS)
            )
            for upstream, workers in self._of_workers.items()
            if (known := workers.get(worker)) is not None
        ]

    @property
    def standing(self) -> Mapping[str, tuple[CircuitStatus, Mapping[int, WorkerCircuit]]]:
        """Those that are not closed, with what each worker has."""
        return {name: (self._states[name], workers) for name, workers in self._of_workers.items() if workers}

    def restore(self, standing: Mapping[str, tuple[CircuitStatus, Mapping[int, WorkerCircuit]]]) -> None:
        """Before the first snapshot: as they stood in the program before this one, in workers that there are in this."""
        self._of_workers = {name: dict(workers) for name, (_, workers) in standing.items()}
        states = {name: self._with_workers(name, status) for name, (status, _) in standing.items()}
        with self._lock:
            self._states = states
        self.version += 1

    def of(self, upstream: str) -> CircuitStatus | None:
        """None where it has no breaker."""
        return self._states.get(upstream)

    def readings(self) -> Iterable[Reading]:
        """For a scrape."""
        with self._lock:
            states = dict(self._states)
        for upstream, status in states.items():
            for state in CircuitState:
                yield catalog.CIRCUIT_BREAKER_STATE, (upstream, state.value), int(status.state is state)

    def _note(self, worker: int, change: CircuitChanged) -> None:
        workers = self._of_workers.setdefault(change.upstream, {})
        if change.to is CircuitState.CLOSED:
            workers.pop(worker, None)
        elif change.to is CircuitState.HALF_OPEN and worker in workers:
            workers[worker] = replace(workers[worker], state=change.to)
        else:
            workers[worker] = WorkerCircuit(
                change.to, self._monotonic(), change.cause, change.requests, change.failures
            )

    def _judge(self, upstream: str, reason: str, evidence: str) -> None:
        before = self._states[upstream]
        after = self._with_workers(upstream, before)
        worst = after.state
        self.version += 1
        if worst is not before.state:
            after = CircuitStatus(worst, self._clock(), reason, evidence, after.workers)
        with self._lock:
            self._states[upstream] = after
        if worst is not before.state:
            self._tell(upstream, after)

    def _with_workers(self, upstream: str, status: CircuitStatus) -> CircuitStatus:
        """The worst that any of them has, and how many do."""
        states = [each.state for each in self._of_workers[upstream].values()]
        worst = max(states, key=_BADNESS.index, default=CircuitState.CLOSED)
        return replace(status, state=worst, workers=sum(state is worst for state in states))

    def _tell(self, upstream: str, status: CircuitStatus) -> None:
        self._counter.count(catalog.CIRCUIT_BREAKER_TRANSITIONS, (upstream, status.state.value, status.reason), 1)
        words = status.state.value.replace("_", "-")
        self._incidents.add(
            _KIND[status.state],
            upstream,
            f"the circuit of {upstream} is {words} ({status.evidence})",
            detail={"upstream": upstream, "reason": status.reason, "evidence": status.evidence},
        )
        _log.log(
            logging.INFO if status.state is CircuitState.CLOSED else logging.WARNING,
            "circuit_changed", upstream=upstream, to=status.state.value, reason=status.reason,
            evidence=status.evidence,
        )  # fmt: skip
