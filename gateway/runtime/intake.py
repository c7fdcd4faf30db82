"""What the workers report, taken apart: counts to the store, lines and spans to their sinks, the newest lines to live traffic."""

import time
from typing import Protocol

import msgspec
import structlog

from gateway.runtime.live.live import LiveTraffic
from gateway.runtime.live.topics import history_topic
from gateway.runtime.sinks import Sinks
from gateway.telemetry.history.history import History
from gateway.telemetry.merging.gauges import keep_count, keep_running
from gateway.telemetry.merging.pulse import Pulse
from gateway.telemetry.store import MetricsStore
from gateway.wire.control import Suspect
from gateway.wire.report import BudgetGauge, GateGauge, Place, PoolGauge, Report, TakeLines, decode_report

_log = structlog.get_logger("sightline.telemetry")


class WorkerLoad:
    """What one worker has on its hands. Routes and listeners a report leaves out have not changed."""

    def __init__(self) -> None:
        self._in_flight: dict[str, int] = {}
        self._connections: dict[str, int] = {}
        self.pools: list[PoolGauge] = []
        self.gates: dict[str, GateGauge] = {}
        """By upstream."""
        self.budgets: list[BudgetGauge] = []
        self.pulse = Pulse()

    @property
    def in_flight(self) -> int:
        return sum(self._in_flight.values())

    @property
    def connections(self) -> int:
        return sum(self._connections.values())

    def connections_of(self, listener: str) -> int:
        return self._connections.get(listener, 0)

    def take(self, report: Report) -> None:
        keep_running(self._in_flight, report.routes)
        for listener in report.listeners:
            keep_count(self._connections, listener.listener, listener.active)
        self.pulse.take(report, time.monotonic())
        if report.counted:
            self.pools = report.pools
            self.budgets = report.budgets
            self.gates = {gate.upstream: gate for gate in report.gates}


class HealthObserver(Protocol):
    """What looks after the health of endpoints."""

    def take(self, report: Report) -> None: ...

    def suspected(self, suspect: Suspect) -> None: ...


class Intake:
    """Called with each report of each worker; `loads` is by worker."""

    def __init__(self, store: MetricsStore, sinks: Sinks, live: LiveTraffic, history: History) -> None:
        self.history = history
        self.loads: dict[int, WorkerLoad] = {}
        self.store = store
        self._sinks = sinks
        self.live = live
        live.register(history_topic(history))
        self.health: HealthObserver | None = None
        """Told of every report, once there is one."""

    def take(self, worker: int, encoded: msgspec.Raw, take_lines: TakeLines) -> None:
        """take_lines: for the access lines that are not in it. Raises msgspec.DecodeError if it is no report."""
        report = decode_report(encoded)
        if report.lines_at is not None:
            report = self._with_lines(report, report.lines_at, take_lines)
        self.store.absorb(worker, report)
        self._sinks.take(report)
        self.live.take(report)
        if not report.counted:
            return  # Lines alone, as they come hundreds of times a second under load.
        self.history.absorb(worker, report)
        if (load := self.loads.get(worker)) is None:
            load = self.loads[worker] = WorkerLoad()
        load.take(report)
        if self.health is not None:
            self.health.take(report)

    def _with_lines(self, report: Report, place: Place, take_lines: TakeLines) -> Report:
        try:
            lines = take_lines(place)
        except ValueError as error:
            # What was counted is good all the same.
            _log.error("lines_not_found", worker=report.worker, error=str(error))
            self.store.count_dropped("log", "access_log", "malformed", report.access_line_count)
            return msgspec.structs.replace(report, access_lines=b"", access_line_count=0)
        return msgspec.structs.replace(report, access_lines=lines + report.access_lines)

    def suspected(self, suspect: Suspect) -> None:
        if self.health is not None:
            self.health.suspected(suspect)

    def worker_gone(self, worker: int) -> None:
        self.store.worker_gone(worker)
        self.history.worker_gone(worker)
        self.live.worker_gone(worker)
        self.loads.pop(worker, None)
