"""Where telemetry leaves the gateway by itself: access lines to stdout, spans to a collector. Both in threads of theirs."""

import asyncio
import os
from collections.abc import Awaitable, Mapping

import structlog

from gateway.model.snapshot import TelemetrySettings
from gateway.telemetry.line_writer import LineWriter
from gateway.telemetry.spans import SpanSink
from gateway.telemetry.store import MetricsStore
from gateway.wire.report import Report

_log = structlog.get_logger("sightline.telemetry")


class Sinks:
    """The sinks in force. `take` never waits; what a sink cannot keep up with it drops and counts."""

    def __init__(self, store: MetricsStore, environ: Mapping[str, str] = os.environ) -> None:
        self._store = store
        self._environ = environ
        self._settings: TelemetrySettings | None = None
        self._lines = LineWriter(store)
        self._spans: SpanSink | None = None
        self._closing: asyncio.Task[None] | None = None
        store.watch_queue("log", "access_log", self._lines.waiting_bytes, self._lines.capacity)

    async def configure(self, settings: TelemetrySettings, wait_s: float) -> None:
        """Take up new settings; spans queued under the old ones are still exported, for at most `wait_s`."""
        if self._settings is not None and _span_settings(settings) == _span_settings(self._settings):
            return
        self._settings = settings
        replaced, self._spans = self._spans, None
        if settings.traces.export:
            await self._open_spans(settings)
        if replaced is not None:
            self._closing = asyncio.create_task(asyncio.to_thread(replaced.close, wait_s))

    async def _open_spans(self, settings: TelemetrySettings) -> None:
        try:
            self._spans = sink = await asyncio.to_thread(SpanSink, settings, self._store, self._environ)
        except Exception:
            # An exporter that cannot be built costs the spans; it must not cost the gateway.
            _log.exception("spans_not_exported")
            return
        self._store.watch_queue("span", "otlp", sink.waiting, sink.capacity)

    def take(self, report: Report) -> None:
        self._lines.write(report.access_lines, report.access_line_count)
        if self._spans is not None and report.records:
            self._spans.export(report.records)

    async def close(self, wait_s: float) -> None:
        """Deliver what waits, for at most so many seconds."""
        closing: list[Awaitable[None]] = [asyncio.to_thread(self._lines.close, wait_s)]
        if self._closing is not None:
            closing.append(self._closing)
        if self._spans is not None:
            closing.append(asyncio.to_thread(self._spans.close, wait_s))
        await asyncio.gather(*closing)


def _span_settings(settings: TelemetrySettings) -> tuple[object, ...]:
    """What a span sink is built from."""
    return settings.service_name, settings.traces
