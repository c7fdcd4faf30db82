"""Live traffic as the admin API asks for it, answered from what the workers' reports brought."""

from collections.abc import Callable

from gateway.model.clock import MILLISECOND_NS
from gateway.model.snapshot import Snapshot
from gateway.runtime.live.ring import ExchangeRing, parse_position
from gateway.runtime.live.search import find, search
from gateway.runtime.live.unmatched import UnmatchedPaths
from gateway.wire.filter import Expression, Predicate, compile_filter
from gateway.wire.filter.predicate import SLOW_MS
from gateway.wire.live import UnmatchedListView
from gateway.wire.report import Report
from gateway.wire.views import ExchangeListView


class LiveTraffic:
    """Implements gateway.admin.state.LiveState. `take` is called with each report of each worker."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        """snapshot: the one that runs now."""
        self.ring = ExchangeRing()
        self._unmatched = UnmatchedPaths()
        self._slow = _SlowRoutes(snapshot)

    def take(self, report: Report) -> None:
        self.ring.add(report.access_lines, report.access_line_count, report.kept_lines)
        # What is kept besides is a copy where there is an access log, and all there is where there is none.
        self._unmatched.feed(report.access_lines or report.kept_lines)

    def compile(self, wanted: Expression) -> Predicate:
        """With what is slow for each route of the running configuration."""
        return compile_filter(wanted, self._slow.limit_ms)

    def exchanges(self, wanted: Expression, limit: int, before: str) -> ExchangeListView:
        position = parse_position(before) if before else None
        return search(self.ring, wanted, self.compile(wanted), limit, position)

    def exchange(self, wanted_id: str) -> ExchangeListView:
        return find(self.ring, wanted_id)

    def unmatched(self, limit: int) -> UnmatchedListView:
        return self._unmatched.view(limit)


class _SlowRoutes:
    """From when exchanges of each route are slow, looked up anew when another configuration runs."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._running = snapshot
        self._seen: Snapshot | None = None
        self._limits: dict[str, float] = {}

    def limit_ms(self, route: str) -> float:
        """Of a route by its name; of one that is not known, what holds without an objective."""
        running = self._running()
        if running is not self._seen:
            self._seen = running
            self._limits = {
                route.name: route.slo.latency.under_ns / MILLISECOND_NS
                for route in running.routes
                if route.slo is not None and route.slo.latency is not None
            }
        return self._limits.get(route, SLOW_MS)
