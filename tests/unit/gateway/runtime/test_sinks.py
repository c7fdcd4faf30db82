"""Sinks that follow the settings, and cost the gateway nothing when they cannot be built."""

import asyncio
from pathlib import Path

import pytest

from gateway.model.snapshot import AccessLogSettings, AccessLogSink, TelemetrySettings, TraceSettings
from gateway.runtime import sinks as module
from gateway.runtime.sinks import Sinks
from gateway.telemetry import catalog
from gateway.telemetry.shipping.settings import FileTarget, LogSink
from gateway.telemetry.store import MetricsStore
from gateway.wire.report import Report

EXPORTING = TelemetrySettings(traces=TraceSettings(endpoint="http://127.0.0.1:9", export=True))


class Spans:
    """Notes which settings it was built for and whether it was closed."""

    built: list["Spans"]
    capacity = 10

    def __init__(self, settings: TelemetrySettings, *_: object) -> None:
        self.settings = settings
        self.closed = False
        Spans.built.append(self)

    def waiting(self) -> int:
        return 0

    def export(self, records: object) -> None:
        raise AssertionError("there are no records here")

    def close(self, deadline_s: float) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def spans(monkeypatch: pytest.MonkeyPatch) -> None:
    Spans.built = []
    monkeypatch.setattr(module, "SpanSink", Spans)


def configure(*settings: TelemetrySettings) -> None:
    async def run() -> None:
        sinks = Sinks(MetricsStore(), {})
        for each in settings:
            await sinks.configure(each, 1.0)
        sinks.take(Report(worker=1, sequence=1, at_ns=1))
        await sinks.close(1.0)

    asyncio.run(run())


def test_without_an_endpoint_nothing_is_built() -> None:
    configure(TelemetrySettings())
    assert Spans.built == []


def test_the_same_settings_keep_the_sink_and_others_replace_it() -> None:
    other = TelemetrySettings(traces=TraceSettings(endpoint="http://127.0.0.1:10", export=True))
    configure(EXPORTING, EXPORTING, other)
    assert [sink.settings for sink in Spans.built] == [EXPORTING, other]
    assert all(sink.closed for sink in Spans.built)


def test_switching_export_off_closes_the_sink() -> None:
    configure(EXPORTING, TelemetrySettings())
    assert [sink.closed for sink in Spans.built] == [True]


def test_an_exporter_that_cannot_be_built_costs_the_spans_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("no such protocol")

    monkeypatch.setattr(module, "SpanSink", refuse)
    configure(EXPORTING)


def test_lines_go_to_sinks_without_stdout(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    block = b"a line\n"
    settings = TelemetrySettings(access_log=AccessLogSettings(AccessLogSink.NONE, sinks=("file",)))

    async def run() -> None:
        store = MetricsStore()
        sinks = Sinks(store, {})
        await sinks.configure(settings, 1.0, [LogSink("file", FileTarget(str(path)))])
        sinks.take(Report(worker=1, sequence=1, at_ns=1, access_lines=block, access_line_count=1))
        sinks.reopen()
        await sinks.close(5.0)
        exported = store.families([catalog.TELEMETRY_EXPORTED])[0].series
        assert exported == {("log", "file"): 1, ("log", "access_log"): 0}

    asyncio.run(run())
    assert path.read_bytes() == block
