"""Sinks that follow the settings, and cost the gateway nothing when they cannot be built."""

import asyncio

import pytest

from gateway.model.snapshot import TelemetrySettings, TraceSettings
from gateway.runtime import sinks as module
from gateway.runtime.sinks import Sinks
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
