"""All series of the gateway, merged over its workers. Reports are absorbed on the loop; a scrape copies and renders elsewhere."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from gateway.model.snapshot import Snapshot
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument, Kind
from gateway.telemetry.histogram import Histogram
from gateway.telemetry.labels import http_route
from gateway.telemetry.merging.deliveries import Deliveries
from gateway.telemetry.merging.exemplars import Exemplars
from gateway.telemetry.merging.gauges import Reading, WorkerGauges, budgets_left
from gateway.telemetry.merging.lifetimes import Lifetimes, owner_of
from gateway.telemetry.merging.peaks import Peaks
from gateway.telemetry.merging.totals import Totals
from gateway.telemetry.merging.zeros import Series, known_series
from gateway.wire.report import Report

Labels: TypeAlias = tuple[str, ...]
Value: TypeAlias = float | Histogram
"""A histogram is also what a summary is of."""

Source: TypeAlias = Callable[[], Iterable[Reading]]
"""Asked at each scrape, in the scraping thread."""

_NOTHING_OBSERVED: Final = Histogram()
"""Shared by all series that nobody has observed anything in; read only."""

SeriesOf: TypeAlias = dict[str, dict[Labels, Value]]
"""Series by the name of their family."""


class Family(NamedTuple):
    """An instrument and its series as they were at one moment."""

    instrument: Instrument
    series: dict[Labels, Value]


class _Watched(NamedTuple):
    names: frozenset[str]
    source: Source


class MetricsStore:
    """Counters and histograms only ever grow while their object exists. All methods may be called from any thread."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        *,
        workers: int = 0,
    ) -> None:
        """Clocks in seconds, monotonic and since the epoch; workers: those whose series exist from the start."""
        self._clock = clock
        self._wall_clock = wall_clock
        self._expected_workers = workers
        self._lock = threading.Lock()
        self._totals = Totals()
        self._workers: dict[int, WorkerGauges] = {}
        self._peaks = Peaks()
        self.exemplars = Exemplars(clock)
        self.native_histograms = False
        """Whether the running configuration wants them shown."""
        self._deliveries = Deliveries()
        self._watched: list[_Watched] = []
        self._lifetimes = Lifetimes()
        self._zeros: SeriesOf = {}
        self._declared: SeriesOf = {}

    def configure(self, snapshot: Snapshot) -> None:
        """A snapshot is running: its series exist from now on, those of deleted objects for five minutes more."""
        zeros = _by_family(known_series(snapshot, self._expected_workers))
        declared = _declared_values(snapshot)
        now_s = self._clock()
        before = self._without_long_gone(self._zeros, now_s), self._without_long_gone(self._declared, now_s)
        with self._lock:
            self._forget_expired(now_s)
            self._lifetimes.configure(snapshot, now_s)
            self._totals.endpoint_labels.configure(snapshot)
            self._totals.keeps_answers = snapshot.telemetry.metrics.otlp.export
        self.exemplars.configure(snapshot)
        self.native_histograms = snapshot.telemetry.metrics.native_histograms
        for now, old in zip((zeros, declared), before, strict=True):
            self._keep_deleted(now, old)
        with self._lock:
            self._zeros, self._declared = zeros, declared

    def _forget_expired(self, now_s: float) -> None:
        """Scrapes do it too, but there may be none."""
        if not self._lifetimes.is_anything_gone:
            return
        for name, labels in self._totals.labels():
            if self._lifetimes.has_expired(owner_of(catalog.BY_NAME[name], labels), now_s):
                self._totals.forget(name, labels)

    def _without_long_gone(self, series: SeriesOf, now_s: float) -> SeriesOf:
        if not self._lifetimes.is_anything_gone:
            return series
        return {
            name: {
                labels: value
                for labels, value in values.items()
                if not self._lifetimes.has_expired(owner_of(catalog.BY_NAME[name], labels), now_s)
            }
            for name, values in series.items()
        }

    def _keep_deleted(self, series: SeriesOf, before: SeriesOf) -> None:
        """Series of objects that are no more go on beside the new ones; what changed of an object that stays does not."""
        for name, values in before.items():
            for labels, value in values.items():
                if not self._lifetimes.is_present(owner_of(catalog.BY_NAME[name], labels)):
                    series.setdefault(name, {})[labels] = value

    def absorb(self, worker: int, report: Report) -> None:
        """Add a report's deltas to the totals and remember its gauges."""
        lost = self.exemplars.take(report.records)
        with self._lock:
            self._totals.absorb(worker, report)
            if lost:
                self._totals.add(catalog.TELEMETRY_DROPPED, ("exemplar", "metrics", "queue_full"), lost)
            if not report.counted:
                return
            gauges = self._workers.setdefault(worker, WorkerGauges())
            others = [other for other in self._workers.values() if other is not gauges]
            second = int(self._clock())
            for route in report.routes:
                name = route.route
                most = max(gauges.in_flight(name), route.in_flight, route.in_flight_peak)
                for other in others:
                    most += other.in_flight(name)
                self._peaks.note(name, most, second)
            gauges.take(report)

    def worker_gone(self, worker: int) -> None:
        """Its process has ended: nothing is in flight there any more. What it counted stays."""
        with self._lock:
            self._workers.pop(worker, None)

    def count(self, instrument: Instrument, labels: Labels, amount: float) -> None:
        """So many more of something that no report tells of; 0 makes the series known."""
        with self._lock:
            self._totals.add(instrument, labels, amount)

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None:
        """Lines or spans that a sink gave up."""
        with self._lock:
            self._totals.add(catalog.TELEMETRY_DROPPED, (signal, sink, reason), count)

    def count_exported(self, signal: str, sink: str, count: int) -> None:
        """Lines or spans that a sink delivered, just now."""
        with self._lock:
            self._totals.add(catalog.TELEMETRY_EXPORTED, (signal, sink), count)
            self._deliveries.succeeded(signal, sink, self._wall_clock())

    def export_took(self, signal: str, sink: str, seconds: float) -> None:
        """One delivery to a sink took so long, whatever became of it."""
        with self._lock:
            self._totals.observe(catalog.TELEMETRY_EXPORT_DURATION, (signal, sink), max(0, round(seconds * 1e9)))

    def watch_queue(self, signal: str, sink: str, length: Callable[[], int], capacity: int) -> None:
        """Show a sink's queue, asked at each scrape; replaces the one shown before for this sink."""
        with self._lock:
            self._deliveries.watch(signal, sink, length, capacity)

    def forget_queue(self, signal: str, sink: str) -> None:
        """The sink is no more; what was counted for it stays."""
        with self._lock:
            self._deliveries.forget(signal, sink)

    def watch(self, instruments: Collection[Instrument], source: Source) -> None:
        """Have these families from somebody who is asked at each scrape that shows one of them."""
        with self._lock:
            self._watched.append(_Watched(frozenset(instrument.name for instrument in instruments), source))

    def counted(self, instrument: Instrument) -> Mapping[Labels, float]:
        """What one counter stands at, by labels; without what a scrape would add of gauges and zeros."""
        with self._lock:
            return self._totals.copy(instrument.name)  # type: ignore[return-value]  # a counter has no histograms

    def families(self, instruments: Sequence[Instrument] = catalog.TRAFFIC) -> list[Family]:
        """These instruments with their series, consistent among each other; reports wait for the copying alone."""
        names = {instrument.name for instrument in instruments}
        watched = [watched for watched in tuple(self._watched) if watched.names & names]
        found = [reading for one in watched for reading in one.source()]
        now_s = self._clock()
        with self._lock:
            values = {name: self._totals.copy(name) for name in names}
            known = _by_family(self._deliveries.known_series())
            gauges = self._read_gauges(found, now_s)
            zeros, declared = self._zeros, self._declared
        families = []
        for instrument in instruments:
            name = instrument.name
            series = dict(zeros.get(name, ()))
            for more in (known, declared, gauges, values):
                series.update(more.get(name, ()))
            families.append(Family(instrument, self._without_expired(instrument, series, now_s)))
        return families

    def _without_expired(
        self, instrument: Instrument, series: dict[Labels, Value], now_s: float
    ) -> dict[Labels, Value]:
        has_expired = self._lifetimes.has_expired
        expired = [labels for labels in series if has_expired(owner_of(instrument, labels), now_s)]
        if expired:
            with self._lock:
                for labels in expired:
                    del series[labels]
                    self._totals.forget(instrument.name, labels)
        return series

    def _read_gauges(self, found: Iterable[Reading], now_s: float) -> Mapping[str, Mapping[Labels, float]]:
        """Of one series only the workers have several readings, which add up."""
        gauges: dict[str, dict[Labels, float]] = {}
        for index, worker in self._workers.items():
            for instrument, labels, value in worker.readings(index, self._totals.endpoint_labels.of):
                of_instrument = gauges.setdefault(instrument.name, {})
                of_instrument[labels] = of_instrument.get(labels, 0) + value
        for instrument, labels, value in (*found, *self._deliveries.readings()):
            gauges.setdefault(instrument.name, {})[labels] = value
        peaks: dict[Labels, int] = {(route,): peak for route, peak in self._peaks.read(now_s).items()}
        running: Mapping[Labels, float] = gauges.get(catalog.HTTP_IN_FLIGHT.name, {})
        gauges[catalog.HTTP_IN_FLIGHT_PEAK.name] = {
            labels: max(peaks.get(labels, 0), running.get(labels, 0)) for labels in peaks.keys() | running.keys()
        }
        gauges[catalog.HTTP_OLDEST_AGE.name] = self._oldest_ages()
        left = budgets_left(self._workers.values())
        gauges[catalog.UPSTREAM_RETRY_BUDGET.name] = {(route,): ratio for route, ratio in left.items()}
        return gauges

    def _oldest_ages(self) -> dict[Labels, float]:
        now_ns = self._wall_clock() * 1e9
        ages: dict[Labels, float] = {}
        for worker in self._workers.values():
            for route, began_ns in worker.oldest.items():
                ages[route,] = max(ages.get((route,), 0.0), (now_ns - began_ns) / 1e9)
        return ages


