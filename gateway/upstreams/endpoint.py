"""One endpoint as it lives in a worker: its pool, its load, and whether it may be chosen."""

from enum import StrEnum

from gateway.model.exchange import Attempt
from gateway.model.upstream import Endpoint
from gateway.upstreams.pool import Pool


class EndpointState(StrEnum):
    """UNKNOWN: nothing has been learnt yet; it is tried. HEALTHY: its last attempt was answered."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"


_HEALTHY = EndpointState.HEALTHY


class LiveEndpoint:
    """in_flight: attempts that hold or await one of its connections. weight: the one in force; 0 while it is drained."""

    __slots__ = ("address", "endpoint", "in_flight", "is_available", "pool", "state", "upstream", "weight")

    def __init__(self, upstream: str, endpoint: Endpoint, pool: Pool) -> None:
        self.upstream = upstream
        self.endpoint = endpoint
        self.address = endpoint.address
        self.weight = endpoint.weight
        self.pool = pool
        self.in_flight = 0
        self.is_available = True
        self.state = EndpointState.UNKNOWN

    def override(self, *, is_drained: bool, weight: int | None) -> None:
        """What an operator wants of it, whatever the configuration says. weight: None for the configured one.

        A drained endpoint is never chosen: attempts under way go on, and connections close as they fall idle.
        """
        configured = self.endpoint.weight if weight is None else weight
        self.weight = 0 if is_drained else configured
        self.is_available = not is_drained
        if is_drained:
            self.pool.retire("drained")
        else:
            self.pool.reopen()

    def attempt_ended(self, attempt: Attempt) -> None:
        """The one place that learns how every attempt ended; passive health will judge here."""
        self.in_flight -= 1
        if attempt.status:
            self.state = _HEALTHY
