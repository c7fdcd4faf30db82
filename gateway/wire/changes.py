"""What changed, as the admin API answers it and the console reads it: incidents, revisions and what differs between two.

A field is only ever added, with a default. Times are RFC 3339 in UTC.
"""

from typing import Literal, TypeAlias

import msgspec

from gateway.wire.diff import ConfigDiffView
from gateway.wire.views import ReloadTrigger

IncidentKind: TypeAlias = Literal[
    "config_applied",
    "config_rejected",
    "config_rolled_back",
    "worker_serving",
    "worker_died",
    "worker_back_off",
    "gateway_started",
    "drain_began",
    "drain_ended",
    "upgrade_began",
    "upgrade_ended",
    "upgrade_failed",
    "endpoint_up",
    "endpoint_down",
    "endpoint_ejected",
    "endpoint_draining",
    "endpoint_weight",
    "circuit_opened",
    "circuit_half_open",
    "circuit_closed",
    "panic_began",
    "panic_ended",
    "sink_dropping",
    "sink_recovered",
    "log_reopened",
    "overload_began",
    "overload_ended",
    "loop_blocked",
    "listener_opened",
    "listener_closed",
]
"""What can happen. The word before the first `_` is the family, by which incidents can be asked for too."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable. Each class repeats kw_only, which msgspec does not hand down: every field is named when it is built."""


class IncidentView(Change, frozen=True, kw_only=True):
    """One rare event. `id` grows by one with each; it starts anew when the gateway does."""

    id: int
    at: str
    kind: IncidentKind
    subject: str
    """What it happened to: a revision, `worker 2`, `orders 10.0.0.7:9001`, a listener, a sink."""
    text: str
    """A sentence for people; holds no secret."""
    actor: str = ""
    """Who caused it: the name of a token, `loopback`, `file`, `signal`; empty where nobody did."""
    revision: str = ""
    """The one it is about, or that ran when it happened."""
    detail: dict[str, str | int | float] = {}
    """Facts by name, as many as fit."""


class IncidentListView(Change, frozen=True, kw_only=True):
    """Incidents, oldest first. `dropped` is how many of each kind the gateway does not remember any more."""

    incidents: list[IncidentView]
    last_id: int
    """Of the newest incident there is, whether it was asked for or not; 0 before the first."""
    dropped: dict[str, int] = {}


class RevisionView(Change, frozen=True, kw_only=True):
    """One time a configuration came to run. The same revision can have done so under several sequences."""

    sequence: int
    revision: str
    applied_at: str
    trigger: ReloadTrigger
    actor: str = ""
    """Who handed it in: the name of a token, or `loopback`; empty where it came from the file."""
    reason: str = ""
    """Why, in their words."""
    source: str
    text_bytes: int
    """Of the text as it was read."""
    objects: dict[str, int] = {}
    """How many there are of each kind."""
    running: bool = False
    replaced_at: str | None = None
    touched: list[str] | None = None
    """What it changed, added or took away against the one before, as `route orders`, `upstream catalog`, `settings limits`; null where
    that is not known, or more than 100 objects."""


class RevisionListView(Change, frozen=True, kw_only=True):
    """Newest first. `dropped` is how many ran since the start and are not remembered any more."""

    revisions: list[RevisionView]
    dropped: int = 0


class RevisionDiffView(Change, frozen=True, kw_only=True):
    """What differs from `old` to `new`."""

    old: RevisionView
    new: RevisionView
    changes: ConfigDiffView


class FiguresView(Change, frozen=True, kw_only=True):
    """Traffic over a span of time. A ratio or percentile is null where there was no request."""

    seconds: float
    requests: int
    rate: float
    """Requests per second."""
    error_ratio: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None


class ComparisonView(Change, frozen=True, kw_only=True):
    """The same figures before and after a revision came to run, over equally long spans; null where nothing is known.

    `whole` is from then up to the next revision, or up to now.
    """

    kind: Literal["gateway", "route"]
    name: str
    before: FiguresView | None = None
    after: FiguresView | None = None
    whole: FiguresView | None = None


class RevisionDetailView(Change, frozen=True, kw_only=True):
    """A revision, what it changed, and what came of it, for the gateway and for the routes it changed."""

    revision: RevisionView
    previous: RevisionView | None = None
    """The one it replaced; null for the first, and where that is not remembered any more."""
    changes: ConfigDiffView | None = None
    """From the previous one."""
    window_s: float
    """How long the spans before and after are: as asked for, or what there was."""
    figures: list[ComparisonView] = []
    routes_left_out: int = 0
    """How many more routes it changed than have figures here."""
