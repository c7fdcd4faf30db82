"""From the reports of the workers to the windows of all series.

A second is gathered, and closed when the first report after it comes or somebody asks: only series in which something
happened, or is in flight, are touched then. A series that is idle costs nothing, one that never had a request does not exist.
"""

import time
from collections.abc import Callable
from typing import Final

from gateway.model.outcome import Reason, cause_of, is_endpoint_failure
from gateway.model.phase import Phase
from gateway.model.snapshot import HistorySettings
from gateway.telemetry.history.series import Series
from gateway.telemetry.history.shelf import Shelf
from gateway.telemetry.labels import FAULTS
from gateway.wire.history import WindowData, add_counts
from gateway.wire.report import PoolGauge, Report, RouteDelta, UpstreamDelta

_FAULT_TEXTS: Final = frozenset(reason.value for reason in FAULTS)
_ATTEMPT_FAILURES: Final = {reason.value: f"{cause_of(reason).value}/{reason.value}" for reason in Reason}
_NONE: Final = Reason.NONE.value
_NO_FAILURE: Final = frozenset({_NONE, Reason.SUPERSEDED.value})
_ATTEMPT_ERRORS: Final = frozenset(reason.value for reason in Reason if is_endpoint_failure(reason))
_NEVER_SENT: Final = Reason.POOL_EXHAUSTED.value
"""Our own queue was full: the endpoint was not asked, and that is no attempt of its windows."""
_SERVER_ERROR: Final = "5xx"
_FIRST_ERROR: Final = 500
_CLIENT_ERROR: Final = "4xx"
_FIRST_CLIENT_ERROR: Final = 400
_SLI_PLACES: Final = {"availability": 0, "latency": 2}
_READ_HEAD: Final = Phase.READ_HEAD.value
"""The phase that each exchange has once; of attempts there may be several."""


class SteadyClock:
    """Whole Unix seconds that never go back: the wall clock of the start, carried on by the monotonic one."""

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()

    def __call__(self) -> int:
        return int(time.monotonic() + self._offset_s)


