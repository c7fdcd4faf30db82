"""Which state every endpoint is in, and why: the one place where that is decided.

Evidence comes from operators, names, active checks and the traffic (gateway.runtime.health); what follows from it is told
from here to metrics, views, incidents and workers, which therefore cannot disagree.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final, Protocol, get_args

from gateway.model.health import CheckKind, CheckResult
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.health.checking import Finding
from gateway.runtime.health.ejections import EjectionRecord
from gateway.runtime.health.verdict import Verdict
from gateway.runtime.incidents import EndpointChange
from gateway.runtime.overrides import Decision, Key, Overrides
from gateway.runtime.resolver import Resolved
from gateway.runtime.vitals.groups import Group, groups_of
from gateway.runtime.vitals.weighing import DNS, HEALTHY, EndpointStatus, Known, carried_over, overcome, weigh
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.labels import OVERFLOW
from gateway.telemetry.merging.gauges import Reading
from gateway.telemetry.merging.overflow import EndpointLabels
from gateway.wire.views import EndpointState

FAMILIES: Final = (catalog.UPSTREAM_ENDPOINT_UP, catalog.UPSTREAM_ENDPOINTS, catalog.UPSTREAM_PANIC)

_STATES: Final[tuple[EndpointState, ...]] = get_args(EndpointState)
_CHANGE: Final[dict[EndpointState, EndpointChange]] = {
    "healthy": "up",
    "unknown": "up",
    "unhealthy": "down",
    "ejected": "ejected",
    "draining": "draining",
}


class TransitionCounter(Protocol):
    """The metrics store."""

    def count(self, instrument: Instrument, labels: tuple[str, ...], amount: float) -> None: ...


class TransitionObserver(Protocol):
    """The time line of incidents."""

    def endpoint_changed(
        self, upstream: str, endpoint: str, to: EndpointChange, reason: str, evidence: str = "", actor: str = ""
    ) -> None: ...

    def panic_changed(self, upstream: str, usable: int, wanted: int, *, is_panic: bool) -> None: ...


class EndpointStates:
    """States by upstream and address. Changed on the supervisor's loop, read from any thread."""

    def __init__(
        self,
        counter: TransitionCounter,
        observer: TransitionObserver,
        overrides: Overrides,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Clocks in seconds, since the epoch and monotonic."""
        self._counter = counter
        self._observer = observer
        self.overrides = overrides
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._labels = EndpointLabels()
        self._known: dict[Key, Known] = {}
        self._states: dict[Key, EndpointStatus] = {}
        self._groups: dict[str, Group] = {}
        self._unanswered: set[Key] = set()
        self.addresses: Resolved = {}
        """Of the names, as last looked up."""
        self._addressed: set[str] = set()
        """Endpoints whose name has had an address: what is known of a name is kept when it does not resolve any more."""
        self.on_change: Callable[[str], None] = lambda _upstream: None
        """Told the upstream whose workers have to know of a change."""

    def follow(
        self,
        snapshot: Snapshot,
        resolved: Resolved,
        verdicts: Mapping[Key, Verdict] | None = None,
        ejected: Mapping[Key, EjectionRecord] | None = None,
    ) -> None:
        """This snapshot is running, with these addresses of its names. verdicts: of those that are checked. ejected: of those
        that are new here, what is known from before."""
        known = {
            (up.name, point.address): self._carried_over(up, point)
            for up in snapshot.upstreams
            for point in up.endpoints
        }
        for key, each in known.items():
            each.verdict = (verdicts or {}).get(key)
            if each.health.passive is not None and each.ejections is None:
                each.ejections = (ejected or {}).get(key) or EjectionRecord()
        before = self._groups
        states = {key: status for key, status in self._states.items() if key in known}
        groups = groups_of(snapshot, before, lambda upstream, address: states.get((upstream, address)))
        with self._lock:
            self._labels.configure(snapshot)
            self._known, self._states, self._groups = known, states, groups
        self._unanswered = {key for key, each in known.items() if not each.was_answered}
        self.overrides.follow(snapshot)
        self._addressed &= {address for _, address in known}
        for (upstream, address), each in known.items():
            if each.is_named:
                for status in (EndpointStatus("healthy", DNS), EndpointStatus("unhealthy", DNS)):
                    self._count(upstream, address, status, 0)
        self.resolved(resolved)
        for upstream, group in (before | groups).items():
            if group.concerns_workers or (upstream in before and before[upstream].concerns_workers):
                self.on_change(upstream)

    def _carried_over(self, upstream: Upstream, endpoint: Endpoint) -> Known:
        before, starts_slowly = self._known.get((upstream.name, endpoint.address)), upstream.health.slow_start_ns > 0
        is_new = before is None and upstream.name in self._groups
        return carried_over(before, endpoint, upstream.health, self._monotonic() if is_new and starts_slowly else None)

    def resolved(self, resolved: Resolved) -> None:
        """Names have been looked up."""
        self.addresses = resolved
        self._addressed |= {address for address, found in resolved.items() if found}
        for key, known in list(self._known.items()):
            known.is_addressed = not known.is_named or key[1] in self._addressed
            self._judge(key)
        for upstream in self._groups:
            self._settle_panic(upstream)

    def decided(self, key: Key, decision: Decision) -> None:
        """An operator has changed what stands for this endpoint."""
        if key in self._known:
            self.reconsider(key, decision)

    def checked(self, key: Key, verdict: Verdict, finding: Finding) -> None:
        """An active check was made; `verdict` has been renewed by it."""
        known = self._known.get(key)
        if known is None or finding.result is None:
            return
        known.verdict = verdict
        self.count_check(key, CheckKind.ACTIVE, finding.result)
        state = self._states[key].state
        # What is ejected may be found down as well, and then that is what it is.
        if verdict.is_up is not None and (state == "unknown" or (not verdict.is_up) is not (state == "unhealthy")):
            self.reconsider(key)

    def answered(self, keys: Collection[Key]) -> None:
        """Attempts at these endpoints have had answers."""
        for key in self._unanswered.intersection(keys):
            self._unanswered.discard(key)
            self._known[key].was_answered = True
            self.reconsider(key)

    @property
    def awaits_answers(self) -> bool:
        """Whether there are endpoints of which nothing is known but by their traffic."""
        return bool(self._unanswered)

    def reconsider(self, key: Key, decision: Decision | None = None) -> None:
        """Something is known of this endpoint that was not. decision: what made it necessary, if somebody did."""
        self._judge(key, decision)
        self._settle_panic(key[0])

    def of(self, upstream: str, address: str) -> EndpointStatus:
        return self._states.get((upstream, address), HEALTHY)

    def known_of(self, key: Key) -> Known | None:
        """What its state follows from; None if there is no such endpoint."""
        return self._known.get(key)

    @property
    def ejections(self) -> Mapping[Key, EjectionRecord]:
        """Of those that have ever been ejected."""
        return {key: each.ejections for key, each in self._known.items() if each.ejections and each.ejections.count}

    def group(self, upstream: str) -> Group | None:
        """The endpoints of an upstream together."""
        return self._groups.get(upstream)

    def knows(self, key: Key) -> bool:
        """Whether the workers have such an endpoint."""
        return key in self._known

    def is_reachable(self, key: Key) -> bool:
        """Whether it could get requests if no operator had anything against it."""
        known = self._known.get(key)
        return known is not None and weigh(known, None).is_in_rotation

    def count_check(self, key: Key, kind: CheckKind, result: CheckResult) -> None:
        """A check of this endpoint came to this."""
        labels = (key[0], self._labels.of(*key), kind.value, result.value)
        self._counter.count(catalog.HEALTH_CHECKS, labels, 1)

    def readings(self) -> Iterable[Reading]:
        """For a scrape: each endpoint, and the number in each state of each upstream."""
        with self._lock:
            groups, states = self._groups, dict(self._states)
        for (upstream, address), status in states.items():
            if self._labels.of(upstream, address) != OVERFLOW:
                yield catalog.UPSTREAM_ENDPOINT_UP, (upstream, address), int(status.is_in_rotation)
        for upstream, group in groups.items():
            yield catalog.UPSTREAM_PANIC, (upstream,), int(group.is_in_panic)
            for state in _STATES:
                yield catalog.UPSTREAM_ENDPOINTS, (upstream, state), group.states[state]

    def _judge(self, key: Key, decision: Decision | None = None) -> None:
        """All the evidence there is of one endpoint, weighed. decision: what made it necessary, if somebody did."""
        known, before = self._known[key], self._states.get(key)
        after = weigh(known, self.overrides.of(key).drained)
        was_in_rotation = before is None or before.is_in_rotation
        if before is not None and before.state == after.state:
            if not was_in_rotation and before.reason != after.reason:
                self._states[key] = replace(after, since_s=before.since_s)
            return
        if before is not None and not was_in_rotation and after.is_in_rotation:
            after = replace(overcome(before, known, decision), state=after.state)
            known.came_back_s = self._monotonic()
        is_told = not (was_in_rotation and after.is_in_rotation)
        if before is not None or is_told:
            after = replace(after, since_s=self._clock())
        self._put(key, before, after)
        if is_told:
            self._tell(key, after)

    def _put(self, key: Key, before: EndpointStatus | None, after: EndpointStatus) -> None:
        group = self._groups[key[0]]
        with self._lock:
            self._states[key] = after
            group.count(key[1], None if before is None else before.state, after.state)

    def _tell(self, key: Key, status: EndpointStatus) -> None:
        self._count(*key, status, 1)
        self._observer.endpoint_changed(*key, _CHANGE[status.state], status.reason, status.note, status.actor)
        if self._groups[key[0]].concerns_workers:
            self.on_change(key[0])

    def _settle_panic(self, upstream: str) -> None:
        group = self._groups[upstream]
        if group.settle():
            self._observer.panic_changed(upstream, group.usable, group.wanted, is_panic=group.is_in_panic)

    def _count(self, upstream: str, address: str, status: EndpointStatus, amount: int) -> None:
        to = "healthy" if status.is_in_rotation else status.state
        labels = (upstream, self._labels.of(upstream, address), to, status.reason)
        self._counter.count(catalog.UPSTREAM_TRANSITIONS, labels, amount)
