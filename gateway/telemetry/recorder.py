"""The worker's end of telemetry: takes each finished exchange once and turns it into counts, a line and perhaps a record.

Runs on the data path, where every call counts; nothing here waits, and everything it holds is bounded.
"""

from bisect import bisect_left
from random import random
from typing import Final

from gateway.model.exchange import Attempt, Exchange
from gateway.model.outcome import Reason
from gateway.model.route import Route
from gateway.model.snapshot import AccessLogSink, TelemetrySettings
from gateway.telemetry.access_line import LineEncoder
from gateway.telemetry.exchange_record import build_record
from gateway.telemetry.histogram import EDGES_NS, LAG_EDGES_NS, SUM, new_counts, take_delta
from gateway.telemetry.labels import METHODS, NO_UPSTREAM, OTHER_METHOD, OVERFLOW, UNMATCHED, is_fault
from gateway.telemetry.outbox import Outbox
from gateway.telemetry.route_view import SLOW_NS, RouteView
from gateway.telemetry.series import ListenerSeries, RouteSeries, UpstreamSeries
from gateway.telemetry.timing import AttemptTiming, Timing, measure, measure_attempt
from gateway.wire.report import PoolGauge, Report

_BUSY_ROUTES: Final = 128
"""A report of this many routes makes the next one leave counts out; each further as many, one more."""
_MAX_PAUSE: Final = 4
_SWEEP_REPORTS: Final = 1500
"""Reports between two searches for series that nothing has touched in the meantime: five minutes at the usual pace."""
_SAMPLED: Final = "sampled"
_ERROR: Final = "error"
_SLOW: Final = "slow"
_RETRIED: Final = "retried"


