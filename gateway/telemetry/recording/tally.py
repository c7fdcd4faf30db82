"""The counts of one worker: every observation of a finished exchange, and the connections on both sides."""

from itertools import pairwise
from typing import Final, TypeAlias

from gateway.model.exchange import Attempt, Exchange
from gateway.model.outcome import Reason
from gateway.telemetry.histogram import Histogram
from gateway.telemetry.labels import FAILURE, NO_UPSTREAM, SUCCESS, SUPPRESSED, UNMATCHED
from gateway.telemetry.recording.series import ListenerSeries, RouteSeries, UpstreamSeries
from gateway.telemetry.timing import AttemptTiming, Timing, measure_attempt
from gateway.wire.report import HistogramDelta, ListenerDelta, RouteDelta, UpstreamDelta

Deltas: TypeAlias = tuple[list[RouteDelta], list[UpstreamDelta], list[ListenerDelta], HistogramDelta | None]

_UPSTREAM_STATUS: Final = Reason.UPSTREAM_STATUS.value
_POOL_EXHAUSTED: Final = Reason.POOL_EXHAUSTED


class Tally:
    """Counts by name; series come into being when first counted in."""

    __slots__ = ("_lag", "_listeners", "_routes", "_upstreams")

    def __init__(self) -> None:
        self._routes: dict[str, RouteSeries] = {}
        self._upstreams: dict[str, UpstreamSeries] = {}
        self._listeners: dict[str, ListenerSeries] = {}
        self._lag = Histogram()

    def count(self, exchange: Exchange, series: RouteSeries, duration: Histogram, timing: Timing) -> None:
        """Observe everything but the number of requests, which the caller counts by how they ended."""
        total, overhead, read_head, wait, connect, send, ttfb, transfer, write = timing
        series.moved = True
        series.bytes_in += exchange.bytes_in
        series.bytes_out += exchange.bytes_out
        duration.observe(total)
        series.overhead.observe(overhead)
        if exchange.fault:
            for fault in exchange.fault.split(","):
                series.faults[fault] = series.faults.get(fault, 0) + 1
        attempts = exchange.attempts
        if len(attempts) == 1:
            upstream = self._count_attempt(attempts[0], (wait, connect, send, ttfb, transfer), exchange.ended_ns)
        else:
            upstream = self.upstream(exchange.upstream or NO_UPSTREAM)
            upstream.moved = True
            for attempt in attempts:
                self._count_attempt(attempt, measure_attempt(attempt, exchange.ended_ns), exchange.ended_ns)
            self._count_retries(attempts)
        if exchange.suppressed:
            key = (exchange.suppressed, SUPPRESSED)
            upstream.retries[key] = upstream.retries.get(key, 0) + 1
        upstream.read_head.observe(read_head)
        upstream.write.observe(write)

    def _count_attempt(self, attempt: Attempt, timing: AttemptTiming, exchange_ended_ns: int) -> UpstreamSeries:
        """Only phases that were reached are observed; the wait for a connection is one that every attempt goes through."""
        wait, connect, send, ttfb, transfer = timing
        upstream = self._upstreams.get(attempt.upstream) or self.upstream(attempt.upstream)
        upstream.moved = True
        key = (attempt.endpoint, attempt.status, attempt.reason)
        series = upstream.attempts.get(key) or upstream.add_attempts(key)
        series.count[0] += 1
        upstream.pool_wait.observe(wait)
        if connect:
            upstream.connect.observe(connect)
        if not attempt.leased_ns:
            if attempt.reason is _POOL_EXHAUSTED:
                self.upstream_rejected(attempt.upstream, _POOL_EXHAUSTED)
            return upstream
        spent = (attempt.ended_ns or exchange_ended_ns) - attempt.leased_ns
        series.duration.observe(spent)
        upstream.send.observe(send)
        if attempt.first_byte_ns:
            upstream.transfer.observe(transfer)
        elif not attempt.sent_ns:
            return upstream
        upstream.ttfb.observe(ttfb)
        return upstream

    def _count_retries(self, attempts: list[Attempt]) -> None:
        for before, attempt in pairwise(attempts):
            retries = self.upstream(attempt.upstream).retries
            # A status that the route takes for a failure may be none by itself.
            reason = _UPSTREAM_STATUS if before.reason is Reason.NONE else before.reason.value
            key = (reason, SUCCESS if attempt.reason is Reason.NONE else FAILURE)
            retries[key] = retries.get(key, 0) + 1

    def observe_lag(self, lag_ns: int) -> None:
        """How late a timer of the loop fired."""
        self._lag.observe(lag_ns)

    def accepted(self, listener: str) -> None:
        """One more connection of a client."""
        series = self._listener(listener)
        series.active += 1
        series.accepted += 1

    def closed(self, listener: str) -> None:
        """One less; counted even while counting is off, so that the number does not stay wrong when it is on again."""
        series = self._listener(listener)
        if series.active > 0:
            series.active -= 1

    def rejected(self, listener: str, reason: str) -> None:
        """A connection turned away."""
        rejected = self._listener(listener).rejected
        rejected[reason] = rejected.get(reason, 0) + 1

    def upstream_opened(self, upstream: str, result: Reason) -> None:
        """Opening a connection to an endpoint has ended; Reason.NONE is success."""
        series = self.upstream(upstream)
        series.moved = True
        label = "ok" if result is Reason.NONE else result.value
        series.opened[label] = series.opened.get(label, 0) + 1

    def upstream_closed(self, upstream: str, reason: str) -> None:
        """A connection to an endpoint is gone."""
        series = self.upstream(upstream)
        series.moved = True
        series.closed[reason] = series.closed.get(reason, 0) + 1

    def upstream_rejected(self, upstream: str, reason: Reason) -> None:
        """A request was refused before an attempt."""
        series = self.upstream(upstream)
        series.moved = True
        series.rejected[reason.value] = series.rejected.get(reason.value, 0) + 1

    def take(self) -> Deltas:
        """What happened since the last call, of everything that moved."""
        return (
            [route for series in self._routes.values() if (route := series.take())],
            [upstream for series in self._upstreams.values() if (upstream := series.take())],
            [listener for series in self._listeners.values() if (listener := series.take())],
            self._lag.take(),
        )

    def sweep(self) -> None:
        """Let go of series that nothing was counted in since the last sweep."""
        self._routes = {
            label: series
            for label, series in self._routes.items()
            if series.touched or series.in_flight or label == UNMATCHED
        }
        self._upstreams = {label: series for label, series in self._upstreams.items() if series.touched}
        for kept in self._routes.values():
            kept.touched = False
        for upstream in self._upstreams.values():
            upstream.touched = False

    def route(self, label: str) -> RouteSeries:
        """The series of a route label."""
        series = self._routes.get(label)
        if series is None:
            series = self._routes[label] = RouteSeries(label)
        return series

    def upstream(self, label: str) -> UpstreamSeries:
        """The series of an upstream label."""
        series = self._upstreams.get(label)
        if series is None:
            series = self._upstreams[label] = UpstreamSeries(label)
        return series

    def _listener(self, label: str) -> ListenerSeries:
        series = self._listeners.get(label)
        if series is None:
            series = self._listeners[label] = ListenerSeries(label)
        series.moved = True
        return series
