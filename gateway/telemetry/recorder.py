"""The worker's end of telemetry: takes each finished exchange once and turns it into counts, a line and perhaps a record.

Runs on the data path, where every call counts; nothing here waits, and everything it holds is bounded.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace
from mypy_extensions import mypyc_attr

from gateway.model.clock import SECOND_NS, monotonic_ns, thread_time_ns
from gateway.model.exchange import Exchange
from gateway.model.outcome import Reason
from gateway.model.snapshot import TelemetrySettings
from gateway.telemetry.access_line import LineEncoder
from gateway.telemetry.labels import UNMATCHED
from gateway.telemetry.recording.outbox import LineRoom
from gateway.telemetry.recording.route_view import RouteView
from gateway.telemetry.recording.settling import Settling
from gateway.telemetry.recording.still_open import StillOpen
from gateway.telemetry.recording.under_way import oldest_by_route, oldest_rows
from gateway.wire.report import BudgetGauge, GateGauge, InFlightRow, PoolGauge, Report, RouteDelta

_BUSY_ROUTES: Final = 128
"""A report of this many routes makes the next one leave counts out; each further as many, one more."""
_MAX_PAUSE: Final = 4
_SWEEP_REPORTS: Final = 1500
"""Reports between two searches for series that nothing has touched in the meantime: five minutes at the usual pace."""
_SETTLED_AT_ONCE: Final = 64
_ATTENDED_REPORTS: Final = 50
"""For how many reports somebody who looks is believed to go on looking: ten seconds at the usual pace."""
_OLD_TOLD_EVERY: Final = 5
_OLD_NS: Final = SECOND_NS
"""Exchanges that have run for so long are told of although nobody looks, once in so many reports."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Recorder(Settling):
    """Counts, lines and records of one worker, handed over by `take_report`. Used from the worker's loop only."""

    __slots__ = ("_attended", "_pause", "_sequence", "_still_open", "_tells_all", "_worker", "budgets", "gates", "look")

    def __init__(self, worker: int, room: LineRoom | None = None) -> None:
        """room: for its access lines, where whoever takes its reports can find them."""
        super().__init__(room)
        self.look: Callable[[], list[Exchange] | None] | None = None
        """Finds the exchanges under way, when a report is taken; None from it: not this time."""
        self.gates: Callable[[], list[GateGauge]] = list
        self.budgets: Callable[[], list[BudgetGauge]] = list
        """Read the gates of all upstreams, and the retry budgets of all routes, when a report is taken."""
        self._worker = worker
        self._sequence = 0
        self._pause = 0
        self._attended = 0
        self._tells_all = False
        self._still_open = StillOpen()
        self.configure(TelemetrySettings())

    def configure(self, telemetry: TelemetrySettings) -> None:
        """Take up the settings of a snapshot that is being activated. What was counted stays counted."""
        self._settle()
        self._fold()
        self._forget_views()
        self._metrics = telemetry.metrics.enabled
        self._max_routes = telemetry.metrics.max_routes
        self._log = telemetry.access_log.is_wanted
        self._sample = telemetry.access_log.sample_success
        self._still_open.configure(telemetry.access_log)
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

        Records are worked on some dozens at a time: doing one thing often in a row keeps the processor's caches warm.
        Four noisy pairs of runs under load differed by about a tenth of a request's CPU in its favour on the whole.
        """
        finished = self._finished
        finished.append(exchange)
        if len(finished) >= _SETTLED_AT_ONCE:
            self._settle()

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

    def upstream_rejected(self, upstream: str, reason: Reason) -> None:
        """A request was refused before an attempt at the upstream was made."""
        if self._metrics:
            self._tally.upstream_rejected(upstream, reason)

    def loop_lag(self, seconds: float) -> None:
        """How late a timer of the loop fired."""
        if self._metrics:
            self._tally.observe_lag(max(round(seconds * 1e9), 0))

    def take_lines(self, now_ns: int) -> Report:
        """The lines alone, and records where they are many; what was counted waits for the next `take_report`."""
        self._settle()
        self._sequence += 1
        return self._report_lines(now_ns, with_records=False)

    def _report_lines(self, now_ns: int, *, with_records: bool = True) -> Report:
        (lines, lines_at, line_count), kept_lines, tapped_lines, records = self._outbox.take_lines(
            with_records=with_records
        )
        return Report(
            self._worker,
            self._sequence,
            now_ns,
            counted=False,
            access_lines=lines,
            lines_at=lines_at,
            access_line_count=line_count,
            kept_lines=kept_lines,
            records=records,
            tapped_lines=tapped_lines,
            unmatched=self._outbox.take_unmatched(),
            sampled=self._outbox.take_sampled(),
        )

    def take_report(self, pools: list[PoolGauge], now_ns: int, *, last: bool = False) -> Report:
        """All that happened since the last report. `pools` are all pools of the worker, `now_ns` the wall clock.

        After a report about very many routes the next few carry no counts, which then come together; `last` overrides
        that and is given when the worker stops.
        """
        self._settle()
        self._sequence += 1
        if self._attended:
            self._look_away()
        if self._pause and not last:
            self._pause -= 1
            return self._report_lines(now_ns)
        began_cpu_ns = thread_time_ns()
        taken = self._report_lines(now_ns)
        self._fold()
        self._sweep_if_due()
        routes, upstreams, listeners, lag = self._tally.take()
        self._pause = min(len(routes) // _BUSY_ROUTES, _MAX_PAUSE)
        under_way = self.look() if self.look is not None else None
        open_lines = self._open_lines(under_way, now_ns) if under_way is not None and self._log else []
        oldest = oldest_by_route(under_way) if under_way is not None else None
        telemetry_cpu_ns, busy_ratio = self._own_cost.take_since(began_cpu_ns)
        return replace(
            taken,
            counted=True,
            routes=routes,
            upstreams=upstreams,
            listeners=listeners,
            pools=pools,
            loop_lag=lag,
            decisions=self._take_decisions(routes),
            drops=self._outbox.take_drops(),
            oldest=oldest,
            telemetry_cpu_ns=telemetry_cpu_ns,
            busy_ratio=busy_ratio,
            budgets=self.budgets(),
            in_flight=self._rows(under_way, now_ns),
            open_lines=b"".join(open_lines),
            open_line_count=len(open_lines),
            gates=self.gates(),
        )

    def _sweep_if_due(self) -> None:
        if self._sequence % _SWEEP_REPORTS == 0:
            self._forget_views()
            self._tally.sweep()

    def _rows(self, under_way: list[Exchange] | None, now_ns: int) -> list[InFlightRow] | None:
        """All running exchanges while somebody looks, the old ones once a second otherwise."""
        if under_way is None or not (self._tells_all or self._sequence % _OLD_TOLD_EVERY == 0):
            return None
        return oldest_rows(under_way, now_ns if self._tells_all else now_ns - _OLD_NS)

    def attend(self, tap: float, *, in_flight: bool) -> None:
        """Somebody looks: for the next reports write lines of this share of plain exchanges, and tell what is running."""
        self._tap, self._tells_all, self._attended = tap, in_flight, _ATTENDED_REPORTS

    def _look_away(self) -> None:
        """One report less for whoever looked."""
        self._attended -= 1
        if not self._attended:
            self._tap, self._tells_all = 0.0, False

    def _open_lines(self, under_way: list[Exchange], now_ns: int) -> list[bytes]:
        encode = self._encoder.encode_open
        return [
            encode(exchange, event, open_ns, now_ns)
            for exchange, event, open_ns in self._still_open.due(under_way, monotonic_ns())
        ]

    def spent_since(self, began_cpu_ns: int) -> None:
        """A report has been sent on, which is telemetry's work too: since the thread's CPU time was this."""
        self._own_cost.add_since(began_cpu_ns)

    def _take_decisions(self, routes: list[RouteDelta]) -> dict[str, int]:
        """Kept exchanges by rule; `none` is all others, worked out here rather than counted one by one."""
        kept = self._outbox.take_decisions()
        if not self._export:
            return kept
        finished = sum(request.count for route in routes for request in route.requests)
        if (let_go := finished - sum(kept.values())) > 0:
            kept["none"] = let_go
        return kept
