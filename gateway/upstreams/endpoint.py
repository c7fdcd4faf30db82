"""One endpoint as it lives in a worker: its pool, its load, and whether it may be chosen."""

from typing import Protocol

from gateway.model.exchange import Attempt
from gateway.model.upstream import Endpoint
from gateway.upstreams.balancing.balancer import Estimate
from gateway.upstreams.pool import Pool


class AttemptWatcher(Protocol):
    """Whoever has to know how attempts at an endpoint end: it judges the endpoint, or counts against a limit."""

    def attempt_ended(self, endpoint: "LiveEndpoint", attempt: Attempt) -> None:
        """Called once for each, on the way of the request: it must not wait, and should not allocate.

        Whether the endpoint failed is model.outcome.is_endpoint_failure of the attempt's reason.
        """


class LiveEndpoint:
    """in_flight: attempts that hold or await one of its connections. weight: the one in force; 0 while it is drained.

    is_available is its upstream's to set (LiveUpstream.settle), from all that is known of it and of the others.
    """

    __slots__ = (
        "address",
        "endpoint",
        "in_flight",
        "is_available",
        "is_drained",
        "latency",
        "pool",
        "upstream",
        "watchers",
        "weight",
    )

    def __init__(self, upstream: str, endpoint: Endpoint, pool: Pool) -> None:
        self.upstream = upstream
        self.endpoint = endpoint
        self.address = endpoint.address
        self.weight = endpoint.weight
        self.pool = pool
        self.in_flight = 0
        self.is_available = True
        self.is_drained = False
        self.latency: Estimate | None = None
        """Where the upstream is balanced by it."""
        self.watchers: tuple[AttemptWatcher, ...] = ()
        """None where nothing is configured that would judge it: most endpoints pay nothing."""

    def override(self, *, is_drained: bool, weight: int | None) -> None:
        """What an operator wants of it, whatever the configuration says. weight: None for the configured one.

        A drained endpoint is never chosen: attempts under way go on, and connections close as they fall idle.
        """
        configured = self.endpoint.weight if weight is None else weight
        self.weight = 0 if is_drained else configured
        self.is_drained = is_drained
        if is_drained:
            self.pool.retire("drained")
        else:
            self.pool.reopen()

    def attempt_ended(self, attempt: Attempt) -> None:
        """The one place that learns how every attempt ended."""
        self.in_flight -= 1
        for watcher in self.watchers:
            watcher.attempt_ended(self, attempt)