class Gathering:
    """What is known of the gateway, its routes, upstreams and endpoints. Used from one thread."""

    def __init__(self, limit: int = HistorySettings().memory, clock: Callable[[], int] | None = None) -> None:
        """limit: bytes the windows may take; clock: whole Unix seconds, never going back."""
        self._clock = clock or SteadyClock()
        self._second = self.started_s = self._clock()
        self._shelf = Shelf(limit, self.started_s)
        self._touched: list[Series] = []
        """Those that gather something in this second, but for the gateway and the upstreams, which are sums of others."""
        self._running: dict[int, dict[str, int]] = {}
        """Requests in flight by worker and route."""
        self._pools: dict[int, list[PoolGauge]] = {}
        self._busy: list[Series] = []
        """Endpoints that something was in flight to when the last second was closed."""

    @property
    def bytes(self) -> int:
        """About how much memory all windows take."""
        return self._shelf.bytes

    @property
    def limit(self) -> int:
        """The most they may take; then the longest windows of the quietest series go first."""
        return self._shelf.limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._shelf.limit = limit

    @property
    def now_s(self) -> int:
        """The second that is running; everything before it is complete, but for what a worker has not yet reported."""
        self.advance()
        return self._second

    def absorb(self, worker: int, report: Report) -> None:
        """Count a report into the second that is running."""
        if not report.counted:
            return
        self.advance()
        for route in report.routes:
            self._absorb_route(worker, route)
        for upstream in report.upstreams:
            self._absorb_upstream(upstream)
        self._pools[worker] = report.pools

    def worker_gone(self, worker: int) -> None:
        """Its process has ended: nothing is in flight there any more."""
        self._pools.pop(worker, None)
        for route, count in self._running.pop(worker, {}).items():
            series = self._shelf.series.get(("route", route))
            if series is not None:
                self._count_running(series, -count)

    def advance(self) -> None:
        """Close the second that was running, if it is over."""
        now_s = self._clock()
        if now_s == self._second:
            return
        self._take_pools()
        touched, self._touched = self._touched, []
        for series in touched:
            self._shelf.close_second(series, self._second)
        parents = {id(series.parent): series.parent for series in touched if series.parent is not None}
        for parent in parents.values():
            self._shelf.close_second(parent, self._second)
        self._second = now_s
        for series in touched:
            if series.in_flight:
                self._open(series)
        self._shelf.sweep(now_s)

    def _absorb_route(self, worker: int, delta: RouteDelta) -> None:
        key = ("route", delta.route)
        series = self._shelf.series.get(key) or self._shelf.add(key, self._shelf.gateway)  # type: ignore[arg-type]
        running = self._running.setdefault(worker, {})
        if delta.in_flight != running.get(delta.route, 0):
            self._count_running(series, delta.in_flight - running.get(delta.route, 0))
            running[delta.route] = delta.in_flight
        window = series.now or self._open(series)
        for request in delta.requests:
            window.requests += request.count
            reason = request.reason
            if request.code >= _FIRST_ERROR or reason in _FAULT_TEXTS:
                window.errors += request.count
            elif request.code >= _FIRST_CLIENT_ERROR:
                window.client_errors += request.count
            if reason != _NONE:
                failure = f"{request.source}/{reason}"
                window.failures[failure] = window.failures.get(failure, 0) + request.count
        for durations in delta.durations.values():
            window.sum_ns += durations.sum_ns
            window.buckets = add_counts(window.buckets, durations.buckets)
        if delta.overhead is not None:
            window.overhead_ns += delta.overhead.sum_ns
            window.overhead = add_counts(window.overhead, delta.overhead.buckets)
        window.bytes_in += delta.bytes_in
        window.bytes_out += delta.bytes_out
        for judged in delta.slo:
            place = _SLI_PLACES[judged.sli]
            counts = window.slo = window.slo or [0, 0, 0, 0]
            counts[place] += judged.good
            counts[place + 1] += judged.bad

    def _count_running(self, series: Series, more: int) -> None:
        series.in_flight += more
        self._shelf.gateway.in_flight += more

    def _absorb_upstream(self, delta: UpstreamDelta) -> None:
        """An upstream is the sum of its endpoints."""
        for attempt in delta.attempts:
            series = self._endpoint(delta.upstream, attempt.endpoint)
            window = series.now or self._open(series)
            reason = attempt.reason
            if reason != _NEVER_SENT:
                window.requests += attempt.count
            if attempt.status_class == _SERVER_ERROR or reason in _ATTEMPT_ERRORS:
                window.errors += attempt.count
            elif attempt.status_class == _CLIENT_ERROR:
                window.client_errors += attempt.count
            if reason not in _NO_FAILURE:
                failure = _ATTEMPT_FAILURES.get(reason, reason)
                window.failures[failure] = window.failures.get(failure, 0) + attempt.count
        for endpoint in delta.endpoints:
            series = self._endpoint(delta.upstream, endpoint.endpoint)
            window = series.now or self._open(series)
            window.sum_ns += endpoint.durations.sum_ns
            window.buckets = add_counts(window.buckets, endpoint.durations.buckets)
        if delta.attempts:
            self._absorb_phases(delta)

    def _absorb_phases(self, delta: UpstreamDelta) -> None:
        """Where the time went is known per upstream alone. Its endpoints gather in this second, so it is closed with them."""
        series = self._shelf.series["upstream", delta.upstream]
        if series.now is None:
            series.now = WindowData()
        for phase, durations in delta.phases.items():
            series.now.phases_ns[phase] = series.now.phases_ns.get(phase, 0) + durations.sum_ns
            if phase == _READ_HEAD:
                series.now.exchanges += sum(durations.buckets.values())

    def _endpoint(self, upstream: str, address: str) -> Series:
        series = self._shelf.series.get(("endpoint", f"{upstream}/{address}"))
        if series is None:
            parent = self._shelf.series.get(("upstream", upstream)) or self._shelf.add(("upstream", upstream))
            series = self._shelf.add(("endpoint", f"{upstream}/{address}"), parent)
        return series

    def _open(self, series: Series) -> WindowData:
        window = series.now = WindowData()
        self._touched.append(series)
        return window

    def _take_pools(self) -> None:
        """What is in flight to each endpoint now; endpoints where something is have a window, even if nothing ended."""
        running: dict[tuple[str, str], int] = {}
        for pools in self._pools.values():
            for pool in pools:
                if pool.in_flight:
                    key = (pool.upstream, pool.endpoint)
                    running[key] = running.get(key, 0) + pool.in_flight
        for series in self._busy:
            series.in_flight = 0
        self._busy = []
        for (upstream, address), count in running.items():
            series = self._endpoint(upstream, address)
            series.in_flight = count
            self._busy.append(series)
            if series.now is None:
                self._open(series)
