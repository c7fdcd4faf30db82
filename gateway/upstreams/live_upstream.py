"""An upstream as it lives in a worker: its endpoints, which of them may be chosen, and what chooses among them."""

from gateway.model.upstream import Balance, Upstream
from gateway.upstreams.balancing.balancer import Balancer, build_balancer
from gateway.upstreams.endpoint import LiveEndpoint


class LiveUpstream:
    """Made by the directory for a configuration; endpoints that stay are those of the one before."""

    __slots__ = ("_weights", "balancer", "endpoints", "hash_on", "is_hashed", "name", "upstream")

    def __init__(self, upstream: Upstream, endpoints: list[LiveEndpoint]) -> None:
        self.upstream = upstream
        self.name = upstream.name
        self.hash_on = upstream.hash_on
        self.is_hashed = upstream.balance is Balance.CONSISTENT_HASH
        self.endpoints = endpoints
        self._weights = self._weights_now()
        self.balancer: Balancer[LiveEndpoint] = build_balancer(upstream.balance, endpoints)
        self.settle()

    def settle(self) -> None:
        """What is known of an endpoint has changed: decide anew which may be chosen, and lay the balancer out anew if
        they have other weights by now; whoever chooses next is given these."""
        for endpoint in self.endpoints:
            endpoint.is_available = not endpoint.is_drained
        weights = self._weights_now()
        if weights != self._weights:
            self._weights = weights
            self.balancer = build_balancer(self.upstream.balance, self.endpoints)

    def _weights_now(self) -> list[int]:
        return [endpoint.weight for endpoint in self.endpoints]
