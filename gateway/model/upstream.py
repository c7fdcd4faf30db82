"""What an operator declares about a group of endpoints and how requests are spread over them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from gateway.model.breaker import NO_LIMITS, BreakerSettings, ConcurrencySettings, UpstreamLimits
from gateway.model.clock import NEVER_NS, SECOND_NS
from gateway.model.health import UNCHECKED, Health


class Balance(StrEnum):
    ROUND_ROBIN = "round_robin"
    LEAST_REQUEST = "least_request"
    RANDOM = "random"
    CONSISTENT_HASH = "consistent_hash"
    PEAK_EWMA = "peak_ewma"


Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values, sorted by name."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of an upstream. Either `host` and `port`, or `unix_path`, is set.

    `address` is the text from the configuration and the label in all telemetry.
    """

    address: str
    host: str = ""
    port: int = 0
    unix_path: str | None = None
    weight: int = 1
    zone: str = ""
    """Where it runs; empty where that is not said."""
    priority: int = 0
    """Of its group: those of the lowest number serve while enough of them can."""
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Per endpoint of one gateway process; durations in nanoseconds."""

    max: int = 256
    max_pending: int = 512
    connect_timeout_ns: int = 1 * SECOND_NS
    idle_timeout_ns: int = 30 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Sticky:
    """A cookie that leads a client back to the endpoint that answered it before.

    secret: what the cookie's value is signed with. lifetime_ns: NEVER_NS for as long as the browser runs.
    """

    cookie: str
    secret: str
    lifetime_ns: int = NEVER_NS
    is_secure: bool = False
    """Whether browsers shall send it back over TLS only."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A named group of endpoints.

    `hash_on` feeds consistent_hash: `client_address`, `path`, `host`, `header:NAME`, `query:NAME` or `cookie:NAME`.
    """

    name: str
    endpoints: tuple[Endpoint, ...]
    balance: Balance = Balance.LEAST_REQUEST
    hash_on: str = "client_address"
    connections: ConnectionLimits = ConnectionLimits()
    hash_max_load: float | None = None
    """How many times its share of what is in flight consistent_hash may give an endpoint; None: any."""
    prefer_zone: bool = False
    """Whether endpoints in the gateway's own zone come before the others."""
    failover_below: float = 0.7
    """Share of a group's weight below which the next group takes over in part, in proportion to what is missing."""
    sticky: Sticky | None = None
    subsets: tuple[Labels, ...] = ()
    """What routes ask for: each leads to the endpoints that have all these labels."""
    limits: UpstreamLimits = NO_LIMITS
    breaker: BreakerSettings | None = None
    concurrency: ConcurrencySettings | None = None
    health: Health = UNCHECKED
