"""What an operator declares about a route: which requests it takes and what becomes of them."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.clock import NEVER_NS, SECOND_NS
from gateway.model.retry import Retries
from gateway.model.tracing import TraceFormat, TrustIncoming
from gateway.model.upstream import Labels


class PathKind(StrEnum):
    """In order of precedence; ANY stands for a route without a path predicate."""

    EXACT = "exact"
    TEMPLATE = "template"
    PREFIX = "prefix"
    REGEX = "regex"
    ANY = "any"


class Criticality(StrEnum):
    """Who goes on being served longest when there is not enough for all."""

    CRITICAL = "critical"
    NORMAL = "normal"
    SHEDDABLE = "sheddable"


class ValueKind(StrEnum):
    EXACT = "exact"
    REGEX = "regex"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object was defined, for errors and explanations."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """A predicate on one header field or query parameter. Header names are in lower case."""

    name: str
    kind: ValueKind
    value: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """All predicates of a route; every one that is set must hold.

    hosts: lower case, without port; `*.example.org` is a wildcard for one or more labels; empty means any.
    path: as configured and normalised; its meaning is given by path_kind.
    clients: CIDRs of the client address; empty means any. listeners: names; empty means all.
    """

    hosts: tuple[str, ...] = ()
    path_kind: PathKind = PathKind.ANY
    path: str = ""
    methods: tuple[str, ...] = ()
    headers: tuple[ValueMatch, ...] = ()
    query: tuple[ValueMatch, ...] = ()
    clients: tuple[str, ...] = ()
    listeners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderEdit:
    """`remove` first, then `set` (replaces every field of that name), then `add`. Names keep the operator's case."""

    set: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Edits of the forwarded request. `path` replaces the whole path and may name template parameters as `{name}`;
    `path_prefix` replaces the matched prefix."""

    path: str | None = None
    path_prefix: str | None = None
    host: str | None = None
    headers: HeaderEdit | None = None
    response_headers: HeaderEdit | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answer with a Location; parts left out are kept from the request."""

    status: int = 302
    scheme: str | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    path_prefix: str | None = None
    keep_query: bool = True


@dataclass(frozen=True, slots=True)
class Respond:
    """A fixed answer made by the gateway."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class WeightedUpstream:
    upstream: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class RouteTimeouts:
    """Nanoseconds; NEVER_NS where the configuration says `none`."""

    request_ns: int = NEVER_NS
    """From the first byte of the request to the last of its answer."""
    first_byte_ns: int = 15 * SECOND_NS
    """From the end of the forwarded request to the first byte of the answer."""
    upstream_idle_ns: int = 60 * SECOND_NS
    """Between two pieces of an answer, and of a tunnel in either direction."""
    deadline_header: str | None = None
    """The field, in lower case, that tells the upstream how many milliseconds are left; None: it is not told."""


@dataclass(frozen=True, slots=True)
class FaultDelay:
    """Hold a share of the requests back, 0 to 1, before they are forwarded; of those alone whose headers match."""

    share: float
    duration_ns: int
    headers: tuple[ValueMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultAbort:
    """Answer a share of the requests, 0 to 1, with this status instead of forwarding them."""

    share: float
    status: int = 503
    headers: tuple[ValueMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Faults:
    """What is injected into a route's requests to find out what then happens (a game day).

    Both are drawn independently; a request that both hit is held back and then aborted.
    """

    delay: FaultDelay | None = None
    abort: FaultAbort | None = None


@dataclass(frozen=True, slots=True)
class LatencyObjective:
    """`target_ratio` of requests shall end within `under_ns`."""

    target_ratio: float
    under_ns: int


@dataclass(frozen=True, slots=True)
class Slo:
    availability_ratio: float | None = None
    latency: LatencyObjective | None = None


@dataclass(frozen=True, slots=True)
class RouteTraces:
    """What a route says of its traces; None is what the telemetry settings say."""

    sample_ratio: float | None = None
    formats: tuple[TraceFormat, ...] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One route. Exactly one of `upstreams`, `redirect` and `respond` is set.

    index: its position in the snapshot. priority: higher wins over every other rule of precedence; default 0.
    """

    name: str
    index: int
    match: Match
    place: Place
    priority: int = 0
    upstreams: tuple[WeightedUpstream, ...] = ()
    redirect: Redirect | None = None
    respond: Respond | None = None
    rewrite: Rewrite | None = None
    timeouts: RouteTimeouts = RouteTimeouts()
    retries: Retries | None = None
    """None: no attempt follows a failed one, but for a connection that was gone before it was used."""
    slo: Slo | None = None
    log_sample: float | None = None
    """Share of its successful exchanges that get an access line, 0 to 1; None is what `telemetry.access_log` says."""
    forward_trailers: bool = False
    """Trailers are dropped unless the route lets them through (both directions)."""
    traces: RouteTraces = RouteTraces()
    faults: Faults | None = None
    subset: Labels = ()
    """Only endpoints that have all these labels are chosen."""
    trust_incoming: TrustIncoming | None = None
    """What becomes of the trace context of its requests; None is what their listener says."""
    criticality: Criticality = Criticality.NORMAL
    """When requests have to be turned away, those of less critical routes go first."""
