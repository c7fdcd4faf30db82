"""Live traffic as the admin API asks for it, answered from what the workers' reports brought."""

import secrets
from collections.abc import Callable, Iterable

import msgspec

from gateway.admin.state import Following, Wanted
from gateway.model.clock import MILLISECOND_NS
from gateway.model.snapshot import Snapshot
from gateway.runtime.live.arrival import Lines
from gateway.runtime.live.attention import Attention
from gateway.runtime.live.in_flight import InFlightTable
from gateway.runtime.live.ring import ExchangeRing, parse_position
from gateway.runtime.live.search import find, sampled_successes, search
from gateway.runtime.live.stream import Stream
from gateway.runtime.live.topics import Told, Topic, status_topic
from gateway.runtime.live.unmatched import UnmatchedPaths, apart
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.wire.filter import Expression, Predicate, compile_filter
from gateway.wire.filter.predicate import SLOW_MS, TUNNEL
from gateway.wire.live import AccessLine, InFlightListView, UnmatchedListView, is_fault
from gateway.wire.report import Report
from gateway.wire.views import ExchangeListView, StatusView

_FOLLOWED_ROWS = 200


class LiveTraffic:
    """Implements gateway.admin.state.LiveState. `take` is called with each report of each worker."""

    def __init__(
        self, snapshot: Callable[[], Snapshot], tell: Callable[[bytes], None], instruments: SupervisorInstruments
    ) -> None:
        """snapshot: the one that runs now. tell: send a message to every worker."""
        self.ring = ExchangeRing()
        self._unmatched = UnmatchedPaths()
        self._in_flight = InFlightTable()
        self._attention = Attention(tell)
        self._running = snapshot
        self._slow = _SlowRoutes(snapshot)
        self.is_remarkable: Predicate = self._slow.is_remarkable
        """Which exchanges every follower is shown."""
        self._stream = Stream(
            self.ring,
            self.is_remarkable,
            secrets.token_hex(4),
            self._attention.want_lines,
            instruments.tail_subscribers,
            instruments.tail_events,
        )
        self.register(Topic("inflight", 1.0, self._tell_in_flight))

    def take(self, report: Report) -> None:
        recent, kept = report.access_lines + report.tapped_lines, report.kept_lines
        count = report.access_line_count + report.tapped_lines.count(b"\n")
        if report.unmatched and not report.access_lines:
            # Who tries thousands of paths must not push out what has failed: these are kept among the plain ones.
            unmatched, unmatched_count, kept = apart(kept)
            recent, count = recent + unmatched, count + unmatched_count
        number = self.ring.add(recent, count, kept)
        # What is kept besides is a copy where there is an access log, and all there is where there is none.
        if report.unmatched:
            self._unmatched.feed(report.access_lines or report.kept_lines, report.unmatched)
        if report.counted:
            self._in_flight.take(report)
            self._attention.take(report)
        if self._stream.wants_exchanges:
            self._stream.offer(Lines(number, recent, count, kept, are_sampled=bool(report.sampled)))

    def worker_gone(self, worker: int) -> None:
        self._in_flight.worker_gone(worker)

    def register(self, *topics: Topic) -> None:
        """What else can be followed."""
        for topic in topics:
            self._stream.register(topic)

    def register_status(self, status: Callable[[], StatusView]) -> None:
        self.register(status_topic(lambda: msgspec.json.encode(status())))

    def close(self) -> None:
        """End the streams, so that nobody waits for them."""
        self._stream.close()
        self._attention.close()

    def compile(self, wanted: Expression) -> Predicate:
        """With what is slow for each route of the running configuration."""
        return compile_filter(wanted, self._slow.limit_ms)

    def exchanges(self, wanted: Expression, limit: int, before: str) -> ExchangeListView:
        position = parse_position(before) if before else None
        self._attention.want_lines()
        return self._explained(search(self.ring, wanted, self.compile(wanted), limit, position))

    def exchange(self, wanted_id: str) -> ExchangeListView:
        return self._explained(find(self.ring, wanted_id))

    def _explained(self, view: ExchangeListView) -> ExchangeListView:
        return view if view.exchanges else msgspec.structs.replace(view, sampling=sampled_successes(self._running()))

    def unmatched(self, limit: int) -> UnmatchedListView:
        return self._unmatched.view(limit)

    def in_flight(self, wanted: Expression, limit: int) -> InFlightListView:
        asked_since_s = self._attention.want_rows()
        return self._in_flight.view(wanted, self.compile(wanted), limit, asked_since_s)

    @property
    def topics(self) -> tuple[str, ...]:
        return self._stream.topics

    def follow(self, wanted: Wanted) -> Following:
        return self._stream.follow(wanted, self.compile(wanted.filter))

    def _tell_in_flight(self, _after: str, wanted: Expression) -> Iterable[Told]:
        return [Told(msgspec.json.encode(self.in_flight(wanted, _FOLLOWED_ROWS)))]


class _SlowRoutes:
    """From when exchanges of each route are slow, looked up anew when another configuration runs."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._running = snapshot
        self._seen: Snapshot | None = None
        self._limits: dict[str, float] = {}
        self._least_ms = SLOW_MS

    def limit_ms(self, route: str) -> float:
        """Of a route by its name; of one that is not known, what holds without an objective."""
        if self._running() is not self._seen:
            self._look_up()
        return self._limits.get(route, SLOW_MS)

    def is_remarkable(self, line: AccessLine) -> bool:
        """What the filter `err | slow | retried` says, at a tenth of its cost: it is asked of every exchange while somebody
        follows."""
        if self._running() is not self._seen:
            self._look_up()
        if line.status >= 500 or len(line.attempts) > 1 or is_fault(line):
            return True
        if line.duration_ms <= self._least_ms or line.status == TUNNEL:
            return False
        return line.duration_ms > self._limits.get(line.route, SLOW_MS)

    def _look_up(self) -> None:
        self._seen = self._running()
        self._limits = {
            route.name: route.slo.latency.under_ns / MILLISECOND_NS
            for route in self._seen.routes
            if route.slo is not None and route.slo.latency is not None
        }
        self._least_ms = min([SLOW_MS, *self._limits.values()])
