"""What the admin API says of upstreams and their endpoints; as the other views (gateway.wire.views)."""

from typing import Literal

import msgspec

from gateway.wire.history import RecentView
from gateway.wire.views import EndpointState


class PartView(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable. Each class repeats kw_only, which msgspec does not hand down: every field is named when it is built."""


class OverrideView(PartView, frozen=True, kw_only=True):
    """What an operator decided about an endpoint beside the configuration; it ends with the gateway, or is undone."""

    kind: Literal["drained", "weight"]
    actor: str
    reason: str = ""
    """In their words."""
    since: str


class CheckView(PartView, frozen=True, kw_only=True):
    """One active check of an endpoint: when it was made, what came of it in a word, and the evidence: `503 in 12 ms`."""

    at: str
    result: Literal["ok", "connect_error", "timeout", "bad_status", "bad_body"]
    evidence: str = ""


class EndpointView(PartView, frozen=True, kw_only=True):
    """One address of an upstream and what all workers do with it."""

    address: str
    weight: int
    """The one in force: 0 while the endpoint is drained."""
    configured_weight: int = 1
    zone: str = ""
    priority: int = 0
    """Of its group: those of the lowest number serve while enough of them can."""
    labels: dict[str, str] = {}
    state: EndpointState = "healthy"
    reason: str = ""
    """Of the state, or what it overcame, from a closed list: `connect_error`, `timeout`, `bad_status`, `bad_body`, `passive`,
    `latency`, `dns`, `admin`; empty where it was so from the start."""
    note: str = ""
    """What there is to say about it: evidence, or the words of who did it."""
    actor: str = ""
    """Who brought it to this state, where somebody did."""
    since: str | None = None
    """When it came to this state; null where it was so from the start."""
    overrides: list[OverrideView] = []
    """What stands beside the configuration."""
    resolved: list[str] = []
    """Addresses behind a DNS name, as last resolved; for a literal address that one alone."""
    in_flight: int = 0
    pending: int = 0
    connections_active: int = 0
    connections_idle: int = 0
    requests: int = 0
    """Attempts since the gateway started; without those that found its queue full, which it was not asked with."""
    failures: int = 0
    """Those that speak against it: not what the client or the gateway ended."""
    recent: RecentView = RecentView()
    """Of attempts at it."""
    previous: RecentView | None = None
    spark: list[float] = []
    """Attempts a second, as the spark of a route."""
    checks: list[Literal["active", "passive"]] = []
    """What is configured to find out about its health; empty where its state is that of its traffic, names and operators."""
    last_check: CheckView | None = None
    """The active check made last; None before the first."""
    ejections: int = 0
    """How often it was ejected since it has been configured so."""
    ejected_until: str | None = None
    slow_start_share: float | None = None
    """The share of its weight it gets while it starts slowly; None once it gets all of it."""


class CircuitView(PartView, frozen=True, kw_only=True):
    """Of the whole upstream: the worst that any worker has."""

    state: Literal["closed", "open", "half_open"]
    reason: str = ""
    """Of the state: `failure_ratio`, `waited`, `probe_failed`, `probes_passed`; empty from the start."""
    evidence: str = ""
    """`worker 2: 57% of 124 requests failed`."""
    since: str | None = None
    workers: int = 0
    """How many have it so; 0 where it is closed in all."""


class LimitView(PartView, frozen=True, kw_only=True):
    """limit, used: of all workers together, each of which has its share; used: now."""

    kind: Literal["connections", "pending", "requests", "retries", "concurrency"]
    """concurrency: requests, by the limit that follows latency."""
    limit: int
    used: int


class UpstreamView(PartView, frozen=True, kw_only=True):
    name: str
    balance: Literal["round_robin", "least_request", "peak_ewma", "random", "consistent_hash"]
    hash_on: str | None
    """What consistent_hash looks at; None with the other balancers."""
    hash_max_load: float | None = None
    """How many times its share of what is in flight consistent_hash may give an endpoint; None: any."""
    prefer_zone: bool = False
    failover_below: float = 0.7
    sticky_cookie: str | None = None
    """Name of the cookie that leads a client back to its endpoint; None where there is none."""
    max_connections: int
    """Per endpoint and worker, as is max_pending."""
    max_pending: int
    connect_timeout_ms: float | None
    idle_timeout_ms: float | None
    endpoints: list[EndpointView]
    recent: RecentView = RecentView()
    """Of attempts at all its endpoints."""
    previous: RecentView | None = None
    spark: list[float] = []
    panic: bool = False
    """Whether all its endpoints are used, because too few of them are usable."""
    panic_below: float | None = None
    """The share of usable endpoints below which that is so; None where nothing is checked."""
    circuit: CircuitView | None = None
    """null where it has no breaker."""
    limits: list[LimitView] = []
    """Of all its endpoints together; those that are configured."""


class UpstreamListView(PartView, frozen=True, kw_only=True):
    revision: str
    upstreams: list[UpstreamView]
    window_s: int = 60
    """Of `recent`; `at` is when it ended if that was asked for, None for now."""
    at: str | None = None
