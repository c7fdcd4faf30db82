"""What the admin API answers and the console reads: typed views of a gateway's state and of what it was asked to do.

A field is only ever added, with a default. Durations end in `_ms` or `_s`, times are RFC 3339 in UTC, sizes are bytes.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from gateway.wire.diff import ConfigDiffView
from gateway.wire.history import RecentView, SparksView

WorkerState: TypeAlias = Literal["starting", "serving", "draining", "backing_off", "stopped"]
ReloadResult: TypeAlias = Literal["applied", "unchanged", "rejected"]
ReloadTrigger: TypeAlias = Literal["start", "file", "signal", "api", "rollback"]
ApplyOutcome: TypeAlias = Literal["applied", "unchanged", "valid", "rejected", "conflict"]
EndpointState: TypeAlias = Literal["healthy", "unhealthy", "ejected", "draining", "unknown"]
SyncWord: TypeAlias = Literal["synced", "not_sent", "stale", "rejected"]
RouteAction: TypeAlias = Literal["forward", "redirect", "respond"]
RoutePolicy: TypeAlias = Literal[
    "retries", "hedging", "timeout", "rewrite", "headers", "subset", "critical", "sheddable", "faults"
]
"""What a route does to its requests beside forwarding them: further attempts, of which some begin before the one before has failed; a bound
on the whole; another path or host; edited fields, either way; endpoints with certain labels alone; to be turned away last, or first; and what is
injected on purpose."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable. Each class repeats kw_only, which msgspec does not hand down: every field is named when it is built."""


class ConfigErrorView(View, frozen=True, kw_only=True):
    """One thing that is wrong with a configuration. `line` is 0 where the place is not known."""

    file: str
    line: int
    key: str
    """Path of the key, as in `routes[2].match.path`; empty for the file as a whole."""
    message: str


class ReloadView(View, frozen=True, kw_only=True):
    """The last time a configuration was read, and what became of it."""

    at: str
    trigger: ReloadTrigger
    result: ReloadResult
    revision: str
    """Of the configuration that was read; the running one is in the status."""
    duration_ms: float
    errors: list[ConfigErrorView] = []
    actor: str = ""
    """Who handed it in, where somebody did: the name of a token, or `loopback`."""
    reason: str = ""
    """Why, in the words of who did."""
    restores: str = ""
    """The revision that was to be restored, for a rollback. What it refers to may have changed, and then it is another."""
    stays: str = ""
    """The revision that goes on running although the file gives another: it was handed in after the file had said what it
    says, and stays until the content of the file changes, a SIGHUP asks for the file, or the gateway starts anew."""


class WorkerView(View, frozen=True, kw_only=True):
    """One worker process. `pid` is 0 while there is none; `revision` is the one it serves, empty before the first."""

    index: int
    pid: int
    state: WorkerState
    revision: str
    sequence: int = 0
    restarts: int = 0
    in_flight: int = 0
    connections: int = 0
    started_at: str = ""
    """When this process was started, or the last one there was; empty before the first."""
    uptime_s: float | None = None
    """Of the process; None while there is none."""
    last_seen_s: float | None = None
    """How long ago it said anything, which it does five times a second; None if it never did."""
    sync: SyncWord = "not_sent"
    """Whether it serves what the gateway runs: `synced`; `not_sent`, nothing was; `stale`, it serves something older or has not
    answered yet; `rejected`, it could not take it up."""
    sync_detail: str = ""
    """Why it was rejected."""
    rate: float | None = None
    """Requests per second it ended in the last ten seconds; None while it has not reported."""
    cpu_ratio: float | None = None
    """Share of one processor over the last seconds; None in the first second that anybody looks."""
    rss_bytes: int | None = None
    fds: int | None = None
    """Open descriptors."""
    loop_lag_p99_ms: float | None = None
    """How late its timers fired in the last minute."""


class ProcessView(View, frozen=True, kw_only=True):
    """The supervisor's own process, told as a worker's is."""

    pid: int
    cpu_ratio: float | None = None
    rss_bytes: int | None = None
    fds: int | None = None


class NodeView(View, frozen=True, kw_only=True):
    """The machine a gateway runs on, as far as its processes may use it."""

    name: str
    """Of the gateway among others: the host's, today."""
    host: str
    cores: int
    memory_limit_bytes: int = 0
    """Of all processes together: the control group's limit, or else the machine's memory; 0 if it cannot be read."""


