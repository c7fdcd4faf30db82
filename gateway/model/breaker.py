"""What an operator declares against an upstream that fails or is overrun: limits, a circuit breaker, an adaptive limit.

All of it holds for the upstream as a whole, in each worker; nothing acts that is not configured.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.model.clock import SECOND_NS


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    """Every request is refused."""
    HALF_OPEN = "half_open"
    """A few requests are let through, to see whether it is well again."""


class CircuitCause(StrEnum):
    """Why a circuit changed its state."""

    FAILURE_RATIO = "failure_ratio"
    WAITED = "waited"
    """It was open for as long as it is to be."""
    PROBE_FAILED = "probe_failed"
    PROBES_PASSED = "probes_passed"


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """Opens when, of at least `min_requests` in the window, this share failed; durations in nanoseconds."""

    failure_ratio: float = 0.5
    min_requests: int = 20
    window_ns: int = 10 * SECOND_NS
    open_for_ns: int = 5 * SECOND_NS
    half_open_requests: int = 3
    """How many may probe at a time, and how many have to pass."""


@dataclass(frozen=True, slots=True)
class ConcurrencySettings:
    """Bounds of a limit on requests in flight that finds its own size."""

    min: int = 4
    max: int = 1000


@dataclass(frozen=True, slots=True)
class UpstreamLimits:
    """None: no limit."""

    connections: int | None = None
    """Open to all endpoints together."""
    pending: int | None = None
    """Requests that wait for a connection."""
    requests: int | None = None
    """Attempts under way."""
    retries: int | None = None
    """Of those, the ones that are not the first of their request."""


NO_LIMITS: Final = UpstreamLimits()


def evidence_of(cause: CircuitCause, requests: int, failures: int) -> str:
    """What made a circuit change its state, in words: `57% of 124 requests failed`."""
    match cause:
        case CircuitCause.FAILURE_RATIO:
            return f"{failures / max(requests, 1):.0%} of {requests} requests failed"
        case CircuitCause.WAITED:
            return "it was open long enough; a few requests at a time probe it"
        case CircuitCause.PROBE_FAILED:
            return "a request that probed it failed"
        case CircuitCause.PROBES_PASSED:
            return f"{requests} requests that probed it passed"
