"""Counters and histograms of all workers, by family and labels. They only ever grow, until their object is gone."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from gateway.model.outcome import Reason
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument, Kind
from gateway.telemetry.histogram import Histogram
from gateway.telemetry.labels import OVERFLOW, status_class, worker_label
from gateway.telemetry.merging.overflow import EndpointLabels
from gateway.wire.report import HistogramDelta, ListenerDelta, Report, RouteDelta, UpstreamDelta

Labels: TypeAlias = tuple[str, ...]

_NONE: Final = Reason.NONE.value
_CODES: Final = {code: str(code) for code in range(100, 600)}


class Totals:
    """Not safe for threads: the store has the lock. `endpoint_labels` says under which name an endpoint is counted."""

    def __init__(self) -> None:
        self.endpoint_labels = EndpointLabels()
        self._totals: dict[str, dict[Labels, float]] = {}
        self._histograms: dict[str, dict[Labels, Histogram]] = {}
        self.keeps_answers = False
        """Whether durations are also wanted by method and code."""
        for instrument in (*catalog.TRAFFIC, catalog.ANSWER_DURATION):
            if instrument.kind is Kind.COUNTER:
                self._totals[instrument.name] = {}
            elif instrument.kind is not Kind.GAUGE:
                self._histograms[instrument.name] = {}
        self._requests = self._totals[catalog.HTTP_REQUESTS.name]
        self._bytes = self._totals[catalog.HTTP_REQUEST_BYTES.name], self._totals[catalog.HTTP_RESPONSE_BYTES.name]

    def copy(self, name: str) -> Mapping[Labels, float | Histogram]:
        """The series of a family as they are now."""
        histograms = self._histograms.get(name)
        if histograms is not None:
            return {labels: histogram.copy() for labels, histogram in histograms.items()}
        return dict(self._totals.get(name, ()))

    def labels(self) -> list[tuple[str, Labels]]:
        """Every series there is: name of the family and labels."""
        counters = [(name, labels) for name, series in self._totals.items() for labels in series]
        return counters + [(name, labels) for name, series in self._histograms.items() for labels in series]

    def forget(self, name: str, labels: Labels) -> None:
        """The object of a series is gone for good."""
        self._totals.get(name, {}).pop(labels, None)
        self._histograms.get(name, {}).pop(labels, None)

    def add(self, instrument: Instrument, labels: Labels, amount: float) -> None:
        totals = self._totals[instrument.name]
        totals[labels] = totals.get(labels, 0) + amount

    def observe(self, instrument: Instrument, labels: Labels, ns: int) -> None:
        """One more duration of a histogram or summary."""
        self._histogram(instrument, labels).observe(ns)

    def absorb(self, worker: int, report: Report) -> None:
        """Add what a report counted."""
        for drop in report.drops:
            self.add(catalog.TELEMETRY_DROPPED, (drop.signal, drop.sink, drop.reason), drop.count)
        if not report.counted:
            return
        for route in report.routes:
            self._absorb_route(route)
        for upstream in report.upstreams:
            self._absorb_upstream(upstream)
        for listener in report.listeners:
            self._absorb_listener(listener)
        for rule, count in report.decisions.items():
            self.add(catalog.TRACE_DECISIONS, ("dropped" if rule == "none" else "kept", rule), count)
        self._merge(catalog.EVENT_LOOP_LAG, (str(worker),), report.loop_lag)
        self.add(catalog.TELEMETRY_CPU, (worker_label(worker),), report.telemetry_cpu_ns / 1e9)

    def _absorb_route(self, delta: RouteDelta) -> None:
        """Of thousands of routes, every second: what each of them has is added without a call."""
        route = delta.route
        of_route = (route,)
        requests = self._requests
        for request in delta.requests:
            labels = (route, request.method, _CODES.get(request.code) or str(request.code), request.source)
            requests[labels] = requests.get(labels, 0) + request.count
            if request.reason != _NONE:
                self.add(catalog.HTTP_FAILURES, (route, request.reason), request.count)
            if route == OVERFLOW:
                self.add(catalog.TELEMETRY_LABEL_OVERFLOW, (catalog.HTTP_REQUESTS.name, "route"), request.count)
        for answer, duration in delta.durations.items():
            method, code, of_class = _parts_of(answer)
            self._merge(catalog.HTTP_REQUEST_DURATION, (route, of_class), duration)
            if self.keeps_answers:
                self._merge(catalog.ANSWER_DURATION, (route, method, code), duration)
        self._merge(catalog.HTTP_OVERHEAD, of_route, delta.overhead)
        request_bytes, response_bytes = self._bytes
        request_bytes[of_route] = request_bytes.get(of_route, 0) + delta.bytes_in
        response_bytes[of_route] = response_bytes.get(of_route, 0) + delta.bytes_out
        for fault, count in delta.faults.items():
            self.add(catalog.HTTP_FAULTS_INJECTED, (route, fault), count)
        for judged in delta.slo:
            self.add(catalog.SLO_REQUESTS, (route, judged.sli, "good"), judged.good)
            self.add(catalog.SLO_REQUESTS, (route, judged.sli, "bad"), judged.bad)

    def _absorb_upstream(self, delta: UpstreamDelta) -> None:
        name = delta.upstream
        for attempt in delta.attempts:
            endpoint = self.endpoint_labels.of(name, attempt.endpoint)
            self.add(catalog.UPSTREAM_REQUESTS, (name, endpoint, attempt.status_class, attempt.reason), attempt.count)
            if endpoint == OVERFLOW:
                self.add(catalog.TELEMETRY_LABEL_OVERFLOW, (catalog.UPSTREAM_REQUESTS.name, "endpoint"), attempt.count)
        for phase, duration in delta.phases.items():
            self._merge(catalog.HTTP_PHASE_DURATION, (phase, name), duration)
        for time in delta.endpoints:
            self._merge(catalog.UPSTREAM_DURATION, (name, time.status_class), time.durations)
            endpoint = self.endpoint_labels.of(name, time.endpoint)
            self._merge(catalog.UPSTREAM_ENDPOINT_DURATION, (name, endpoint), time.durations)
        for result, count in delta.opened.items():
            self.add(catalog.UPSTREAM_OPENED, (name, result), count)
        for reason, count in delta.closed.items():
            self.add(catalog.UPSTREAM_CLOSED, (name, reason), count)
        for retry in delta.retries:
            self.add(catalog.UPSTREAM_RETRIES, (name, retry.reason, retry.result), retry.count)
        for reason, count in delta.rejected.items():
            self.add(catalog.UPSTREAM_REJECTED, (name, reason), count)

    def _absorb_listener(self, delta: ListenerDelta) -> None:
        self.add(catalog.CONNECTIONS_ACCEPTED, (delta.listener,), delta.accepted)
        for reason, count in delta.rejected.items():
            self.add(catalog.CONNECTIONS_REJECTED, (delta.listener, reason), count)

    def _merge(self, instrument: Instrument, labels: Labels, delta: HistogramDelta | None) -> None:
        if delta is not None:
            histogram = self._histograms[instrument.name].get(labels) or self._histogram(instrument, labels)
            histogram.add(delta)

    def _histogram(self, instrument: Instrument, labels: Labels) -> Histogram:
        histograms = self._histograms[instrument.name]
        histogram = histograms.get(labels)
        if histogram is None:
            histogram = histograms[labels] = Histogram()
        return histogram


@lru_cache(4096)
def _parts_of(answer: str) -> tuple[str, str, str]:
    """`GET 200` as method, code and class of the status."""
    method, _, code = answer.partition(" ")
    return method, code, status_class(int(code))
