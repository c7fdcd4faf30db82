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
    """in_flight: attempts that hold or await one of its connections."""

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

    def attempt_ended(self, attempt: Attempt) -> None:
        """The one place that learns how every attempt ended; passive health will judge here."""
        self.in_flight -= 1
        if attempt.status:
            self.state = _HEALTHY
