"""What a worker counts between two reports: one object per route, upstream and listener, made when first seen.

Everything here is a list, a dictionary or an integer, so that finishing an exchange is a few index operations.
"""

from collections import defaultdict
from typing import Final, TypeAlias, TypeVar

from gateway.model.outcome import Reason
from gateway.model.phase import Phase
from gateway.telemetry.histogram import Histogram
from gateway.telemetry.labels import status_class
from gateway.wire.report import (
    AttemptCount,
    EndpointTime,
    HistogramDelta,
    ListenerDelta,
    RequestCount,
    RetryCount,
    RouteDelta,
    SloCount,
    UpstreamDelta,
)

Cell: TypeAlias = list[int]
"""A counter: a list of one."""

AttemptKey: TypeAlias = tuple[str, int, Reason]
"""Endpoint, status, reason."""

K = TypeVar("K")

_SLIS: Final = ("availability", "latency")
_PHASES: Final = tuple(phase.value for phase in Phase)


def take_all(histograms: dict[str, Histogram]) -> dict[str, HistogramDelta]:
    """The deltas of those histograms that moved, by key."""
    return {key: delta for key, histogram in histograms.items() if (delta := histogram.take()) is not None}


def take_counters(counters: dict[K, int]) -> dict[K, int]:
    """All counters, which are then forgotten."""
    taken = counters.copy()
    counters.clear()
    return taken


class RouteSeries:
    """One route label. `moved` says whether anything but `in_flight` is to be reported."""

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "durations",
        "faults",
        "in_flight",
        "label",
        "moved",
        "overhead",
        "peak",
        "reported",
        "requests",
        "slo",
        "touched",
    )

    def __init__(self, label: str) -> None:
        self.label = label
        self.in_flight = 0
        self.peak = 0
        """The most in flight that was seen since the last report."""
        self.reported = 0
        """The in_flight of the last report."""
        self.moved = False
        self.touched = True
        """Whether it has moved since the last sweep."""
        self.bytes_in = 0
        self.bytes_out = 0
        self.requests: dict[tuple[str, int, str, str], Cell] = {}
        self.durations: dict[str, Histogram] = {}
        self.overhead = Histogram()
        self.faults: dict[str, int] = {}
        """Injected, by kind."""
        self.slo = [0, 0, 0, 0]
        """Availability good and bad, latency good and bad."""

    def cell(self, method: str, code: int, source: str, reason: str) -> Cell:
        return self.requests.setdefault((method, code, source, reason), [0])

    def duration(self, method: str, code: int) -> Histogram:
        return self.durations.setdefault(f"{method} {code}", Histogram())

    def take(self) -> RouteDelta | None:
        """The delta since the last call; None if there is nothing new to say."""
        if not self.moved:
            if self.in_flight == self.reported:
                return None
            self.reported = self.in_flight
            return RouteDelta(self.label, self.in_flight)
        delta = RouteDelta(
            self.label,
            self.in_flight,
            self._take_requests(),
            take_all(self.durations),
            self.overhead.take(),
            self.bytes_in,
            self.bytes_out,
            self._take_slo(),
            max(self.peak, self.in_flight),
            take_counters(self.faults),
        )
        self.peak = 0
        self.moved = False
        self.touched = True
        self.reported = self.in_flight
        self.bytes_in = self.bytes_out = 0
        return delta

    def _take_requests(self) -> list[RequestCount]:
        counts = []
        for key, cell in self.requests.items():
            if cell[0]:
                counts.append(RequestCount(*key, cell[0]))
                cell[0] = 0
        return counts

    def _take_slo(self) -> list[SloCount]:
        slo = self.slo
        counts = [
            SloCount(sli, slo[2 * index], slo[2 * index + 1])
            for index, sli in enumerate(_SLIS)
            if slo[2 * index] or slo[2 * index + 1]
        ]
        if counts:
            slo[:] = (0, 0, 0, 0)
        return counts


class AttemptSeries:
    """Attempts at one endpoint that ended alike, with what they share with others at hand."""

    __slots__ = ("count", "duration", "smooth")

    def __init__(self, upstream: "UpstreamSeries", endpoint: str, status: int) -> None:
        self.count: Cell = [0]
        self.duration = upstream.durations.setdefault((endpoint, status_class(status)), Histogram())
        self.smooth: defaultdict[int, int] = defaultdict(int)
        """Of smooth exchanges, by bucket: their duration is their wait for the first byte, and belongs to both histograms."""


class UpstreamSeries:
    """One upstream label; phase histograms under the names of model.phase."""

    __slots__ = (
        "attempts", "closed", "connect", "durations", "label", "moved", "opened", "pool_wait", "read_head", "rejected",
        "retries", "send", "touched", "transfer", "ttfb", "write",
    )  # fmt: skip

    def __init__(self, label: str) -> None:
        self.label = label
        self.moved = False
        self.touched = True
        """Whether it has moved since the last sweep."""
        self.read_head = Histogram()
        self.pool_wait = Histogram()
        self.connect = Histogram()
        self.send = Histogram()
        self.ttfb = Histogram()
        self.transfer = Histogram()
        self.write = Histogram()
        self.attempts: dict[AttemptKey, AttemptSeries] = {}
        self.durations: dict[tuple[str, str], Histogram] = {}
        """By endpoint and status class."""
        self.opened: dict[str, int] = {}
        self.closed: dict[str, int] = {}
        self.retries: dict[tuple[str, str], int] = {}
        """Attempts after the first, by why the one before failed and how this one went."""
        self.rejected: dict[str, int] = {}

    def add_attempts(self, key: AttemptKey) -> AttemptSeries:
        """The series of attempts that ended in a way not seen before."""
        series = self.attempts[key] = AttemptSeries(self, key[0], key[1])
        return series

    def take(self) -> UpstreamDelta | None:
        """The delta since the last call; None if nothing moved."""
        if not self.moved:
            return None
        self.moved = False
        self.touched = True
        return UpstreamDelta(
            self.label,
            self._take_attempts(),
            take_all({phase: getattr(self, phase) for phase in _PHASES}),
            self._take_endpoints(),
            take_counters(self.opened),
            take_counters(self.closed),
            [RetryCount(*key, count) for key, count in take_counters(self.retries).items()],
            take_counters(self.rejected),
        )

    def _take_attempts(self) -> list[AttemptCount]:
        counts = []
        for (endpoint, status, reason), series in self.attempts.items():
            cell = series.count
            if cell[0]:
                counts.append(AttemptCount(endpoint, status_class(status), reason.value, cell[0]))
                cell[0] = 0
        return counts

    def _take_endpoints(self) -> list[EndpointTime]:
        return [
            EndpointTime(endpoint, of_class, delta)
            for (endpoint, of_class), histogram in self.durations.items()
            if (delta := histogram.take()) is not None
        ]


class ListenerSeries:
    __slots__ = ("accepted", "active", "label", "moved", "rejected")

    def __init__(self, label: str) -> None:
        self.label = label
        self.moved = False
        self.active = 0
        self.accepted = 0
        self.rejected: dict[str, int] = {}

    def take(self) -> ListenerDelta | None:
        """The delta since the last call; None if nothing moved."""
        if not self.moved:
            return None
        self.moved = False
        delta = ListenerDelta(self.label, self.active, self.accepted, take_counters(self.rejected))
        self.accepted = 0
        return delta
