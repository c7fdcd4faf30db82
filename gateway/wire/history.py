"""The recent past as numbers: what one window of time holds, in a form that adds up, and the views the admin API answers.

Fields are only ever added, with a default. Durations end in `_ms` or `_s`, times are RFC 3339 in UTC, rates are per second.
"""

from typing import Literal, TypeAlias, TypeVar

import msgspec

K = TypeVar("K", int, str)

SeriesKind: TypeAlias = Literal["gateway", "route", "upstream", "endpoint"]
"""An endpoint's name is `upstream/address`; the gateway's is empty."""


class WindowData(msgspec.Struct, array_like=True):
    """What happened to one series in one window. Windows add up over time, over workers and over gateways.

    `failures` is by `source/reason`, both from their closed lists; `errors` are those that somebody other than the client
    is to blame for: a status of 500 or more, or an answer that broke off. `buckets` and `overhead` are counts by fine
    bucket, as in telemetry.histogram. `in_flight` is the most that were seen at the end of a second. `client_errors` are
    answers 4xx. `slo` has the requests that were judged: available, not available, fast enough, too slow; it is empty
    where no objective is. `exchanges` and `phases_ns` are of upstreams: exchanges that ended there, and the time they spent
    in each phase.
    """

    requests: int = 0
    errors: int = 0
    in_flight: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    sum_ns: int = 0
    buckets: dict[int, int] = {}
    overhead_ns: int = 0
    overhead: dict[int, int] = {}
    failures: dict[str, int] = {}
    client_errors: int = 0
    slo: list[int] = []
    exchanges: int = 0
    phases_ns: dict[str, int] = {}

    def add(self, other: "WindowData", *, is_same_time: bool = False) -> None:
        """Add another window: of a later time, or of another series at the same time."""
        self.requests += other.requests
        self.errors += other.errors
        if is_same_time:
            self.in_flight += other.in_flight
        elif other.in_flight > self.in_flight:
            self.in_flight = other.in_flight
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.sum_ns += other.sum_ns
        self.overhead_ns += other.overhead_ns
        self.buckets = add_counts(self.buckets, other.buckets)
        self.overhead = add_counts(self.overhead, other.overhead)
        if other.failures:
            for key, count in other.failures.items():
                self.failures[key] = self.failures.get(key, 0) + count
        self.client_errors += other.client_errors
        if other.slo:
            self.slo = (
                [mine + more for mine, more in zip(self.slo, other.slo, strict=True)] if self.slo else other.slo[:]
            )
        if other.phases_ns:
            self.exchanges += other.exchanges
            for phase, spent_ns in other.phases_ns.items():
                self.phases_ns[phase] = self.phases_ns.get(phase, 0) + spent_ns

    def copy(self) -> "WindowData":
        """As it is now."""
        copied = WindowData()
        copied.add(self)
        return copied

    def take_away(self, other: "WindowData") -> None:
        """Undo the adding of a window, in all that adds up: not of `in_flight`, which is the most that were seen."""
        self.requests -= other.requests
        self.errors -= other.errors
        self.client_errors -= other.client_errors
        self.bytes_in -= other.bytes_in
        self.bytes_out -= other.bytes_out
        self.sum_ns -= other.sum_ns
        self.overhead_ns -= other.overhead_ns
        self.exchanges -= other.exchanges
        _take_counts(self.buckets, other.buckets)
        _take_counts(self.overhead, other.overhead)
        _take_counts(self.failures, other.failures)
        _take_counts(self.phases_ns, other.phases_ns)
        if other.slo:
            self.slo = [mine - less for mine, less in zip(self.slo, other.slo, strict=True)]


