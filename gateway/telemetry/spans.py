"""Kept exchanges leave as spans: built after the fact, batched and exported by the OpenTelemetry SDK, in its own thread."""

import os
import socket
import threading
from collections.abc import Iterable, Mapping

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from gateway import __version__
from gateway.model.snapshot import TelemetrySettings
from gateway.telemetry.tracing.encoded_spans import EncodedSpan, Origin
from gateway.telemetry.tracing.environment import traces_export_enabled
from gateway.telemetry.tracing.exporting import SIGNAL, SINK, CountingExporter, Ledger, build_exporter
from gateway.telemetry.tracing.rejections import Rejections
from gateway.telemetry.tracing.span_builder import build_spans
from gateway.wire.report import ExchangeRecord

__all__ = ["SpanSink", "traces_export_enabled"]


class SpanSink:
    """One export pipeline, for one version of the settings. `export` never waits: what the queue cannot take is dropped.

    Of the OTEL_* variables, the endpoint counts where the settings have none, and OTEL_BSP_* size the queue; headers,
    timeouts, compression, certificates and resource attributes are the SDK's own reading.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        ledger: Ledger,
        environ: Mapping[str, str] = os.environ,
        exporter: SpanExporter | None = None,
    ) -> None:
        self._ledger = ledger
        self._origin = Origin(resource_of(settings), InstrumentationScope("sightline", __version__))
        rejections = Rejections()
        exporter = exporter or build_exporter(settings.traces, environ, rejections)
        self._exporter = CountingExporter(exporter, ledger, rejections)
        self.capacity = _positive(environ, "OTEL_BSP_MAX_QUEUE_SIZE", 2048)
        self._processor = BatchSpanProcessor(
            self._exporter,
            max_queue_size=self.capacity,
            schedule_delay_millis=_positive(environ, "OTEL_BSP_SCHEDULE_DELAY", 5000),
            max_export_batch_size=min(_positive(environ, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512), self.capacity),
        )
        self._queued = 0
        self._is_closed = False

    def waiting(self) -> int:
        """Spans that are neither delivered nor lost yet, those under way included."""
        return self._queued - self._exporter.settled

    def export(self, records: Iterable[ExchangeRecord]) -> None:
        """Queue the spans of these exchanges, all or none of each."""
        for record in records:
            if self._is_closed:
                self._ledger.count_dropped(SIGNAL, SINK, "shutdown", 1 + len(record.attempts))
                continue
            if self.waiting() + 1 + len(record.attempts) > self.capacity:
                self._ledger.count_dropped(SIGNAL, SINK, "queue_full", 1 + len(record.attempts))
                continue
            for span in build_spans(record):
                self._queued += 1
                self._processor.on_end(EncodedSpan(span, self._origin))

    def close(self, deadline_s: float) -> None:
        """Export what waits, for at most so many seconds; the rest, also of a batch under way, is dropped and counted.

        Blocks; call it in a thread.
        """
        self._is_closed = True
        closing = threading.Thread(target=self._processor.shutdown, name="span shutdown", daemon=True)
        closing.start()
        closing.join(deadline_s)
        self._exporter.abandon(self._queued)


def resource_of(settings: TelemetrySettings) -> Resource:
    """With whatever OTEL_RESOURCE_ATTRIBUTES adds."""
    return Resource.create(
        {
            "service.name": settings.service_name,
            "service.version": __version__,
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        }
    )


def _positive(environ: Mapping[str, str], variable: str, default: int) -> int:
    """The variable's value, or the specification's default where it is no positive number: a typo must not end a start."""
    configured = environ.get(variable, "")
    return int(configured) if configured.isdecimal() and int(configured) > 0 else default
