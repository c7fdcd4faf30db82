"""An upstream as it lives in a worker: its endpoints, which of them may be chosen, and what chooses among them."""

from collections.abc import Iterable, Sequence

from gateway.model.clock import monotonic_ns
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
    """

    __slots__ = (
        "_tiers",
        "_weights",
        "balancer",
        "balancers",
        "endpoints",
        "gate",
        "hash_on",
        "is_hashed",
        "is_plain",
        "name",
        "sessions",
        "upstream",
        "zone",
    )

    def __init__(
        self, upstream: Upstream, endpoints: list[LiveEndpoint], zone: str = "", gate: Gate | None = None
    ) -> None:
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
        for endpoint in endpoints:
            _measure(endpoint, is_wanted=upstream.balance is Balance.PEAK_EWMA)
        self._settle_endpoints()
        self._weights = self._weights_now()
        self._tiers: list[Tiers[LiveEndpoint]] = []
        self.balancers: dict[Labels, Balancer[LiveEndpoint]] = {}
        """By what routes ask for."""
        self._lay_out()
        self.balancer = self.balancers[_ALL]
        """Over all endpoints."""

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

    def may_retry(self, now_ns: int) -> bool:
        """Whether one more retry may be under way at it."""
        return self.gate is None or self.gate.may_retry(now_ns)

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
        upstream = self.upstream
        groups = [
            Tier(group, build_balancer(upstream.balance, group, upstream.hash_max_load))
            for group in self._groups(endpoints)
        ]
        if len(groups) == 1:
            return groups[0].balancer
        if not groups:
            return build_balancer(upstream.balance, endpoints, upstream.hash_max_load)
        tiers = Tiers(groups, upstream.failover_below)
        self._tiers.append(tiers)
        return tiers

    def _groups(self, endpoints: Iterable[LiveEndpoint]) -> Iterable[Sequence[LiveEndpoint]]:
        """In the order in which they serve: by priority, and within it the own zone first where it is preferred."""
        groups: dict[tuple[int, bool], list[LiveEndpoint]] = {}
        for endpoint in endpoints:
            declared = endpoint.endpoint
            is_elsewhere = self.upstream.prefer_zone and bool(self.zone) and declared.zone != self.zone
            groups.setdefault((declared.priority, is_elsewhere), []).append(endpoint)
        return [groups[order] for order in sorted(groups)]


def has_labels(labels: Labels, wanted: Labels) -> bool:
    """Whether an endpoint with these labels has all that are wanted."""
    return set(wanted) <= set(labels)


def _measure(endpoint: LiveEndpoint, *, is_wanted: bool) -> None:
    """Its latency, from now on or no more."""
    if is_wanted and endpoint.latency is None:
        endpoint.latency = estimate = LatencyEstimate()
        endpoint.watchers = (*endpoint.watchers, estimate)
    elif not is_wanted and endpoint.latency is not None:
        endpoint.latency = None
        endpoint.watchers = tuple(each for each in endpoint.watchers if not isinstance(each, LatencyEstimate))
