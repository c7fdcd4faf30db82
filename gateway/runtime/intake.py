"""What the workers report, taken apart: counts to the store, lines and spans to their sinks, the newest lines for reading."""

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from gateway.runtime.sinks import Sinks
from gateway.telemetry.store import MetricsStore
from gateway.wire.report import PoolGauge, Report, decode_report

_RECENT_LINES: Final = 2000


class RecentLines:
    """The newest access lines as they came, in blocks; they are only split when somebody wants to read them."""

    def __init__(self, at_least: int = _RECENT_LINES) -> None:
        """at_least: how many lines are kept, once there have been so many; the block they begin in is kept whole."""
        self._at_least = at_least
        self._blocks: deque[tuple[bytes, int]] = deque()
        self._count = 0

    def add(self, block: bytes, count: int) -> None:
        """So many whole lines, each with its end."""
        if not block:
            return
        self._blocks.append((block, count))
        self._count += count
        while self._count - self._blocks[0][1] >= self._at_least:
            self._count -= self._blocks.popleft()[1]

    def newest_first(self) -> Iterator[bytes]:
        """Lines without their ends."""
        for block, _ in reversed(self._blocks):
            yield from reversed(block.splitlines())


class WorkerLoad:
    """What one worker has on its hands. Routes and listeners a report leaves out have not changed."""

    def __init__(self) -> None:
        self._in_flight: dict[str, int] = {}
        self._connections: dict[str, int] = {}
        self.pools: list[PoolGauge] = []

    @property
    def in_flight(self) -> int:
        return sum(self._in_flight.values())

    @property
    def connections(self) -> int:
        return sum(self._connections.values())

    def connections_of(self, listener: str) -> int:
        return self._connections.get(listener, 0)

    def take(self, report: Report) -> None:
        for route in report.routes:
            self._in_flight[route.route] = route.in_flight
        for listener in report.listeners:
            self._connections[listener.listener] = listener.active
        if report.counted:
            self.pools = report.pools


class Intake:
    """Called with each report of each worker; `loads` is by worker."""

    def __init__(self, store: MetricsStore, sinks: Sinks) -> None:
        self.recent = RecentLines()
        self.loads: dict[int, WorkerLoad] = {}
        self._store = store
        self._sinks = sinks

    def take(self, worker: int, encoded: msgspec.Raw) -> None:
        """Raises msgspec.DecodeError if it is no report."""
        report = decode_report(encoded)
        self._store.absorb(worker, report)
        self._sinks.take(report)
        self.recent.add(report.access_lines, report.access_line_count)
        self.recent.add(report.kept_lines, report.kept_lines.count(b"\n"))
        self.loads.setdefault(worker, WorkerLoad()).take(report)

    def worker_gone(self, worker: int) -> None:
        self._store.worker_gone(worker)
        self.loads.pop(worker, None)
