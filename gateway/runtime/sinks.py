"""Where telemetry leaves the gateway by itself: access lines to stdout and to sinks, spans to a collector."""

import asyncio
import os
from collections.abc import Awaitable, Iterable, Mapping

import structlog

from gateway.config import Configuration
from gateway.model.snapshot import AccessLogSink, TelemetrySettings
from gateway.telemetry.formats.rewriting import rewriter
from gateway.telemetry.otlp.pushing import MetricPushes
from gateway.telemetry.shipping.destinations import Descriptor
from gateway.telemetry.shipping.line_writer import LineWriter
from gateway.telemetry.shipping.outlets import Outlets
from gateway.telemetry.shipping.settings import LogSink
from gateway.telemetry.spans import SpanSink, resource_of
from gateway.telemetry.store import MetricsStore
from gateway.wire.report import Report

_log = structlog.get_logger("sightline.telemetry")


class Sinks:
    """The sinks in force. `take` never waits; what a sink cannot keep up with it drops and counts."""

    def __init__(self, store: MetricsStore, environ: Mapping[str, str] = os.environ) -> None:
        self._store = store
        self._environ = environ
        self._settings: TelemetrySettings | None = None
        self._lines = LineWriter(store, Descriptor())
        self._is_stdout_wanted = True
        self._outlets = Outlets(store)
        self._push = MetricPushes(store, resource_of, environ)
        self._spans: SpanSink | None = None
        self._closing: asyncio.Task[None] | None = None
        store.watch_queue("log", "access_log", self._waiting_bytes, self._lines.queue.limits.bytes)

    async def follow(self, configuration: Configuration, wait_s: float) -> None:
        """Take up a configuration that runs from now on, with its series in the store; see `configure`."""
        snapshot = configuration.snapshot
        await asyncio.to_thread(self._store.configure, snapshot)
        await self.configure(snapshot.telemetry, wait_s, configuration.log_sinks)

    async def configure(self, settings: TelemetrySettings, wait_s: float, log_sinks: Iterable[LogSink] = ()) -> None:
        """Take up new settings; what is queued under the old ones is still delivered, for at most `wait_s`."""
        self._is_stdout_wanted = settings.access_log.sink is AccessLogSink.STDOUT
        self._lines.rewrite = rewriter(settings.access_log.format, settings.service_name)
        self._outlets.configure(log_sinks, settings.service_name, wait_s)
        await self._push.configure(settings, wait_s)
        if self._settings is not None and _span_settings(settings) == _span_settings(self._settings):
            return
        self._settings = settings
        replaced, self._spans = self._spans, None
        if settings.traces.export:
            await self._open_spans(settings)
        if self._spans is None:
            self._store.forget_queue("span", "otlp")
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
        self._take_lines(report.access_lines, report.access_line_count)
        self._take_lines(report.open_lines, report.open_line_count)
        if self._spans is not None and report.records:
            self._spans.export(report.records)

    def _take_lines(self, block: bytes, lines: int) -> None:
        if lines:
            if self._is_stdout_wanted:
                self._lines.write(block, lines)
            self._outlets.put(block, lines)

    def reopen(self) -> None:
        """Files that lines go to may have been moved away; what is written from now on goes to new ones."""
        self._outlets.reopen()

    def _waiting_bytes(self) -> int:
        return self._lines.queue.size

    async def close(self, wait_s: float) -> None:
        """Deliver what waits, for at most so many seconds."""
        closing: list[Awaitable[None]] = [asyncio.to_thread(self._lines.close, wait_s), self._outlets.close(wait_s)]
        closing.append(self._push.close(wait_s))
        if self._closing is not None:
            closing.append(self._closing)
        if self._spans is not None:
            closing.append(asyncio.to_thread(self._spans.close, wait_s))
        await asyncio.gather(*closing)


def _span_settings(settings: TelemetrySettings) -> tuple[object, ...]:
    """What a span sink is built from."""
    return settings.service_name, settings.traces
