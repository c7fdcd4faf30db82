"""What a worker tells the supervisor five times a second: deltas of counters and histograms, gauges, finished lines.

Every delta adds up, so that reports of one worker over time, of many workers, and later of a fleet merge by summing.
Fields are only ever appended, with a default, and VERSION grows when the meaning of one changes.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

VERSION: Final = 2

Place: TypeAlias = tuple[int, int, int]
"""Of a block in the memory that a worker shares with the supervisor: its number, its first byte and its size."""

TakeLines: TypeAlias = Callable[[Place], bytes]
"""The lines at a place, which is then free. Raises ValueError for a place where there can be none."""


class HistogramDelta(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Observations since the last report: `buckets` has the counts by fine bucket, as in telemetry.histogram."""

    sum_ns: int
    buckets: dict[int, int]


class RequestCount(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Finished exchanges that ended alike. `code` is the status, 0 where no answer was begun."""

    method: str
    code: int
    source: str
    reason: str
    count: int


class SloCount(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`sli` is availability or latency."""

    sli: str
    good: int
    bad: int


class RouteDelta(msgspec.Struct, frozen=True, array_like=True):
    """One route since the last report; `in_flight` is the number now. `durations` are by method and code (`GET 200`)."""

    route: str
    in_flight: int
    requests: list[RequestCount] = []
    durations: dict[str, HistogramDelta] = {}
    overhead: HistogramDelta | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    slo: list[SloCount] = []
    in_flight_peak: int = 0
    """The most that were seen running at once: looked at with each report and with each batch of finished exchanges."""
    faults: dict[str, int] = {}
    """Requests that the route injected a fault into, by `delay` and `abort`."""


class AttemptCount(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Attempts at one endpoint that ended alike; `status_class` is `none` where no answer came."""

    endpoint: str
    status_class: str
    reason: str
    count: int


class EndpointTime(msgspec.Struct, frozen=True, array_like=True):
    """Attempts at one endpoint that had a connection and were answered alike, from having it to the last byte."""

    endpoint: str
    status_class: str
    durations: HistogramDelta


class RetryCount(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Attempts after the first: why the one before failed, and whether this one was answered (success or failure); and
    those that were not made (suppressed), by why not."""

    reason: str
    result: str
    count: int


class UpstreamDelta(msgspec.Struct, frozen=True, array_like=True):
    """One upstream since the last report; `phases` by phase. The durations of its endpoints are together its own."""

    upstream: str
    attempts: list[AttemptCount] = []
    phases: dict[str, HistogramDelta] = {}
    endpoints: list[EndpointTime] = []
    opened: dict[str, int] = {}
    closed: dict[str, int] = {}
    retries: list[RetryCount] = []
    rejected: dict[str, int] = {}
    """Requests refused before an attempt, by reason."""


class ListenerDelta(msgspec.Struct, frozen=True, array_like=True):
    """Client connections of one listener; `active` is the number now, `rejected` by reason."""

    listener: str
    active: int
    accepted: int
    rejected: dict[str, int] = {}


class PoolGauge(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The pool of one endpoint now: connections in use and idle, exchanges queued and running, connections allowed."""

    upstream: str
    endpoint: str
    active: int
    idle: int
    pending: int
    in_flight: int
    max: int


class GateGauge(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The gate of one upstream now. in_flight: attempts it has let in, of which retries. limit: the adaptive one; 0 where
    there is none."""

    upstream: str
    in_flight: int
    limit: int = 0
    retries: int = 0


class BudgetGauge(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The retry budget of a route now: retries made in the window, and how many may have been made in it."""

    route: str
    used: int
    allowed: float


class DropCount(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Telemetry given up before it left the worker."""

    signal: str
    sink: str
    reason: str
    count: int


class AttemptRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One attempt of a kept exchange; stamps as in model.exchange, relative to the start of the exchange, -1 for none."""

    upstream: str
    endpoint: str
    span_id: str
    status: int
    reason: str
    reused: bool
    started_ns: int
    connecting_ns: int
    connected_ns: int
    leased_ns: int
    sent_ns: int
    first_byte_ns: int
    ended_ns: int


class ExchangeRecord(msgspec.Struct, frozen=True, array_like=True):
    """A kept exchange: all that its spans are made of. `query` is already redacted; phases in nanoseconds."""

    rule: str
    trace_id: str
    span_id: str
    parent_span_id: str
    trace_state: str
    sampled: bool
    request_id: str
    revision: str
    started_at_ns: int
    duration_ns: int
    overhead_ns: int
    method: str
    host: str
    path: str
    query: str | None
    protocol: str
    user_agent: str | None
    client_address: str
    peer_address: str
    listener: str
    route: str
    http_route: str
    upstream: str
    status: int
    source: str
    reason: str
    detail: str
    bytes_in: int
    bytes_out: int
    upgraded: bool
    phases: dict[str, int]
    attempts: list[AttemptRecord]
    trace_random: bool = False
    forwarded_path: str | None = None
    """The path as sent to the endpoint; None if the route rewrites it and nothing was sent."""
    link: tuple[str, str, bool, str] | None = None
    """Trace id, span id, sampled flag and trace state of a caller that is linked to, not continued."""
    fault: str = ""
    """What the route injected: `delay`, `abort` or `delay,abort`; and for how long it held the request back."""
    fault_ns: int = 0


class InFlightRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A running exchange. `path` is cut; `attempt` counts from 1, 0 before the first; `phase` is that of model.phase which
    it is in, or tunnel, or back_off."""

    request_id: str
    trace_id: str
    route: str
    method: str
    host: str
    path: str
    client: str
    started_at_ns: int
    phase: str
    upstream: str
    endpoint: str
    attempt: int
    status: int
    bytes_in: int
    bytes_out: int


class Report(msgspec.Struct, frozen=True, array_like=True):
    """One message of one worker. `sequence` counts from 1; `at_ns` is the wall clock when it was taken.

    `access_lines` go to the access log as they are, whole lines of JSON, after those at `lines_at`; `kept_lines` are failed, slow and retried
    exchanges once more, or those of no route where there is no access log, for the admin API. Where `counted` is false the counts and gauges
    were left for a later report; otherwise `pools` are all pools the worker has, while routes, upstreams and listeners
    that did not change are absent.
    """

    worker: int
    sequence: int
    at_ns: int
    version: int = VERSION
    counted: bool = True
    routes: list[RouteDelta] = []
    upstreams: list[UpstreamDelta] = []
    listeners: list[ListenerDelta] = []
    pools: list[PoolGauge] = []
    loop_lag: HistogramDelta | None = None
    decisions: dict[str, int] = {}
    """Kept exchanges by rule, and `none` for those let go."""
    drops: list[DropCount] = []
    access_lines: bytes = b""
    access_line_count: int = 0
    kept_lines: bytes = b""
    records: list[ExchangeRecord] = []
    oldest: dict[str, int] | None = None
    """By route, when its oldest running exchange began (nanoseconds since the epoch); None: not looked at this time."""
    telemetry_cpu_ns: int = 0
    """CPU time spent on telemetry since the last report."""
    busy_ratio: float = 0.0
    """Share of a processor the worker's loop used since the last report, 0 to 1."""
    tapped_lines: bytes = b""
    """Lines of plain exchanges that the access log does not want, while somebody looks."""
    in_flight: list[InFlightRow] | None = None
    """The oldest of the exchanges running now; None: not looked at this time."""
    open_lines: bytes = b""
    """For the access log like `access_lines`, but about exchanges that have not ended: they count as nothing."""
    open_line_count: int = 0
    unmatched: int = 0
    """Lines in this report of requests that no route took: most reports have none, and need not be searched for them."""
    sampled: int = 0
    """Lines in this report that stand for others too, tapped ones included."""
    gates: list[GateGauge] = []
    """All that the worker has, as `pools` are."""
    budgets: list[BudgetGauge] = []
    """Of every route with retries."""
    lines_at: Place | None = None
    """Where in shared memory the first of the access lines are; None: it comes with all of them."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Report)


def encode_report(report: Report) -> bytes:
    """MessagePack."""
    return _encoder.encode(report)


def decode_report(message: bytes) -> Report:
    """Raises msgspec.DecodeError (ValidationError) for anything that is not a report."""
    return _decoder.decode(message)
