"""Which state every endpoint is in, and why: the one place where that is decided.

Today's evidence is what operators decided and names: a drained endpoint gets nothing, and one whose name has never had an
address cannot be reached. Health checks will bring theirs here, so that metrics, views and incidents cannot disagree.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol, get_args

from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint
from gateway.runtime.incidents import EndpointChange
from gateway.runtime.overrides import Decision, Overrides
from gateway.runtime.resolver import Resolved, needs_lookup
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.labels import OVERFLOW
from gateway.telemetry.merging.gauges import Reading
from gateway.telemetry.merging.overflow import EndpointLabels
from gateway.wire.views import EndpointState

FAMILIES: Final = (catalog.UPSTREAM_ENDPOINT_UP, catalog.UPSTREAM_ENDPOINTS)
DNS: Final = "dns"
ADMIN: Final = "admin"
"""Reasons of a transition: names, and operators; the others will be connect_error, timeout, bad_status and passive."""

_STATES: Final[tuple[EndpointState, ...]] = get_args(EndpointState)
_CHANGE: Final[dict[EndpointState, EndpointChange]] = {
    "healthy": "up",
    "unhealthy": "down",
    "ejected": "down",
    "draining": "draining",
}


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """reason: why it is not healthy, or what made it so again; empty from the start. actor: who did it, where somebody
    did; note: what there is to say about it. since_s: Unix time; None from the start."""

    state: EndpointState
    reason: str = ""
    actor: str = ""
    note: str = ""
    since_s: float | None = None


HEALTHY: Final = EndpointStatus("healthy")


class TransitionCounter(Protocol):
    """The metrics store."""

    def count(self, instrument: Instrument, labels: tuple[str, ...], amount: float) -> None: ...


class TransitionObserver(Protocol):
    """The time line of incidents."""

    def endpoint_changed(
        self, upstream: str, endpoint: str, to: EndpointChange, reason: str, evidence: str = "", actor: str = ""
    ) -> None: ...


class EndpointStates:
    """States by upstream and address. Changed on the supervisor's loop, read from any thread."""

    def __init__(
        self,
        counter: TransitionCounter,
        observer: TransitionObserver,
        overrides: Overrides,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._counter = counter
        self._observer = observer
        self.overrides = overrides
        self._clock = clock
        self._lock = threading.Lock()
        self._labels = EndpointLabels()
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self._states: dict[tuple[str, str], EndpointStatus] = {}
        self._upstreams: tuple[str, ...] = ()
        self.addresses: Resolved = {}
        """Of the names, as last looked up."""
        self._addressed: set[str] = set()
        """Endpoints whose name has had an address: what is known of a name is kept when it does not resolve any more."""

    def follow(self, snapshot: Snapshot, resolved: Resolved) -> None:
        """This snapshot is running, with these addresses of its names."""
        endpoints = {(up.name, point.address): point for up in snapshot.upstreams for point in up.endpoints}
        with self._lock:
            self._labels.configure(snapshot)
            self._upstreams = tuple(upstream.name for upstream in snapshot.upstreams)
            self._states = {key: status for key, status in self._states.items() if key in endpoints}
            self._endpoints = endpoints
        self.overrides.follow(snapshot)
        self._addressed &= {address for _, address in endpoints}
        for (upstream, address), endpoint in endpoints.items():
            if needs_lookup(endpoint):
                for status in (EndpointStatus("healthy", DNS), EndpointStatus("unhealthy", DNS)):
                    self._count(upstream, address, status, 0)
        self.resolved(resolved)

    def resolved(self, resolved: Resolved) -> None:
        """Names have been looked up."""
        self.addresses = resolved
        self._addressed |= {address for address, found in resolved.items() if found}
        for key in list(self._endpoints):
            self._judge(key)

    def decided(self, key: tuple[str, str], decision: Decision) -> None:
        """An operator has changed what stands for this endpoint."""
        if key in self._endpoints:
            self._judge(key, decision)

    def of(self, upstream: str, address: str) -> EndpointStatus:
        return self._states.get((upstream, address), HEALTHY)

    def knows(self, key: tuple[str, str]) -> bool:
        """Whether the workers have such an endpoint."""
        return key in self._endpoints

    def is_reachable(self, key: tuple[str, str]) -> bool:
        """Whether it could get requests if no operator had anything against it."""
        endpoint = self._endpoints.get(key)
        return endpoint is not None and (not needs_lookup(endpoint) or key[1] in self._addressed)

    def readings(self) -> Iterable[Reading]:
        """For a scrape: each endpoint, and the number in each state of each upstream."""
        with self._lock:
            upstreams, states = self._upstreams, dict(self._states)
        counts = {(upstream, state): 0 for upstream in upstreams for state in _STATES}
        for (upstream, address), status in states.items():
            counts[upstream, status.state] += 1
            if self._labels.of(upstream, address) != OVERFLOW:
                yield catalog.UPSTREAM_ENDPOINT_UP, (upstream, address), int(status.state == "healthy")
        for labels, count in counts.items():
            yield catalog.UPSTREAM_ENDPOINTS, labels, count

    def _judge(self, key: tuple[str, str], decision: Decision | None = None) -> None:
        """All the evidence there is of one endpoint, weighed. decision: what made it necessary, if somebody did."""
        before = self._states.get(key)
        after = self._weigh(key, before, decision)
        if before is not None and before.state == after.state:
            return
        if before is not None or after.state != "healthy":
            after = replace(after, since_s=self._clock())
        with self._lock:
            self._states[key] = after
        if after.since_s is not None:
            self._tell(*key, after)

    def _weigh(self, key: tuple[str, str], before: EndpointStatus | None, decision: Decision | None) -> EndpointStatus:
        drained = self.overrides.of(key).drained
        if drained is not None:
            return EndpointStatus("draining", ADMIN, drained.actor, drained.reason)
        if not self.is_reachable(key):
            return EndpointStatus("unhealthy", DNS, note="its name has no address")
        if before is None or before.state == "healthy":
            return HEALTHY
        if decision is not None:
            return EndpointStatus("healthy", ADMIN, decision.actor, decision.reason)
        return EndpointStatus("healthy", DNS, note="its name has an address")

    def _tell(self, upstream: str, address: str, status: EndpointStatus) -> None:
        self._count(upstream, address, status, 1)
        to = _CHANGE[status.state]
        self._observer.endpoint_changed(upstream, address, to, status.reason, status.note, status.actor)

    def _count(self, upstream: str, address: str, status: EndpointStatus, amount: int) -> None:
        labels = (upstream, self._labels.of(upstream, address), status.state, status.reason)
        self._counter.count(catalog.UPSTREAM_TRANSITIONS, labels, amount)