class ListenerView(View, frozen=True, kw_only=True):
    name: str
    address: str
    """As bound: with the real port where the configuration left the choice to the kernel."""
    connections: int = 0
    connection_limit: int = 0
    """Of each worker."""


class LastChangeView(View, frozen=True, kw_only=True):
    """The last time another configuration came to run: which, how long ago, and who did it."""

    revision: str
    sequence: int
    age_s: float
    trigger: ReloadTrigger
    actor: str = ""
    """The name of a token, or `loopback`; empty where it came from the file."""


class StatusView(View, frozen=True, kw_only=True):
    """The gateway at a glance. `revision` and `sequence` are of the running configuration."""

    version: str
    service_name: str
    pid: int
    started_at: str
    uptime_s: float
    revision: str
    sequence: int
    source: str
    """Where the configuration comes from, as in `file:/etc/sightline.yaml`."""
    ready: bool
    not_ready_because: list[str]
    draining: bool
    workers: list[WorkerView]
    listeners: list[ListenerView]
    last_reload: ReloadView | None = None
    routes: int = 0
    upstreams: int = 0
    recent: RecentView = RecentView()
    last_change: LastChangeView | None = None
    source_differs: bool = False
    """Whether the file, as it was read last, would give another configuration than the one that runs, or none."""
    incidents_last_hour: dict[str, int] = {}
    """How many there were of each kind; those that did not happen are left out."""
    previous: RecentView | None = None
    """Of the window before that of `recent`; None where too little is known of it. So it is in all views."""
    sparks: SparksView = SparksView()
    window_s: int = 60
    """The window that was asked for."""
    at: str | None = None
    """When it ended, if it was asked for; None for now."""
    node: NodeView | None = None
    supervisor: ProcessView | None = None


class PlaceView(View, frozen=True, kw_only=True):
    """Where in the configuration an object was defined."""

    file: str
    line: int


class PredicateView(View, frozen=True, kw_only=True):
    """A condition on one header field or query parameter. `value` is empty for `present`, and REDACTED for what carries
    credentials."""

    name: str
    kind: Literal["exact", "regex", "present"]
    value: str = ""


class MatchView(View, frozen=True, kw_only=True):
    """All predicates of a route; an empty list means any."""

    path_kind: Literal["exact", "template", "prefix", "regex", "any"]
    path: str = ""
    hosts: list[str] = []
    methods: list[str] = []
    headers: list[PredicateView] = []
    query: list[PredicateView] = []
    clients: list[str] = []
    listeners: list[str] = []


class ShareView(View, frozen=True, kw_only=True):
    """One upstream of a route and its weight among them."""

    upstream: str
    weight: int


class RetriesView(View, frozen=True, kw_only=True):
    """The rule of a route for further attempts. Durations are None where the configuration says `none`."""

    attempts: int
    """The first one counts."""
    on: list[str]
    """Conditions and statuses."""
    methods: Literal["idempotent", "any"]
    per_try_timeout_ms: float | None = None
    backoff_first_ms: float
    backoff_max_ms: float
    budget_ratio: float
    budget_left: float | None = None
    """Share of the retries it may make in ten seconds that is left, 0 to 1; None while no worker has said."""
    used: int = 0
    """Retries made in the last ten seconds, of `allowed` that might have been; now, whatever window is asked for."""
    allowed: float = 0.0
    body_buffer: int
    hedge_after_ms: float | None = None


class TrafficView(View, frozen=True, kw_only=True):
    """Counters since the gateway started, over all workers."""

    requests: int = 0
    failures: int = 0
    """Exchanges with a reason other than `none`."""
    in_flight: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class ObjectiveView(View, frozen=True, kw_only=True):
    """What a route is to achieve. `latency_target` of its requests shall end within `latency_under_ms`."""

    availability: float | None = None
    latency_target: float | None = None
    latency_under_ms: float | None = None


class FaultView(View, frozen=True, kw_only=True):
    """What a route does to a share of its requests on purpose: it holds them back, or answers them itself."""

    kind: Literal["delay", "abort"]
    share: float
    delay_ms: float | None = None
    status: int | None = None
    is_conditional: bool = False
    """Whether only requests with certain headers are meant."""