class WindowCounts(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The same window without its histograms, which are passed over: reading it takes a tenth of the time."""

    requests: int = 0
    errors: int = 0
    in_flight: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    sum_ns: int = 0
    buckets: msgspec.Raw = msgspec.Raw(b"\x80")
    overhead_ns: int = 0
    overhead: msgspec.Raw = msgspec.Raw(b"\x80")
    failures: msgspec.Raw = msgspec.Raw(b"\x80")
    client_errors: int = 0
    slo: tuple[int, ...] = ()


def add_counts(counts: dict[int, int], more: dict[int, int]) -> dict[int, int]:
    """The sum of both, in the first where that holds anything; the second is left as it is."""
    if not counts:
        return more.copy()
    get = counts.get
    for bucket, count in more.items():
        counts[bucket] = get(bucket, 0) + count
    return counts


def _take_counts(counts: dict[K, int], less: dict[K, int]) -> None:
    """What comes to nothing goes: a bucket without observations is none. A phase may have taken no time at all, so that its
    count of nothing is to be taken from what is not there any more."""
    for key, count in less.items():
        left = counts.get(key, 0) - count
        if left:
            counts[key] = left
        else:
            counts.pop(key, None)


class HistoryStruct(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable. Each class repeats kw_only, which msgspec does not hand down: every field is named when it is built."""


class RecentView(HistoryStruct, frozen=True, kw_only=True):
    """About the last 60 seconds, or the window that was asked for. Ratios, mean and percentiles are None where there was
    nothing to take them of."""

    seconds: int = 0
    """How long it was in fact: up to ten seconds more (sixty where it began more than an hour ago), or less if the gateway
    remembers less."""
    rate: float = 0.0
    error_ratio: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    overhead_p99_ms: float | None = None
    """What the gateway itself adds; None for upstreams and endpoints."""
    requests: int = 0
    client_error_ratio: float | None = None
    """Answers 4xx; `error_ratio` is of those that somebody other than the client is to blame for."""
    mean_ms: float | None = None
    overhead_mean_ms: float | None = None


class SparksView(HistoryStruct, frozen=True, kw_only=True):
    """The course of a series over a window, in at most 60 equal steps that are over, the oldest first."""

    step_s: int = 0
    rate: list[float] = []
    error_ratio: list[float | None] = []
    """None for a step without requests, as for the percentile."""
    p99_ms: list[float | None] = []


class FailureView(HistoryStruct, frozen=True, kw_only=True):
    source: str
    reason: str
    count: int


class HistoryPointView(HistoryStruct, frozen=True, kw_only=True):
    """One step, or all of them together. Ratio and percentiles are None where there was nothing to take them of."""

    at: str
    """When it began."""
    seconds: int
    """How long it is; the last step may not be over yet."""
    requests: int = 0
    rate: float = 0.0
    errors: int = 0
    error_ratio: float | None = None
    failures: list[FailureView] = []
    in_flight: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    mean_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    overhead_p99_ms: float | None = None
    client_errors: int = 0


class HistoryView(HistoryStruct, frozen=True, kw_only=True):
    """One series over a time. The gateway remembers steps of 1 s for 5 minutes, of 10 s for an hour, of 60 s for 6 hours."""

    kind: SeriesKind
    name: str
    start: str
    end: str
    step_s: int
    resolution_s: int
    """Of the windows this was made from."""
    complete_since: str
    """Before it the gateway knows nothing: it had not started, or let go of older windows for want of memory."""
    is_complete: bool
    """Whether everything asked for is there."""
    dropped_at: str | None = None
    """When windows of this series had to be let go of for want of memory (telemetry.history.memory)."""
    total: HistoryPointView
    """Everything from start to end: its percentiles are of all requests together."""
    points: list[HistoryPointView]


class SeriesPointView(HistoryStruct, frozen=True, kw_only=True):
    """One series in one second."""

    kind: SeriesKind
    name: str
    point: HistoryPointView


class HistoryTickView(HistoryStruct, frozen=True, kw_only=True):
    """The last second that is over; series in which nothing happened are absent."""

    at: str
    series: list[SeriesPointView]
    left_out: int = 0
    """Series that were not as busy as those that are told."""
