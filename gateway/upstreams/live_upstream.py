"""An upstream as it lives in a worker: its endpoints, which of them may be chosen, and what chooses among them."""

from collections.abc import Callable

from gateway.model.clock import monotonic_ns
from gateway.model.exchange import Attempt
from gateway.model.upstream import Balance, Labels, Upstream
from gateway.upstreams.availability import settle_available, settle_weights, why_none
from gateway.upstreams.balancing.balancer import Balancer, build_balancer
from gateway.upstreams.balancing.sessions import Sessions
from gateway.upstreams.balancing.tiers import Tier, Tiers
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.gating.gate import Gate
from gateway.upstreams.latency import LatencyEstimate

_ALL: Labels = ()


class LiveUpstream:
    """Made by the directory for a configuration; endpoints that stay are those of the one before.

    zone: where this gateway runs. is_plain: whether a choice needs to know nothing of the request.
    has_begun: whether its endpoints go by it, which those of the form before it do not until it is in force.
    """

    __slots__ = (
        "_tiers",
        "_weights",
        "balancer",
        "balancers",
        "endpoints",
        "gate",
        "has_begun",
        "hash_on",
        "is_hashed",
        "is_plain",
        "name",
        "sessions",
        "upstream",
        "zone",
    )

    def __init__(
        self,
        upstream: Upstream,
        endpoints: list[LiveEndpoint],
        zone: str = "",
        gate: Gate | None = None,
        *,
        begins: bool = True,
    ) -> None:
        """begins: whether it is in force at once; otherwise `begin` is called when it is."""
        self.upstream = upstream
        self.gate = gate
        """What may refuse a request; None where nothing is configured that would."""
        self.name = upstream.name
        self.zone = zone
        self.hash_on = upstream.hash_on
        self.is_hashed = upstream.balance is Balance.CONSISTENT_HASH
        self.sessions = None if upstream.sticky is None else Sessions(upstream.name, upstream.sticky, endpoints)
        self.is_plain = not self.is_hashed and self.sessions is None
        self.endpoints = endpoints
        self.has_begun = begins
        if begins:
            self._measure()
            self._settle_endpoints()
        self._weights = self._weights_now()
        self._tiers: list[Tiers[LiveEndpoint]] = []
        self.balancers: dict[Labels, Balancer[LiveEndpoint]] = {}
        """By what routes ask for."""
        self._lay_out()
        self.balancer = self.balancers[_ALL]
        """Over all endpoints."""

    def begin(self) -> None:
        """It is in force from now on."""
        self.has_begun = True
        self._measure()
        self.settle()

    def _measure(self) -> None:
        for endpoint in self.endpoints:
            _measure(endpoint, is_wanted=self.upstream.balance is Balance.PEAK_EWMA)

    def settle(self) -> None:
        """What is known of an endpoint has changed: decide anew which may be chosen, and lay the balancers out anew if
        they have other weights by now; whoever chooses next is given these."""
        self._settle_endpoints()
        weights = self._weights_now()
        if weights != self._weights:
            self._weights = weights
            self._lay_out()
            self.balancer = self.balancers[_ALL]
        for tiers in self._tiers:
            tiers.settle()

    def find(self, address: str) -> LiveEndpoint | None:
        return next((endpoint for endpoint in self.endpoints if endpoint.address == address), None)

    def may_retry(self, now_ns: int, failed: Attempt | None = None) -> bool:
        """Whether one more retry may be under way at it. failed: the attempt that it would follow, and not go beside."""
        return self.gate is None or self.gate.may_retry(now_ns, failed)

    @property
    def is_ramping(self) -> bool:
        """Whether one of its endpoints starts slowly, so that it has to be settled again soon."""
        return any(endpoint.ramp_ns for endpoint in self.endpoints)

    def why_none(self, labels: Labels) -> str:
        """For the record, when no endpoint with these labels could be chosen."""
        wanted = [endpoint for endpoint in self.endpoints if has_labels(endpoint.endpoint.labels, labels)]
        return why_none(wanted, self.upstream.health)

    def _settle_endpoints(self) -> None:
        settle_available(self.endpoints, self.upstream.health, self.upstream.failover_below)
        settle_weights(self.endpoints, monotonic_ns())

    def _weights_now(self) -> list[int]:
        return [endpoint.weight for endpoint in self.endpoints]

    def _lay_out(self) -> None:
        self._tiers = []
        self.balancers = {
            labels: self._build(
                [endpoint for endpoint in self.endpoints if has_labels(endpoint.endpoint.labels, labels)]
            )
            for labels in (_ALL, *self.upstream.subsets)
        }

    def _build(self, endpoints: list[LiveEndpoint]) -> Balancer[LiveEndpoint]:
        """By priority, and within each group by zone: what a group can carry depends on all of it."""
        by_priority: dict[int, list[LiveEndpoint]] = {}
        for endpoint in endpoints:
            by_priority.setdefault(endpoint.endpoint.priority, []).append(endpoint)
        groups = [by_priority[priority] for priority in sorted(by_priority)]
        return self._in_turn(groups, self._build_group)

    def _build_group(self, group: list[LiveEndpoint]) -> Balancer[LiveEndpoint]:
        upstream = self.upstream
        zone = self.zone if upstream.prefer_zone else ""
        near = [endpoint for endpoint in group if not zone or endpoint.endpoint.zone == zone]
        far = [endpoint for endpoint in group if zone and endpoint.endpoint.zone != zone]
        return self._in_turn(
            [part for part in (near, far) if part],
            lambda part: build_balancer(upstream.balance, part, upstream.hash_max_load),
        )

    def _in_turn(
        self, groups: list[list[LiveEndpoint]], build: Callable[[list[LiveEndpoint]], Balancer[LiveEndpoint]]
    ) -> Balancer[LiveEndpoint]:
        """What chooses among groups that serve in this order."""
        if len(groups) <= 1:
            return build(groups[0] if groups else [])
        tiers = Tiers([Tier(group, build(group)) for group in groups], self.upstream.failover_below)
        self._tiers.append(tiers)
        return tiers


def has_labels(labels: Labels, wanted: Labels) -> bool:
    """Whether an endpoint with these labels has all that are wanted."""
    return set(wanted) <= set(labels)


def _measure(endpoint: LiveEndpoint, *, is_wanted: bool) -> None:
    """Its latency, from now on or no more."""
    if is_wanted and endpoint.latency is None:
        endpoint.latency = estimate = LatencyEstimate()
        endpoint.watch(LatencyEstimate, estimate)
    elif not is_wanted and endpoint.latency is not None:
        endpoint.latency = None
        endpoint.watch(LatencyEstimate, None)