class RouteEndpointView(View, frozen=True, kw_only=True):
    """An endpoint that a route leads to. Its figures are of all attempts at it: see `RouteView.shared_with`."""

    upstream: str
    address: str
    state: EndpointState = "healthy"
    recent: RecentView = RecentView()
    previous: RecentView | None = None
    spark: list[float] = []


class RouteView(View, frozen=True, kw_only=True):
    """A route as it is served. Timeouts are None where the configuration says `none`."""

    name: str
    index: int
    priority: int
    place: PlaceView
    match: MatchView
    action: RouteAction
    upstreams: list[ShareView]
    request_timeout_ms: float | None
    first_byte_timeout_ms: float | None
    upstream_idle_timeout_ms: float | None
    respond_status: int | None = None
    redirect_status: int | None = None
    retries: RetriesView | None = None
    is_counted: bool = True
    """Whether it has figures of its own: not beyond `metrics.max_routes`, where `_overflow` has those of all together, and
    not without metrics. Then `traffic` and `recent` are empty, which does not mean that nothing happened."""
    traffic: TrafficView = TrafficView()
    recent: RecentView = RecentView()
    previous: RecentView | None = None
    spark: list[float] = []
    """Requests a second over the window of `recent`, in at most 60 equal steps that are over, the oldest first."""
    slo: ObjectiveView | None = None
    faults: list[FaultView] = []
    """Injected on purpose, for a game day."""
    policies: list[RoutePolicy] = []
    changed_in: int = 0
    """Sequence of the configuration that made it as it is; 0 where that is not remembered, or not found out yet. What was changed about its
    upstreams does not count."""
    phases: dict[str, float] = {}
    """Milliseconds a request spent in each phase, on average over the window; only for a route that is asked for by name.
    The gateway knows them per upstream: they are those of all requests that ended at the upstreams of the route."""
    endpoints: list[RouteEndpointView] = []
    """Of its upstreams; only for a route that is asked for by name."""
    shared_with: list[str] = []
    """Other routes that lead to the same upstreams: their requests are in `phases` and `endpoints` too. Told with those."""


class RouteListView(View, frozen=True, kw_only=True):
    revision: str
    routes: list[RouteView]
    window_s: int = 60
    """Of `recent`; `at` is when it ended if that was asked for, None for now."""
    at: str | None = None


class ExchangeListView(View, frozen=True, kw_only=True):
    """Access lines, newest first, exactly as they were written, and how far this answer reaches."""

    exchanges: list[msgspec.Raw]
    filter: str = ""
    """As it was understood; empty for none."""
    scanned: int = 0
    """Lines that were looked at."""
    since: str | None = None
    """When the oldest line came that is still kept; of failed, slow and retried exchanges more may be."""
    remarkable_since: str | None = None
    """The same of those."""
    next: str | None = None
    """What to give as `before` to go on from here; None when there is no more."""
    sampling: str = ""
    """Where nothing was found and not every success gets a line: which share does, in words."""


class ConfigView(View, frozen=True, kw_only=True):
    """The running configuration in canonical form; secrets are replaced by `REDACTED`."""

    revision: str
    sequence: int
    source: str
    config: dict[str, Any]


class ApplyResult(View, frozen=True, kw_only=True):
    """What became of a configuration that was handed in.

    `valid` is the answer to a dry run that would have been applied. `revision` is of the configuration handed in (empty
    when it could not be read); `running_revision` and `running_sequence` are what runs after the call.
    """

    outcome: ApplyOutcome
    revision: str
    running_revision: str
    running_sequence: int
    errors: list[ConfigErrorView] = []
    changes: ConfigDiffView | None = None
    """What would differ from what runs: in answer to a dry run that found no errors."""


class HealthView(View, frozen=True, kw_only=True):
    """`ok` while the process answers; `ready` or `not_ready` for readiness, with the reasons."""

    status: Literal["ok", "ready", "not_ready"]
    reasons: list[str] = []


class ProblemView(View, frozen=True, kw_only=True):
    """An error in the shape of RFC 9457, with the gateway's stable `reason`."""

    title: str
    status: int
    reason: str
    detail: str
    type: str = "about:blank"
    errors: list[ConfigErrorView] = []
    sequence: int | None = None
    """The running configuration's, in answer to a conflict."""
