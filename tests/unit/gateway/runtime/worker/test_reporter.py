"""Reports are taken only when the supervisor has room for them."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from gateway.runtime.link.channel import Channel
from gateway.runtime.worker import reporter
from gateway.runtime.worker.reporter import Reporter
from gateway.wire.control import Measured, decode_up
from gateway.wire.report import PoolGauge, Report, decode_report


class Recorder:
    """Counts how often it was asked; the sizes of its reports are the test's choice."""

    def __init__(self, line_bytes: int = 10) -> None:
        self.taken: list[bool] = []
        self.lags: list[float] = []
        self._line = b"x" * line_bytes
        self.when_due: Callable[[], None] | None = None

    def take_lines(self, now_ns: int) -> Report:
        return Report(worker=1, sequence=0, at_ns=now_ns, counted=False, access_lines=self._line)

    def take_report(self, pools: list[PoolGauge], now_ns: int, *, last: bool = False) -> Report:
        self.taken.append(last)
        return Report(worker=1, sequence=len(self.taken), at_ns=now_ns, pools=pools, access_lines=self._line)

    def loop_lag(self, seconds: float) -> None:
        self.lags.append(seconds)

    def spent_since(self, began_cpu_ns: int) -> None:
        """What it costs is not looked at here."""


async def until(condition: object, check: object = None) -> None:
    """Let the loop run until the callable says so."""
    assert callable(condition)
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the test's own condition has no event
            await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter, "REPORT_INTERVAL_S", 0.002)
    monkeypatch.setattr(reporter, "LAG_INTERVAL_S", 0.002)


def test_reports_are_sent_regularly_and_a_last_one_at_the_end() -> None:
    recorder = Recorder()
    received: list[Report] = []

    def on_message(message: memoryview) -> None:
        up = decode_up(message)
        assert isinstance(up, Measured)
        received.append(decode_report(up.report))

    async def run() -> None:
        ours, theirs = socket.socketpair()
        channel = await Channel.open(ours, lambda _: None, lambda: None)
        supervisor = await Channel.open(theirs, on_message, lambda: None)
        reports = Reporter(recorder, list, channel)
        reports.start()
        await until(lambda: len(received) >= 3)
        await reports.finish(1.0)
        await until(lambda: len(received) == len(recorder.taken))
        channel.close()
        supervisor.close()

    asyncio.run(run())
    assert [report.sequence for report in received] == list(range(1, len(received) + 1))
    assert recorder.taken == [False] * (len(received) - 1) + [True]
    assert recorder.lags
    assert min(recorder.lags) >= 0


def test_lines_that_are_many_are_sent_on_before_the_next_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter, "REPORT_INTERVAL_S", 60.0)
    recorder = Recorder()
    received: list[Report] = []

    def on_message(message: memoryview) -> None:
        up = decode_up(message)
        assert isinstance(up, Measured)
        received.append(decode_report(up.report))

    async def run() -> None:
        ours, theirs = socket.socketpair()
        channel = await Channel.open(ours, lambda _: None, lambda: None)
        supervisor = await Channel.open(theirs, on_message, lambda: None)
        Reporter(recorder, list, channel).start()
        assert recorder.when_due is not None
        recorder.when_due()
        recorder.when_due()
        await until(lambda: received)
        channel.close()
        supervisor.close()

    asyncio.run(run())
    assert [(report.counted, report.access_lines) for report in received] == [(False, b"x" * 10)]


def test_nothing_is_taken_while_the_supervisor_does_not_read() -> None:
    recorder = Recorder(line_bytes=8_000_000)

    async def run() -> int:
        ours, theirs = socket.socketpair()
        channel = await Channel.open(ours, lambda _: None, lambda: None)
        reports = Reporter(recorder, list, channel)
        reports.start()
        await until(lambda: len(recorder.lags) > 20)
        taken = len(recorder.taken)
        await reports.finish(0.01)
        theirs.close()
        return taken

    assert asyncio.run(run()) == 1
