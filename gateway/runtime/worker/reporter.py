"""The worker's side of telemetry: a report five times a second, never more than the supervisor takes, and loop lag."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from gateway.model.clock import SECOND_NS, monotonic_ns, thread_time_ns, wall_ns
from gateway.runtime.link.channel import Channel
from gateway.wire.control import ReportEncoder
from gateway.wire.report import PoolGauge, Report

REPORT_INTERVAL_S: Final = 0.2
LAG_INTERVAL_S: Final = 0.1


class ReportSource(Protocol):
    """The part of the recorder that is read here; see gateway.telemetry.recorder."""

    when_due: Callable[[], None] | None

    def take_lines(self, now_ns: int) -> Report: ...

    def take_report(self, pools: list[PoolGauge], now_ns: int, *, last: bool = False) -> Report: ...

    def loop_lag(self, seconds: float) -> None: ...

    def spent_since(self, began_cpu_ns: int) -> None: ...


class Reporter:
    """Takes what the recorder has gathered and sends it, unless the last report is still on its way.

    While the supervisor is stalled the recorder goes on adding to the same counters, and drops and counts the lines
    that are too many: the worker neither waits nor grows.
    """

    def __init__(self, recorder: ReportSource, pool_gauges: Callable[[], list[PoolGauge]], channel: Channel) -> None:
        self._recorder = recorder
        self._pool_gauges = pool_gauges
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._encoder = ReportEncoder()
        self._timers: list[asyncio.TimerHandle] = []
        self._lag_due_ns = 0
        self._are_lines_due = False

    def start(self) -> None:
        self._recorder.when_due = self._lines_are_due
        self._timers = [self._loop.call_later(REPORT_INTERVAL_S, self._report), self._await_lag()]

    async def finish(self, wait_s: float) -> None:
        """The last report, once the supervisor has room for it; without it if that takes longer than `wait_s`."""
        for timer in self._timers:
            timer.cancel()
        await self._channel.flush(wait_s)
        self._send(last=True)

    def _send(self, *, last: bool = False) -> None:
        if self._channel.is_clear:
            self._deliver(self._recorder.take_report(self._pool_gauges(), wall_ns(), last=last))

    def _deliver(self, report: Report) -> None:
        began_cpu_ns = thread_time_ns()
        self._channel.send(self._encoder.encode(report))
        self._recorder.spent_since(began_cpu_ns)

    def _lines_are_due(self) -> None:
        # Not at once: the recorder is in the middle of something.
        if not self._are_lines_due:
            self._are_lines_due = True
            self._loop.call_soon(self._send_lines)

    def _send_lines(self) -> None:
        self._are_lines_due = False
        if self._channel.is_clear:
            self._deliver(self._recorder.take_lines(wall_ns()))

    def _report(self) -> None:
        self._timers[0] = self._loop.call_later(REPORT_INTERVAL_S, self._report)
        self._send()

    def _await_lag(self) -> asyncio.TimerHandle:
        self._lag_due_ns = monotonic_ns() + round(LAG_INTERVAL_S * SECOND_NS)
        return self._loop.call_later(LAG_INTERVAL_S, self._sample_lag)

    def _sample_lag(self) -> None:
        self._recorder.loop_lag(max(0, monotonic_ns() - self._lag_due_ns) / SECOND_NS)
        self._timers[1] = self._await_lag()
