"""Live traffic: an access line taken apart, exchanges in flight, and what the stream and the lists of them say.

A field is only ever added, with a default. Durations end in `_ms` or `_s`, times are RFC 3339 in UTC, sizes are bytes.
"""

from typing import Final

import msgspec

from gateway.model.outcome import STATUS_OF
from gateway.wire.views import View

VERSION: Final = 1
"""Of the stream's events; grows when the meaning of one changes."""


class LinePhases(msgspec.Struct, frozen=True, gc=False):
    """Phases an exchange did not have are 0."""

    read_head_ms: float = 0.0
    pool_wait_ms: float = 0.0
    connect_ms: float = 0.0
    send_ms: float = 0.0
    ttfb_ms: float = 0.0
    transfer_ms: float = 0.0
    write_ms: float = 0.0


class LineAttempt(msgspec.Struct, frozen=True, gc=False):
    """One attempt; `status` is 0 where no answer came."""

    endpoint: str
    status: int = 0
    reason: str = "none"
    ttfb_ms: float = 0.0
    ms: float = 0.0
    connect_ms: float = 0.0
    at_ms: float = 0.0
    """When it began, from the start of the exchange; told where there are several."""


class AccessLine(msgspec.Struct, frozen=True, gc=False):
    """An access line as JSON has it (gateway.telemetry.access_line). What a line leaves out has its default."""

    at: str = msgspec.field(name="@timestamp", default="")
    request_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    sampled: bool = False
    """Whether its trace was chosen when it began; failed, slow and retried ones are kept besides."""
    revision: str = msgspec.field(name="config_revision", default="")
    client: str = msgspec.field(name="client.address", default="")
    host: str = msgspec.field(name="server.address", default="")
    path: str = msgspec.field(name="url.path", default="")
    query: str = msgspec.field(name="url.query", default="")
    """As written: with the values of most parameters redacted."""
    protocol: str = msgspec.field(name="network.protocol.version", default="")
    user_agent: str = msgspec.field(name="user_agent.original", default="")
    method: str = msgspec.field(name="http.request.method", default="")
    status: int = msgspec.field(name="http.response.status_code", default=0)
    route: str = ""
    upstream: str = ""
    endpoint: str = ""
    source: str = ""
    reason: str = "none"
    detail: str = msgspec.field(name="reason_detail", default="")
    """What is known of the reason beyond its word."""
    fault: str = ""
    """What the route injected on purpose: `delay`, `abort` or `delay,abort`; `fault_ms` is how long it held it back."""
    fault_ms: float = 0.0
    duration_ms: float = 0.0
    overhead_ms: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    sample_rate: float = 1.0
    """Share of exchanges like this one that have a line."""
    phases: LinePhases = LinePhases()
    attempts: tuple[LineAttempt, ...] = ()


_FAULTS: Final = frozenset(reason.value for reason, status in STATUS_OF.items() if status >= 500)

_HEAD_BYTES: Final = 56
"""Of a line: the time and the name of the next key. No text that a client chose begins before them."""

_line_decoder = msgspec.json.Decoder(AccessLine)


def is_fault(line: AccessLine) -> bool:
    """Whether it is an error of the gateway or of the upstream, as in gateway.telemetry.labels."""
    return line.status >= 500 or line.reason in _FAULTS


def tells_an_end(line: bytes) -> bool:
    """Whether the exchange of an access line is over; lines about one that goes on have `event` behind the time."""
    return b'"event":' not in line[:_HEAD_BYTES]


def decode_line(line: bytes) -> AccessLine:
    """Raises msgspec.DecodeError for what is no access line."""
    return _line_decoder.decode(line)


class UnmatchedView(View, frozen=True, kw_only=True):
    """Requests that no route took. `count` is at most `error` too high, and never too low."""

    host: str
    path: str
    """Its first segments; * stands for one that is an id or may be a secret, and for all that follow."""
    reason: str
    count: int
    error: int = 0
    last_method: str = ""
    last_at: str = ""


class UnmatchedListView(View, frozen=True, kw_only=True):
    """The most frequent first, since the gateway started."""

    seen: int
    """Unmatched requests that were counted here."""
    unseen: int = 0
    """Those too many at once to be looked at; the metrics count them all the same."""
    distinct: int
    is_exact: bool
    """Whether nothing had to be forgotten."""
    paths: list[UnmatchedView]


class InFlightView(View, frozen=True, kw_only=True):
    """An exchange that is running, as its worker told last. `attempt` counts from 1, and is 0 before the first."""

    request_id: str
    trace_id: str
    route: str
    method: str
    host: str
    path: str
    client: str
    started_at: str
    age_ms: float
    phase: str
    """What it waits for: a phase as in access lines and metrics, or `tunnel`."""
    upstream: str
    endpoint: str
    attempt: int
    status: int
    """Of the answer that has begun; 0 while there is none."""
    bytes_in: int
    bytes_out: int
    worker: int


class InFlightListView(View, frozen=True, kw_only=True):
    """Oldest first. Each worker tells of its oldest 200; of all others the number is known."""

    total: int
    """All that are running, whatever the filter says."""
    known: int
    """Those that the filter was asked about."""
    is_complete: bool
    """Whether the workers have just told of all. If not, only those older than a second are here: ask again."""
    filter: str = ""
    exchanges: list[InFlightView]


class HelloEvent(msgspec.Struct, frozen=True):
    """The first event of a stream: what will be told."""

    version: int
    topics: tuple[str, ...]
    filter: str
    rate: int
    epoch: str
    """Of the supervisor: ids of another are not known to it."""


class CountsEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Once a second, since the stream began: matched = shown + sampled_out + lost + what waits for its choice.

    `scanned` and `matched` count lines, `estimated` the exchanges that the matched lines stand for.
    """

    scanned: int
    matched: int
    estimated: float
    shown: int
    sampled_out: int
    lost: int
    """Chosen, but not sent, because this follower reads too slowly; they stood for `lost_weight` exchanges."""
    lost_weight: float


class LostEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something is missing here. why: slow (the follower was), gone (no buffer reaches back so far) or restarted.

    `count` is 0 where nobody knows how much it is.
    """

    topic: str
    why: str
    count: int = 0
