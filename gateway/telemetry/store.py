"""All series of the gateway, merged over its workers. Reports are absorbed on the loop; a scrape copies and renders elsewhere."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from gateway.model.outcome import Reason
from gateway.model.snapshot import Snapshot
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument, Kind
from gateway.telemetry.histogram import Histogram
from gateway.telemetry.merging.gauges import WorkerGauges
from gateway.telemetry.merging.lifetimes import Lifetimes, owner_of
from gateway.telemetry.merging.zeros import known_series
from gateway.wire.report import HistogramDelta, ListenerDelta, Report, RouteDelta, UpstreamDelta

Labels: TypeAlias = tuple[str, ...]
Value: TypeAlias = float | Histogram
"""A histogram is also what a summary is of."""

_NONE: Final = Reason.NONE.value
_NOTHING_OBSERVED: Final = Histogram()
"""Shared by all series that nobody has observed anything in; read only."""


class Family(NamedTuple):
    """An instrument and its series as they were at one moment."""

    instrument: Instrument
    series: dict[Labels, Value]


class _Queue(NamedTuple):
    signal: str
    sink: str
    length: Callable[[], int]
    capacity: int


class MetricsStore:
    """Counters and histograms only ever grow while their object exists. All methods may be called from any thread.

    `clock` is monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._totals: dict[str, dict[Labels, int]] = {}
        self._counts: dict[str, dict[Labels, Histogram]] = {}
        for instrument in catalog.TRAFFIC:
            if instrument.kind is Kind.COUNTER:
                self._totals[instrument.name] = {}
            elif instrument.kind is not Kind.GAUGE:
                self._counts[instrument.name] = {}
        self._workers: dict[int, WorkerGauges] = {}
        self._queues: list[_Queue] = []
        self._lifetimes = Lifetimes()
        self._zeros: dict[str, dict[Labels, Value]] = {}
        self._declared: dict[str, dict[Labels, Value]] = {}

    def configure(self, snapshot: Snapshot) -> None:
        """A snapshot is running: its series exist from now on, those of deleted objects for five minutes more."""
        zeros: dict[str, dict[Labels, Value]] = {}
        for instrument, labels in known_series(snapshot):
            zeros.setdefault(instrument.name, {})[labels] = _zero_of(instrument)
        declared = _declared_values(snapshot)
        with self._lock:
            self._lifetimes.configure(snapshot, self._clock())
            self._zeros = zeros
            self._declared = declared

    def absorb(self, worker: int, report: Report) -> None:
        """Add a report's deltas to the totals and remember its gauges."""
        with self._lock:
            for drop in report.drops:
                self._add(catalog.TELEMETRY_DROPPED, (drop.signal, drop.sink, drop.reason), drop.count)
            if not report.counted:
                return
            for route in report.routes:
                self._absorb_route(route)
            for upstream in report.upstreams:
                self._absorb_upstream(upstream)
            for listener in report.listeners:
                self._absorb_listener(listener)
            for rule, count in report.decisions.items():
                self._add(catalog.TRACE_DECISIONS, ("dropped" if rule == "none" else "kept", rule), count)
            self._merge(catalog.EVENT_LOOP_LAG, (str(worker),), report.loop_lag)
            self._workers.setdefault(worker, WorkerGauges()).take(report)

    def worker_gone(self, worker: int) -> None:
        """Its process has ended: nothing is in flight there any more. What it counted stays."""
        with self._lock:
            self._workers.pop(worker, None)

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None:
        """Lines or spans that a sink gave up."""
        with self._lock:
            self._add(catalog.TELEMETRY_DROPPED, (signal, sink, reason), count)

    def count_exported(self, signal: str, sink: str, count: int) -> None:
        """Lines or spans that a sink delivered."""
        with self._lock:
            self._add(catalog.TELEMETRY_EXPORTED, (signal, sink), count)

    def watch_queue(self, signal: str, sink: str, length: Callable[[], int], capacity: int) -> None:
        """Show a sink's queue, asked at each scrape; replaces the one shown before for this sink."""
        with self._lock:
            self._queues = [queue for queue in self._queues if (queue.signal, queue.sink) != (signal, sink)]
            self._queues.append(_Queue(signal, sink, length, capacity))

    def families(self, instruments: Sequence[Instrument] = catalog.TRAFFIC) -> list[Family]:
        """These instruments with their series, consistent among each other; reports wait for the copying alone."""
        with self._lock:
            values = {instrument.name: self._copy(instrument.name) for instrument in instruments}
            gauges, zeros = self._read_gauges(), self._zeros
        now_s = self._clock()
        families = []
        for instrument in instruments:
            series = dict(zeros.get(instrument.name, ()))
            series.update(gauges.get(instrument.name, ()))
            series.update(values[instrument.name])
            families.append(Family(instrument, self._without_expired(instrument, series, now_s)))
        return families

    def _copy(self, name: str) -> dict[Labels, Value]:
        histograms = self._counts.get(name)
        if histograms is not None:
            return {labels: histogram.copy() for labels, histogram in histograms.items()}
        return dict(self._totals.get(name, ()))

    def _without_expired(
        self, instrument: Instrument, series: dict[Labels, Value], now_s: float
    ) -> dict[Labels, Value]:
        has_expired = self._lifetimes.has_expired
        expired = [labels for labels in series if has_expired(owner_of(instrument, labels), now_s)]
        if expired:
            with self._lock:
                for labels in expired:
                    del series[labels]
                    self._totals.get(instrument.name, {}).pop(labels, None)
                    self._counts.get(instrument.name, {}).pop(labels, None)
        return series

    def _read_gauges(self) -> dict[str, dict[Labels, Value]]:
        gauges: dict[str, dict[Labels, Value]] = {name: dict(values) for name, values in self._declared.items()}
        sums: dict[str, dict[Labels, int]] = {}
        for worker in self._workers.values():
            for instrument, labels, value in worker.readings():
                of_instrument = sums.setdefault(instrument.name, {})
                of_instrument[labels] = of_instrument.get(labels, 0) + value
        gauges |= sums  # type: ignore[arg-type]
        for queue in self._queues:
            labels = (queue.signal, queue.sink)
            gauges.setdefault(catalog.TELEMETRY_QUEUE_LENGTH.name, {})[labels] = queue.length()
            gauges.setdefault(catalog.TELEMETRY_QUEUE_CAPACITY.name, {})[labels] = queue.capacity
        return gauges

    def _absorb_route(self, delta: RouteDelta) -> None:
        route = delta.route
        for request in delta.requests:
            labels = (route, request.method, str(request.code), request.source)
            self._add(catalog.HTTP_REQUESTS, labels, request.count)
            if request.reason != _NONE:
                self._add(catalog.HTTP_FAILURES, (route, request.reason), request.count)
        for status_class, duration in delta.durations.items():
            self._merge(catalog.HTTP_REQUEST_DURATION, (route, status_class), duration)
        self._merge(catalog.HTTP_OVERHEAD, (route,), delta.overhead)
        self._add(catalog.HTTP_REQUEST_BYTES, (route,), delta.bytes_in)
        self._add(catalog.HTTP_RESPONSE_BYTES, (route,), delta.bytes_out)
        for judged in delta.slo:
            self._add(catalog.SLO_REQUESTS, (route, judged.sli, "good"), judged.good)
            self._add(catalog.SLO_REQUESTS, (route, judged.sli, "bad"), judged.bad)

    def _absorb_upstream(self, delta: UpstreamDelta) -> None:
        name = delta.upstream
        for attempt in delta.attempts:
            labels = (name, attempt.endpoint, attempt.status_class, attempt.reason)
            self._add(catalog.UPSTREAM_REQUESTS, labels, attempt.count)
        for phase, duration in delta.phases.items():
            self._merge(catalog.HTTP_PHASE_DURATION, (phase, name), duration)
        for endpoint in delta.endpoints:
            self._merge(catalog.UPSTREAM_DURATION, (name, endpoint.status_class), endpoint.durations)
            self._merge(catalog.UPSTREAM_ENDPOINT_DURATION, (name, endpoint.endpoint), endpoint.durations)
        for result, count in delta.opened.items():
            self._add(catalog.UPSTREAM_OPENED, (name, result), count)
        for reason, count in delta.closed.items():
            self._add(catalog.UPSTREAM_CLOSED, (name, reason), count)

    def _absorb_listener(self, delta: ListenerDelta) -> None:
        self._add(catalog.CONNECTIONS_ACCEPTED, (delta.listener,), delta.accepted)
        for reason, count in delta.rejected.items():
            self._add(catalog.CONNECTIONS_REJECTED, (delta.listener, reason), count)

    def _add(self, instrument: Instrument, labels: Labels, count: int) -> None:
        totals = self._totals[instrument.name]
        totals[labels] = totals.get(labels, 0) + count

    def _merge(self, instrument: Instrument, labels: Labels, delta: HistogramDelta | None) -> None:
        if delta is None:
            return
        histograms = self._counts[instrument.name]
        histogram = histograms.get(labels)
        if histogram is None:
            histogram = histograms[labels] = Histogram()
        histogram.add(delta)


def _zero_of(instrument: Instrument) -> Value:
    return _NOTHING_OBSERVED if instrument.kind in {Kind.HISTOGRAM, Kind.SUMMARY} else 0


def _declared_values(snapshot: Snapshot) -> dict[str, dict[Labels, Value]]:
    """Gauges that repeat what the configuration says."""
    targets: dict[Labels, Value] = {}
    if snapshot.telemetry.metrics.enabled:
        for route in snapshot.routes[: snapshot.telemetry.metrics.max_routes]:
            if route.slo and route.slo.availability_ratio is not None:
                targets[route.name, "availability"] = route.slo.availability_ratio
            if route.slo and route.slo.latency is not None:
                targets[route.name, "latency"] = route.slo.latency.target_ratio
    limits: dict[Labels, Value] = {(listener.name,): listener.limits.connections for listener in snapshot.listeners}
    return {catalog.SLO_TARGET.name: targets, catalog.CONNECTIONS_LIMIT.name: limits}
