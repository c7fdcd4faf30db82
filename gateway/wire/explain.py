"""What a gateway would do with a request, and why: the question and its answer.

A field is only ever added, with a default. Durations end in `_ms`.
"""

from typing import Literal

import msgspec

from gateway.wire.views import FaultView, PlaceView, RetriesView, RouteAction, ShareView


class ExplainView(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable. Each class repeats kw_only, which msgspec does not hand down: every field is named when it is built."""


class ExplainRequest(ExplainView, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request that is not sent: which route would take it, and why? Or, by `exchange`, one that was."""

    method: str = "GET"
    url: str = ""
    """`http://host[:port]/path?query`, or a path alone."""
    headers: list[tuple[str, str]] = []
    """Of a recorded exchange, those that are known otherwise: the record itself holds none but User-Agent."""
    client: str = "127.0.0.1"
    listener: str | None = None
    """Name of the listener it arrives at; None is the first one."""
    exchange: str = ""
    """Request id or trace id of a recent exchange. Its method, URL and client are then taken from the record."""


class FailedPredicateView(ExplainView, frozen=True, kw_only=True):
    """The first predicate of a route that did not hold, and where it is defined."""

    key: str
    """Within the route, as in `match.headers.x-tenant`."""
    place: PlaceView
    expected: str
    actual: str
    known: bool = True
    """False where the record does not hold what the predicate looks at, so that it may have held."""


class ConsideredView(ExplainView, frozen=True, kw_only=True):
    """A route that was looked at and why it took the request or did not."""

    route: str
    place: PlaceView
    matched: bool
    because: str
    failed: FailedPredicateView | None = None


class HeaderEditView(ExplainView, frozen=True, kw_only=True):
    """Edits of header fields, in this order; values of fields that carry credentials read REDACTED."""

    remove: list[str] = []
    set: dict[str, str] = {}
    add: list[tuple[str, str]] = []


class AppliedView(ExplainView, frozen=True, kw_only=True):
    """What the route and its listener apply to the exchange. A timeout or limit is null where there is none."""

    request_headers: HeaderEditView | None = None
    response_headers: HeaderEditView | None = None
    request_timeout_ms: float | None = None
    first_byte_timeout_ms: float | None = None
    upstream_idle_timeout_ms: float | None = None
    retries: RetriesView | None = None
    retried: str = ""
    """What would be tried again of this request, in words; empty where it is not forwarded."""
    trailers: Literal["drop", "forward"] = "drop"
    limits: dict[str, int | None] = {}
    """Of the listener, as configured: bytes and counts."""
    trace_sample_ratio: float = 0.0
    """Of requests that bring no decision of their own, or whose is not believed."""
    trace_keep: list[str] = []
    trust_incoming: Literal["accept", "link", "ignore"] = "accept"
    log_sample_ratio: float = 1.0
    """Share of successful exchanges that get an access line; failures always do."""
    slo_availability: float | None = None
    slo_latency_target: float | None = None
    slo_latency_under_ms: float | None = None
    criticality: Literal["critical", "normal", "sheddable"] = "normal"
    """Who is turned away last, or first, when there is not enough for all."""
    faults: list[FaultView] = []
    """Injected on purpose."""
    deadline_header: str | None = None
    """The field that tells the upstream how many milliseconds are left; null: it is not told."""


class EndpointChoiceView(ExplainView, frozen=True, kw_only=True):
    """One endpoint: whether an attempt there could succeed as far as the gateway knows, and why not."""

    address: str
    weight: int
    eligible: bool
    because: str
    in_flight: int | None = None
    """Over all workers; null, as the other two, where nothing runs that could be asked."""
    connections: int | None = None
    pending: int | None = None


class UpstreamChoiceView(ExplainView, frozen=True, kw_only=True):
    """One upstream the request may go to, and what its balancer would choose among."""

    upstream: str
    share: float
    """The part of the route's requests that go to it."""
    place: PlaceView | None = None
    balance: Literal["round_robin", "least_request", "peak_ewma", "random", "consistent_hash"]
    rule: str
    """How it chooses, in words."""
    chosen: str | None = None
    """Where the choice is certain: the only endpoint, or the one a hash leads to."""
    endpoints: list[EndpointChoiceView] = []
    endpoints_left_out: int = 0
    reason: str = "none"
    """Why the gateway would now answer by itself what goes to this upstream; `none`: it would be forwarded."""
    refusal: str = ""
    """The same in words: `3 of 3 unhealthy (connect_error)`."""


class RecordedView(ExplainView, frozen=True, kw_only=True):
    """What the record says of the exchange that is explained. `unknown` is what it does not hold, in words."""

    request_id: str
    trace_id: str = ""
    at: str
    revision: str
    same_revision: bool
    """Whether it ran under the configuration that explains it."""
    route: str
    upstream: str = ""
    endpoint: str = ""
    status: int = 0
    reason: str = "none"
    unknown: list[str] = []


class ExplanationView(ExplainView, frozen=True, kw_only=True):
    """What the gateway would do with a request."""

    revision: str
    method: str
    host: str
    path: str
    """Normalised, as it is routed; empty for a request that is refused for its form."""
    route: str | None
    status: int | None
    """Of the answer the gateway gives by itself; None when the request is forwarded, or part of such requests."""
    reason: str
    """`none`, or why the gateway answers by itself."""
    detail: str = ""
    action: RouteAction | None = None
    parameters: dict[str, str] = {}
    upstreams: list[ShareView] = []
    forwarded_path: str | None = None
    forwarded_host: str | None = None
    location: str | None = None
    considered: list[ConsideredView] = []
    others: dict[str, int] = {}
    """How many more routes were refused, by predicate, or outranked."""
    listener: str = ""
    place: PlaceView | None = None
    """Of the route that takes it."""
    applied: AppliedView | None = None
    choices: list[UpstreamChoiceView] = []
    verdict: str = ""
    """What speaks against forwarding it now, and what it would be answered with instead; empty where nothing does."""
    recorded: RecordedView | None = None
