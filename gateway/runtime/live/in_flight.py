"""Exchanges that are running: what each worker told of them last, as one table."""

import time
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Final

from gateway.model.clock import SECOND_NS
from gateway.telemetry.merging.gauges import keep_running
from gateway.wire.filter import Expression, Predicate, render
from gateway.wire.live import AccessLine, InFlightListView, InFlightView, LineAttempt
from gateway.wire.report import InFlightRow, Report

FRESH_S: Final = 1.0
"""A table is complete if every worker was asked to tell all and has done so within this time."""


class _Told:
    """What one worker said: `running` is the number, which every report about counts has."""

    def __init__(self) -> None:
        self.rows: list[InFlightRow] = []
        self.at_s = 0.0
        self._running: dict[str, int] = {}

    def take(self, report: Report, now_s: float) -> None:
        keep_running(self._running, report.routes)
        if report.in_flight is not None:
            self.rows, self.at_s = report.in_flight, now_s

    @property
    def running(self) -> int:
        return max(sum(self._running.values()), len(self.rows))


class InFlightTable:
    """`take` is called with each report of each worker."""

    def __init__(self) -> None:
        self._workers: dict[int, _Told] = {}

    def take(self, report: Report) -> None:
        self._workers.setdefault(report.worker, _Told()).take(report, time.monotonic())

    def worker_gone(self, worker: int) -> None:
        self._workers.pop(worker, None)

    def view(self, wanted: Expression, predicate: Predicate, limit: int, asked_since_s: float) -> InFlightListView:
        """The oldest that satisfy the filter. asked_since_s: since when all rows are asked for (monotonic)."""
        now_ns, now_s = time.time_ns(), time.monotonic()
        rows = [(row.started_at_ns, worker, row) for worker, told in self._workers.items() for row in told.rows]
        chosen = [placed for placed in rows if predicate(_as_line(placed[2], now_ns))]
        oldest = nsmallest(limit, chosen, key=lambda placed: placed[:2])
        is_complete = all(told.at_s >= asked_since_s and now_s - told.at_s < FRESH_S for told in self._workers.values())
        return InFlightListView(
            total=sum(told.running for told in self._workers.values()),
            known=len(rows),
            is_complete=is_complete,
            filter=render(wanted),
            exchanges=[_view(row, worker, now_ns) for _, worker, row in oldest],
        )


def _view(row: InFlightRow, worker: int, now_ns: int) -> InFlightView:
    return InFlightView(
        request_id=row.request_id,
        trace_id=row.trace_id,
        route=row.route,
        method=row.method,
        host=row.host,
        path=row.path,
        client=row.client,
        started_at=datetime.fromtimestamp(row.started_at_ns / SECOND_NS, UTC).isoformat(timespec="milliseconds"),
        age_ms=_age_ms(row, now_ns),
        phase=row.phase,
        upstream=row.upstream,
        endpoint=row.endpoint,
        attempt=row.attempt,
        status=row.status,
        bytes_in=row.bytes_in,
        bytes_out=row.bytes_out,
        worker=worker,
    )


def _as_line(row: InFlightRow, now_ns: int) -> AccessLine:
    """As if it ended now: what filters are asked about. Why it ends nobody knows yet."""
    return AccessLine(
        request_id=row.request_id,
        trace_id=row.trace_id,
        route=row.route,
        method=row.method,
        host=row.host,
        path=row.path,
        client=row.client,
        upstream=row.upstream,
        endpoint=row.endpoint,
        status=row.status,
        duration_ms=_age_ms(row, now_ns),
        bytes_in=row.bytes_in,
        bytes_out=row.bytes_out,
        attempts=tuple(LineAttempt(row.endpoint) for _ in range(row.attempt)),
    )


def _age_ms(row: InFlightRow, now_ns: int) -> float:
    return max((now_ns - row.started_at_ns) // 1000, 0) / 1000