def _by_family(known: Iterable[Series]) -> SeriesOf:
    zeros: SeriesOf = {}
    for instrument, labels in known:
        zeros.setdefault(instrument.name, {})[labels] = _zero_of(instrument)
    return zeros


def _zero_of(instrument: Instrument) -> Value:
    return _NOTHING_OBSERVED if instrument.kind in {Kind.HISTOGRAM, Kind.SUMMARY} else 0


def _declared_values(snapshot: Snapshot) -> dict[str, dict[Labels, Value]]:
    """Gauges that repeat what the configuration says."""
    targets: dict[Labels, Value] = {}
    infos: dict[Labels, Value] = {}
    if snapshot.telemetry.metrics.enabled:
        for route in snapshot.routes[: snapshot.telemetry.metrics.max_routes]:
            upstreams = ",".join(share.upstream for share in route.upstreams)
            infos[route.name, upstreams, ",".join(route.match.hosts), http_route(route)] = 1
            if route.slo and route.slo.availability_ratio is not None:
                targets[route.name, "availability"] = route.slo.availability_ratio
            if route.slo and route.slo.latency is not None:
                targets[route.name, "latency"] = route.slo.latency.target_ratio
    limits: dict[Labels, Value] = {(listener.name,): listener.limits.connections for listener in snapshot.listeners}
    return {catalog.ROUTE_INFO.name: infos, catalog.SLO_TARGET.name: targets, catalog.CONNECTIONS_LIMIT.name: limits}