class Recorder:
    """Counts, lines and records of one worker, handed over by `take_report`. Used from the worker's loop only."""

    __slots__ = (
        "_encoder", "_export", "_keep", "_lag", "_listeners", "_log", "_max_routes", "_metrics", "_outbox", "_pause",
        "_sample", "_sequence", "_series", "_unmatched", "_upstreams", "_views", "_worker",
    )  # fmt: skip

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._sequence = 0
        self._pause = 0
        self._series: dict[str, RouteSeries] = {}
        self._views: dict[str, RouteView] = {}
        self._upstreams: dict[str, UpstreamSeries] = {}
        self._listeners: dict[str, ListenerSeries] = {}
        self._lag = new_counts(LAG_EDGES_NS)
        self._outbox = Outbox()
        self._unmatched = RouteView(None, self._route_series(UNMATCHED))
        self.configure(TelemetrySettings(), "")

    def configure(self, telemetry: TelemetrySettings, revision: str) -> None:
        """Take up the settings of a snapshot that is being activated. What was counted stays counted."""
        del revision
        self._metrics = telemetry.metrics.enabled
        self._max_routes = telemetry.metrics.max_routes
        self._log = telemetry.access_log.sink is AccessLogSink.STDOUT
        self._sample = telemetry.access_log.sample_success
        self._export = telemetry.traces.export and telemetry.traces.propagate
        self._keep = frozenset(keep.value for keep in telemetry.traces.keep)
        self._encoder = LineEncoder(telemetry.query_allowed)
        self._views = {}

    def exchange_started(self, exchange: Exchange) -> None:
        """The exchange has its route, or is known to have none: count it as in flight."""
        if self._metrics:
            exchange.mark = view = self._view(exchange.route)
            view.series.in_flight += 1

    def exchange_finished(self, exchange: Exchange) -> None:
        """The exchange is over and its record complete. Called exactly once for each."""
        if not (self._metrics or self._log) and _is_unremarkable(exchange, sampled=self._export and exchange.sampled):
            if exchange.mark is not None:
                exchange.mark.series.in_flight -= 1
            return
        view: RouteView = exchange.mark or self._view(exchange.route)
        key = (METHODS.get(exchange.method, OTHER_METHOD), exchange.status, exchange.source, exchange.reason)
        ending = view.endings.get(key) or view.add_ending(key)
        timing = measure(exchange)
        total = timing[0]
        if exchange.mark is not None:
            view.series.in_flight -= 1
        if self._metrics:
            ending.cell[0] += 1
            counts = ending.duration
            counts[bisect_left(EDGES_NS, total)] += 1
            counts[SUM] += total
            self._count(exchange, view.series, timing)
            if view.objectives:
                view.judge(ending, total, upgraded=exchange.upgraded)
        rule = ""
        if ending.fault:
            rule = _ERROR
        elif total > view.slow_ns and not exchange.upgraded:
            rule = _SLOW
        elif len(exchange.attempts) > 1:
            rule = _RETRIED
        if self._log:
            if rule or not ending.plain or self._sample >= 1.0:
                self._outbox.add_line(self._encoder.encode(exchange, timing, ending.tail))
            elif random() < self._sample:
                self._outbox.add_line(self._encoder.encode(exchange, timing, ending.tail, self._sample))
        elif rule:
            self._outbox.add_kept_line(self._encoder.encode(exchange, timing, ending.tail))
        if self._export and exchange.trace_id:
            self._decide(exchange, timing, rule)

    def connection_accepted(self, listener: str) -> None:
        """A client has connected."""
        if self._metrics:
            series = self._listener_series(listener)
            series.active += 1
            series.accepted += 1
            series.moved = True

    def connection_closed(self, listener: str) -> None:
        """A connection that was accepted is gone."""
        series = self._listener_series(listener)
        if series.active > 0:
            series.active -= 1
            series.moved = True

    def connection_rejected(self, listener: str, reason: str) -> None:
        """A connection was turned away before it was accepted; `reason` is from the engine's closed list."""
        if self._metrics:
            series = self._listener_series(listener)
            series.rejected[reason] = series.rejected.get(reason, 0) + 1
            series.moved = True

    def upstream_connection_opened(self, upstream: str, result: Reason) -> None:
        """Opening a connection to an endpoint has ended; Reason.NONE is success."""
        if self._metrics:
            series = self._upstream_series(upstream)
            label = "ok" if result is Reason.NONE else result.value
            series.opened[label] = series.opened.get(label, 0) + 1
            series.moved = True

    def upstream_connection_closed(self, upstream: str, reason: str) -> None:
        """A connection that was opened is gone; `reason` is from the engine's closed list."""
        if self._metrics:
            series = self._upstream_series(upstream)
            series.closed[reason] = series.closed.get(reason, 0) + 1
            series.moved = True

    def loop_lag(self, seconds: float) -> None:
        """How late a timer of the loop fired."""
        if self._metrics:
            lag_ns = max(round(seconds * 1e9), 0)
            self._lag[bisect_left(LAG_EDGES_NS, lag_ns)] += 1
            self._lag[-1] += lag_ns

    def is_due(self) -> bool:
        """Whether so much is waiting that the next report should not be waited for."""
        return self._outbox.is_due()

    def take_report(self, pools: list[PoolGauge], now_ns: int, *, last: bool = False) -> Report:
        """All that happened since the last report. `pools` are all pools of the worker, `now_ns` the wall clock.

        After a report about very many routes the next few carry no counts, which then come together; `last` overrides
        that and is given when the worker stops.
        """
        self._sequence += 1
        lines, line_count, kept_lines, records = self._outbox.take_lines()
        if self._pause and not last:
            self._pause -= 1
            return Report(
                self._worker, self._sequence, now_ns, counted=False,
                access_lines=lines, access_line_count=line_count, kept_lines=kept_lines, records=records,
            )  # fmt: skip
        if self._sequence % _SWEEP_REPORTS == 0:
            self._sweep()
        routes = [delta for series in self._series.values() if (delta := series.take())]
        self._pause = min(len(routes) // _BUSY_ROUTES, _MAX_PAUSE)
        return Report(
            self._worker,
            self._sequence,
            now_ns,
            routes=routes,
            upstreams=[delta for upstream in self._upstreams.values() if (delta := upstream.take())],
            listeners=[delta for listener in self._listeners.values() if (delta := listener.take())],
            pools=pools,
            loop_lag=take_delta(self._lag),
            decisions=self._outbox.take_decisions(),
            drops=self._outbox.take_drops(),
            access_lines=lines,
            access_line_count=line_count,
            kept_lines=kept_lines,
            records=records,
        )

    def _count(self, exchange: Exchange, series: RouteSeries, timing: Timing) -> None:
        _, overhead, read_head, wait, connect, send, ttfb, transfer, write = timing
        series.moved = True
        counts = series.overhead
        counts[bisect_left(EDGES_NS, overhead)] += 1
        counts[SUM] += overhead
        series.bytes_in += exchange.bytes_in
        series.bytes_out += exchange.bytes_out
        attempts = exchange.attempts
        if len(attempts) == 1:
            upstream = self._count_attempt(attempts[0], (wait, connect, send, ttfb, transfer), exchange.ended_ns)
        else:
            upstream = self._upstream_series(exchange.upstream or NO_UPSTREAM)
            for attempt in attempts:
                self._count_attempt(attempt, measure_attempt(attempt, exchange.ended_ns), exchange.ended_ns)
            upstream.moved = True
        counts = upstream.read_head
        counts[bisect_left(EDGES_NS, read_head)] += 1
        counts[SUM] += read_head
        counts = upstream.write
        counts[bisect_left(EDGES_NS, write)] += 1
        counts[SUM] += write

    def _count_attempt(self, attempt: Attempt, timing: AttemptTiming, exchange_ended_ns: int) -> UpstreamSeries:
        """Only phases that were reached are observed, except the wait for a connection, which every attempt goes through."""
        wait, connect, send, ttfb, transfer = timing
        upstream = self._upstreams.get(attempt.upstream) or self._upstream_series(attempt.upstream)
        upstream.moved = True
        key = (attempt.endpoint, attempt.status, attempt.reason)
        series = upstream.attempts.get(key) or upstream.add_attempts(key)
        series.count[0] += 1
        counts = upstream.pool_wait
        counts[bisect_left(EDGES_NS, wait)] += 1
        counts[SUM] += wait
        if connect:
            counts = upstream.connect
            counts[bisect_left(EDGES_NS, connect)] += 1
            counts[SUM] += connect
        leased = attempt.leased_ns
        if not leased:
            return upstream
        spent = (attempt.ended_ns or exchange_ended_ns) - leased
        counts = series.duration
        counts[bisect_left(EDGES_NS, spent)] += 1
        counts[SUM] += spent
        pair = series.endpoint_time
        pair[0] += 1
        pair[1] += spent
        counts = upstream.send
        counts[bisect_left(EDGES_NS, send)] += 1
        counts[SUM] += send
        if attempt.sent_ns or attempt.first_byte_ns:
            counts = upstream.ttfb
            counts[bisect_left(EDGES_NS, ttfb)] += 1
            counts[SUM] += ttfb
        if attempt.first_byte_ns:
            counts = upstream.transfer
            counts[bisect_left(EDGES_NS, transfer)] += 1
            counts[SUM] += transfer
        return upstream

    def _decide(self, exchange: Exchange, timing: Timing, rule: str) -> None:
        """Keep the exchange for its spans, or let it go."""
        if exchange.sampled:
            rule = _SAMPLED
        elif rule not in self._keep:
            self._outbox.let_go += 1
            return
        query = exchange.query
        redacted = self._encoder.redact(query) if query is not None else None
        self._outbox.add_record(build_record(exchange, timing, rule, redacted))

    def _sweep(self) -> None:
        """Let go of series that nothing has counted in since the last sweep; a route that is used again starts anew."""
        self._views = {}
        self._series = {
            label: series
            for label, series in self._series.items()
            if series.touched or series.in_flight or label == UNMATCHED
        }
        self._upstreams = {label: series for label, series in self._upstreams.items() if series.touched}
        for kept in (*self._series.values(), *self._upstreams.values()):
            kept.touched = False

    def _view(self, route: Route | None) -> RouteView:
        if route is None:
            return self._unmatched
        view = self._views.get(route.name)
        if view is None or view.route is not route:
            label = route.name if route.index < self._max_routes else OVERFLOW
            view = self._views[route.name] = RouteView(route, self._route_series(label))
        return view

    def _route_series(self, label: str) -> RouteSeries:
        series = self._series.get(label)
        if series is None:
            series = self._series[label] = RouteSeries(label)
        return series

    def _upstream_series(self, label: str) -> UpstreamSeries:
        series = self._upstreams.get(label)
        if series is None:
            series = self._upstreams[label] = UpstreamSeries(label)
        return series

    def _listener_series(self, label: str) -> ListenerSeries:
        series = self._listeners.get(label)
        if series is None:
            series = self._listeners[label] = ListenerSeries(label)
        return series


def _is_unremarkable(exchange: Exchange, *, sampled: bool) -> bool:
    """Whether nobody wants to hear of it when neither metrics nor the access log are on."""
    return not (
        sampled
        or len(exchange.attempts) > 1
        or is_fault(exchange.status, exchange.reason)
        or exchange.ended_ns - exchange.started_ns > SLOW_NS
        or (exchange.route is not None and exchange.route.slo is not None)
    )
