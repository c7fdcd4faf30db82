"""From finished exchanges to counts, lines and records: each is settled once, the smooth ones the short way."""

from collections.abc import Callable
from typing import Final

from mypy_extensions import mypyc_attr

from gateway.model.clock import thread_time_ns
from gateway.model.exchange import Attempt, Exchange
from gateway.model.route import Route
from gateway.telemetry.labels import METHODS, OTHER_METHOD, OVERFLOW, is_fault
from gateway.telemetry.recording.outbox import LineRoom
from gateway.telemetry.recording.own_cost import OwnCost
from gateway.telemetry.recording.route_view import SLOW_NS, Ending, RouteView
from gateway.telemetry.recording.smooth import Smooth, SmoothLines
from gateway.telemetry.recording.tally import Tally
from gateway.telemetry.recording.writing import Writing
from gateway.telemetry.timing import Timing, measure

_COUNTED_AT_ONCE: Final = 8192
"""Smooth exchanges are counted when the next report is due, or when there are so many of them."""
_ERROR: Final = "error"
_SLOW: Final = "slow"
_RETRIED: Final = "retried"


@mypyc_attr(allow_interpreted_subclasses=True)
class Settling(Writing):
    """What a recorder gathers until the next report."""

    __slots__ = (
        "_finished",
        "_max_routes",
        "_metrics",
        "_own_cost",
        "_sample",
        "_smooth_lines",
        "_smooths",
        "_tally",
        "_uncounted",
        "_unmatched",
        "_views",
        "when_due",
    )

    _metrics: bool
    _sample: float
    _max_routes: int
    _unmatched: RouteView

    def __init__(self, room: LineRoom | None = None) -> None:
        super().__init__(room)
        self.when_due: Callable[[], None] | None = None
        """Called when so much is waiting that the next report should not be waited for; it must not take one at once."""
        self._own_cost = OwnCost()
        self._tally = Tally()
        self._smooth_lines = SmoothLines()
        self._smooths: list[Smooth] = []
        """Those that have observed something since they were folded last."""
        self._uncounted = 0
        """No less than what they have observed together."""
        self._views: list[RouteView | None] = []
        """By the place of the route in its configuration."""
        self._finished: list[Exchange] = []

    def _settle(self) -> None:
        finished, self._finished = self._finished, []
        if not finished:
            return
        began_cpu_ns = thread_time_ns()
        lines: list[str] = []
        for exchange in finished:
            attempts = exchange.attempts
            if len(attempts) != 1 or not self._metrics or not self._settle_smooth(exchange, attempts[0], lines):
                self._put_out(lines)
                self._settle_one(exchange)
        self._put_out(lines)
        self._note_peak(finished[-1])
        self._uncounted += len(finished)
        if self._uncounted >= _COUNTED_AT_ONCE:
            self._fold()
        self._own_cost.add_since(began_cpu_ns)
        if self.when_due is not None and self._outbox.is_due():
            self.when_due()

    def _note_peak(self, exchange: Exchange) -> None:
        """How many run on the route of the last of a batch: a look at one in so many costs nothing, and finds most bursts."""
        view: RouteView | None = exchange.mark
        if view is not None and view.series.in_flight > view.series.peak:
            view.series.peak = view.series.in_flight

    def _put_out(self, lines: list[str]) -> None:
        if lines:
            self._outbox.add_lines("".join(lines).encode(), len(lines))
            lines.clear()

    def _settle_smooth(self, exchange: Exchange, attempt: Attempt, lines: list[str]) -> bool:
        """Count a smooth exchange; False, with nothing done, for any other."""
        started = exchange.started_ns
        first = attempt.first_byte_ns
        if attempt.leased_ns != started or attempt.sent_ns != started or attempt.ended_ns != first:
            return False
        view: RouteView | None = exchange.mark
        total = exchange.ended_ns - started
        ttfb = first - started
        if view is None or total > view.smooth_ns or not ttfb or exchange.write_stall_ns or exchange.upgraded:
            return False
        smooth: Smooth | None = view.latest
        if smooth is None or not smooth.is_for(exchange, attempt):
            smooth = view.latest = self._find_smooth(view, exchange, attempt)
        if smooth.is_fault:
            return False
        view.series.in_flight -= 1
        if not smooth.observed:
            self._smooths.append(smooth)
        smooth.gather(exchange, total, ttfb)
        if view.objectives:
            view.judge(smooth.ending, total, upgraded=False)
        if self._log and view.sample_rate >= 1.0 and exchange.query is None and not exchange.detail:
            timestamp = self._encoder.timestamp(exchange.started_at_ns)
            lines.append(self._smooth_lines.compose(exchange, smooth, timestamp, total, ttfb))
        elif self._log or self._tap:
            self._choose_line(exchange, smooth.ending, "")
        if self._export and exchange.sampled:
            self._keep_record(exchange, measure(exchange), "")
        return True

    def _find_smooth(self, view: RouteView, exchange: Exchange, attempt: Attempt) -> Smooth:
        key = (exchange.method, exchange.status, attempt.upstream, attempt.endpoint, exchange.reason)
        smooth: Smooth | None = view.smooth.get(key)
        if smooth is None:
            smooth = view.smooth[key] = self._make_smooth(view, exchange, attempt)
        return smooth

    def _make_smooth(self, view: RouteView, exchange: Exchange, attempt: Attempt) -> Smooth:
        key = (METHODS.get(exchange.method, OTHER_METHOD), exchange.status, exchange.source, exchange.reason)
        ending = view.endings.get(key) or view.add_ending(key)
        upstream = self._tally.upstream(attempt.upstream)
        attempt_key = (attempt.endpoint, attempt.status, attempt.reason)
        attempts = upstream.attempts.get(attempt_key) or upstream.add_attempts(attempt_key)
        smooth = Smooth(view, ending, upstream, attempts, (exchange, attempt))
        retries = None if view.route is None else view.route.retries
        if retries is not None and exchange.status in retries.statuses:
            smooth.is_fault = True  # It is told why there was no further attempt.
        return smooth

    def _fold(self) -> None:
        """Bring the counts of smooth exchanges to the series they belong to."""
        for smooth in self._smooths:
            smooth.fold()
        self._smooths.clear()
        self._uncounted = 0

    def _forget_views(self) -> None:
        """Look every series up anew from here on; exchanges in flight keep their view, but not what it remembers."""
        for view in self._views:
            if view is not None:
                view.forget()
        self._views = []

    def _settle_one(self, exchange: Exchange) -> None:
        view: RouteView | None = exchange.mark
        if view is not None:
            view.series.in_flight -= 1
        if not self._metrics and not self._log and not self._tap and _is_unremarkable(exchange, exports=self._export):
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
        self._write_line(exchange, ending, view.sample_rate, rule, timing)
        if self._export and (exchange.sampled or rule):
            self._keep_record(exchange, timing, rule)

    def _view(self, route: Route | None) -> RouteView:
        if route is None:
            return self._unmatched
        index, views = route.index, self._views
        view = views[index] if index < len(views) else None
        return self._add_view(route) if view is None or view.route is not route else view

    def _add_view(self, route: Route) -> RouteView:
        index, views = route.index, self._views
        views += [None] * (index + 1 - len(views))
        label = route.name if index < self._max_routes else OVERFLOW
        sample_rate = self._sample if route.log_sample is None else route.log_sample
        view = views[index] = RouteView(route, self._tally.route(label), sample_rate)
        return view


def _rule_of(exchange: Exchange, ending: Ending, view: RouteView, timing: Timing) -> str:
    """Which rule finds the exchange worth keeping; a tunnel is not slow for being long."""
    if ending.fault:
        return _ERROR
    if timing[0] > view.slow_ns and not exchange.upgraded:
        return _SLOW
    return _RETRIED if len(exchange.attempts) > 1 else ""


def _is_unremarkable(exchange: Exchange, *, exports: bool) -> bool:
    """Whether nobody wants to hear of it, given that neither metrics nor the access log are on."""
    return not (
        len(exchange.attempts) > 1
        or exchange.ended_ns - exchange.started_ns > SLOW_NS
        or is_fault(exchange.status, exchange.reason)
        or (exchange.route is not None and exchange.route.slo is not None)
        or (exports and exchange.sampled)
    )
