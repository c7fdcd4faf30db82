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
from gateway.telemetry.histogram import EDGES_NS
from gateway.telemetry.labels import METHODS, OTHER_METHOD, OVERFLOW, UNMATCHED, is_fault
from gateway.telemetry.recording.exchange_record import build_record
from gateway.telemetry.recording.outbox import Outbox
from gateway.telemetry.recording.route_view import SLOW_NS, Ending, RouteView
from gateway.telemetry.recording.smooth import Smooth, SmoothLines
from gateway.telemetry.recording.tally import Tally
from gateway.telemetry.timing import Timing, measure
from gateway.wire.report import PoolGauge, Report, RouteDelta

_BUSY_ROUTES: Final = 128
"""A report of this many routes makes the next one leave counts out; each further as many, one more."""
_MAX_PAUSE: Final = 4
_SWEEP_REPORTS: Final = 1500
"""Reports between two searches for series that nothing has touched in the meantime: five minutes at the usual pace."""
_SAMPLED: Final = "sampled"
_ERROR: Final = "error"
_SLOW: Final = "slow"
_RETRIED: Final = "retried"
_SETTLED_AT_ONCE: Final = 64
_FIRST_EDGE_NS: Final = EDGES_NS[0]


class Recorder:
    """Counts, lines and records of one worker, handed over by `take_report`. Used from the worker's loop only."""

    __slots__ = (
        "_encoder",
        "_export",
        "_finished",
        "_keep",
        "_log",
        "_max_routes",
        "_metrics",
        "_outbox",
        "_pause",
        "_sample",
        "_sequence",
        "_smooth_lines",
        "_smooths",
        "_tally",
        "_unmatched",
        "_views",
        "_worker",
    )

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._sequence = 0
        self._pause = 0
        self._tally = Tally()
        self._outbox = Outbox()
        self._smooth_lines = SmoothLines()
        self._smooths: list[Smooth] = []
        """Those that have counted something since they were folded last."""
        self._views: dict[str, RouteView] = {}
        self._finished: list[Exchange] = []
        self.configure(TelemetrySettings(), "")

    def configure(self, telemetry: TelemetrySettings, revision: str) -> None:
        """Take up the settings of a snapshot that is being activated. What was counted stays counted."""
        del revision  # every exchange brings its own
        self._settle()
        self._fold()
        self._forget_views()
        self._metrics = telemetry.metrics.enabled
        self._max_routes = telemetry.metrics.max_routes
        self._log = telemetry.access_log.sink is AccessLogSink.STDOUT
        self._sample = telemetry.access_log.sample_success
        self._export = telemetry.traces.export and telemetry.traces.propagate
        self._keep = frozenset(keep.value for keep in telemetry.traces.keep)
        self._encoder = LineEncoder(telemetry.query_allowed)
        self._unmatched = RouteView(None, self._tally.route(UNMATCHED), self._sample)

    def exchange_started(self, exchange: Exchange) -> None:
        """The exchange has its route, or is known to have none: count it as in flight."""
        if self._metrics:
            exchange.mark = view = self._view(exchange.route)
            view.series.in_flight += 1

    def exchange_finished(self, exchange: Exchange) -> None:
        """The exchange is over and its record complete. Called exactly once for each.

        Records are worked on some dozens at a time: doing one thing often in a row keeps the processor's caches warm,
        which saves a fifth of what it costs (perf/bench_walk.py).
        """
        finished = self._finished
        finished.append(exchange)
        if len(finished) >= _SETTLED_AT_ONCE:
            self._settle()

    def _settle(self) -> None:
        finished, self._finished = self._finished, []
        lines: list[str] = []
        for exchange in finished:
            attempts = exchange.attempts
            if len(attempts) != 1 or not self._metrics or not self._settle_smooth(exchange, attempts[0], lines):
                self._put_out(lines)
                self._settle_one(exchange)
        self._put_out(lines)

    def _put_out(self, lines: list[str]) -> None:
        if lines:
            self._outbox.add_lines("".join(lines).encode(), len(lines))
            lines.clear()

    def _settle_smooth(  # noqa: C901 - written out: it runs for nearly every exchange (perf/bench_recorder.py)
        self, exchange: Exchange, attempt: Attempt, lines: list[str]
    ) -> bool:
        """Count a smooth exchange; False, with nothing done, for any other."""
        started = exchange.started_ns
        first = attempt.first_byte_ns
        if attempt.leased_ns != started or attempt.sent_ns != started or attempt.ended_ns != first:
            return False
        view: RouteView | None = exchange.mark
        if view is None or view.route is None or exchange.write_stall_ns or exchange.upgraded:
            return False
        smooth: Smooth | None = view.smooth.get((exchange.method, exchange.status, attempt.endpoint, exchange.reason))
        if smooth is None:
            smooth = self._add_smooth(view, exchange, attempt)
        total = exchange.ended_ns - started
        ttfb = first - started
        if smooth.is_fault or total > view.slow_ns or not ttfb:
            return False
        view.series.in_flight -= 1
        if not smooth.count:
            self._smooths.append(smooth)
        smooth.count += 1
        smooth.total_ns += total
        smooth.ttfb_ns += ttfb
        smooth.bytes_in += exchange.bytes_in
        smooth.bytes_out += exchange.bytes_out
        smooth.durations[bisect_left(EDGES_NS, total)] += 1
        bucket = bisect_left(EDGES_NS, ttfb)
        smooth.ttfbs[bucket] += 1
        smooth.attempt_durations[bucket] += 1
        if total - ttfb > _FIRST_EDGE_NS:
            smooth.observe_overhead(total - ttfb)
        if view.objectives:
            view.judge(smooth.ending, total, upgraded=False)
        if self._log and self._sample >= 1.0 and exchange.query is None and not exchange.detail:
            timestamp = self._encoder.timestamp(exchange.started_at_ns)
            lines.append(self._smooth_lines.compose(exchange, smooth, timestamp, total, ttfb))
        elif self._log:
            self._choose_line(exchange, measure(exchange), smooth.ending, "")
        if self._export and exchange.sampled:
            self._keep_record(exchange, measure(exchange), "")
        return True

    def _add_smooth(self, view: RouteView, exchange: Exchange, attempt: Attempt) -> Smooth:
        key = (METHODS.get(exchange.method, OTHER_METHOD), exchange.status, exchange.source, exchange.reason)
        ending = view.endings.get(key) or view.add_ending(key)
        upstream = self._tally.upstream(attempt.upstream)
        attempt_key = (attempt.endpoint, attempt.status, attempt.reason)
        attempts = upstream.attempts.get(attempt_key) or upstream.add_attempts(attempt_key)
        smooth = Smooth(view, ending, upstream, attempts, (exchange, attempt))
        view.smooth[exchange.method, exchange.status, attempt.endpoint, exchange.reason] = smooth
        return smooth

    def _fold(self) -> None:
        """Bring the counts of smooth exchanges to the series they belong to."""
        for smooth in self._smooths:
            smooth.fold()
        self._smooths.clear()

    def _forget_views(self) -> None:
        """Look every series up anew from here on; exchanges in flight keep their view, but not what it remembers."""
        for view in self._views.values():
            view.smooth.clear()
        self._views = {}

    def _settle_one(self, exchange: Exchange) -> None:
        view: RouteView | None = exchange.mark
        if view is not None:
            view.series.in_flight -= 1
        if not self._metrics and not self._log and self._is_unremarkable(exchange):
            return
        if view is None:
            view = self._view(exchange.route)
        key = (METHODS.get(exchange.method, OTHER_METHOD), exchange.status, exchange.source, exchange.reason)
        ending = view.endings.get(key) or view.add_ending(key)
        timing = measure(exchange)
        if self._metrics:
            ending.cell[0] += 1
            self._tally.count(exchange, view.series, ending.duration, timing)
            if view.objectives:
                view.judge(ending, timing[0], upgraded=exchange.upgraded)
        rule = ""
        if ending.fault or timing[0] > view.slow_ns or len(exchange.attempts) > 1:
            rule = _rule_of(exchange, ending, view, timing)
        if self._log and self._sample >= 1.0:
            self._outbox.add_line(self._encoder.encode(exchange, timing, ending.line))
        else:
            self._choose_line(exchange, timing, ending, rule)
        if self._export and (exchange.sampled or rule):
            self._keep_record(exchange, timing, rule)

    def connection_accepted(self, listener: str) -> None:
        """A client has connected."""
        if self._metrics:
            self._tally.accepted(listener)

    def connection_closed(self, listener: str) -> None:
        """A connection that was accepted is gone."""
        self._tally.closed(listener)

    def connection_rejected(self, listener: str, reason: str) -> None:
        """A connection was turned away before it was accepted; `reason` is from the engine's closed list."""
        if self._metrics:
            self._tally.rejected(listener, reason)

    def upstream_connection_opened(self, upstream: str, result: Reason) -> None:
        """Opening a connection to an endpoint has ended; Reason.NONE is success."""
        if self._metrics:
            self._tally.upstream_opened(upstream, result)

    def upstream_connection_closed(self, upstream: str, reason: str) -> None:
        """A connection that was opened is gone; `reason` is from the engine's closed list."""
        if self._metrics:
            self._tally.upstream_closed(upstream, reason)

    def loop_lag(self, seconds: float) -> None:
        """How late a timer of the loop fired."""
        if self._metrics:
            self._tally.observe_lag(max(round(seconds * 1e9), 0))

    def is_due(self) -> bool:
        """Whether so much is waiting that the next report should not be waited for."""
        return self._outbox.is_due()

    def take_report(self, pools: list[PoolGauge], now_ns: int, *, last: bool = False) -> Report:
        """All that happened since the last report. `pools` are all pools of the worker, `now_ns` the wall clock.

        After a report about very many routes the next few carry no counts, which then come together; `last` overrides
        that and is given when the worker stops.
        """
        self._settle()
        self._sequence += 1
        lines, line_count, kept_lines, records = self._outbox.take_lines()
        if self._pause and not last:
            self._pause -= 1
            return Report(
                self._worker,
                self._sequence,
                now_ns,
                counted=False,
                access_lines=lines,
                access_line_count=line_count,
                kept_lines=kept_lines,
                records=records,
            )
        self._fold()
        if self._sequence % _SWEEP_REPORTS == 0:
            self._forget_views()
            self._tally.sweep()
        routes, upstreams, listeners, lag = self._tally.take()
        self._pause = min(len(routes) // _BUSY_ROUTES, _MAX_PAUSE)
        return Report(
            self._worker,
            self._sequence,
            now_ns,
            routes=routes,
            upstreams=upstreams,
            listeners=listeners,
            pools=pools,
            loop_lag=lag,
            decisions=self._take_decisions(routes),
            drops=self._outbox.take_drops(),
            access_lines=lines,
            access_line_count=line_count,
            kept_lines=kept_lines,
            records=records,
        )

    def _choose_line(self, exchange: Exchange, timing: Timing, ending: Ending, rule: str) -> None:
        """Without a line for every exchange: failures always have one, plain successes by chance or not at all."""
        if not self._log:
            if rule:
                self._outbox.add_kept_line(self._encoder.encode(exchange, timing, ending.line))
        elif rule or not ending.plain:
            self._outbox.add_line(self._encoder.encode(exchange, timing, ending.line))
        elif random() < self._sample:
            self._outbox.add_line(self._encoder.encode(exchange, timing, ending.sampled_line))

    def _keep_record(self, exchange: Exchange, timing: Timing, rule: str) -> None:
        """The head decision comes first, then the rules that the configuration names."""
        if not exchange.trace_id or not (exchange.sampled or rule in self._keep):
            return
        query = exchange.query
        redacted = self._encoder.redact(query) if query is not None else None
        self._outbox.add_record(build_record(exchange, timing, _SAMPLED if exchange.sampled else rule, redacted))

    def _take_decisions(self, routes: list[RouteDelta]) -> dict[str, int]:
        """Kept exchanges by rule; `none` is all others, worked out here rather than counted one by one."""
        kept = self._outbox.take_decisions()
        if not self._export:
            return kept
        finished = sum(request.count for route in routes for request in route.requests)
        let_go = finished - sum(kept.values())
        if let_go > 0:
            kept["none"] = let_go
        return kept

    def _is_unremarkable(self, exchange: Exchange) -> bool:
        """Whether nobody wants to hear of it, given that neither metrics nor the access log are on."""
        return not (
            len(exchange.attempts) > 1
            or exchange.ended_ns - exchange.started_ns > SLOW_NS
            or is_fault(exchange.status, exchange.reason)
            or (exchange.route is not None and exchange.route.slo is not None)
            or (self._export and exchange.sampled)
        )

    def _view(self, route: Route | None) -> RouteView:
        if route is None:
            return self._unmatched
        view = self._views.get(route.name)
        if view is None or view.route is not route:
            label = route.name if route.index < self._max_routes else OVERFLOW
            view = self._views[route.name] = RouteView(route, self._tally.route(label), self._sample)
        return view


def _rule_of(exchange: Exchange, ending: Ending, view: RouteView, timing: Timing) -> str:
    """Which rule finds the exchange worth keeping; a tunnel is not slow for being long."""
    if ending.fault:
        return _ERROR
    if timing[0] > view.slow_ns and not exchange.upgraded:
        return _SLOW
    return _RETRIED if len(exchange.attempts) > 1 else ""
