"""The exporter of the OpenTelemetry SDK, and the count of what it delivered or lost."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from gateway.model.snapshot import TraceSettings
from gateway.telemetry.tracing.environment import GRPC, export_endpoint

SIGNAL: Final = "span"
SINK: Final = "otlp"


class Ledger(Protocol):
    """Where deliveries and losses are counted; the metrics store. Called from the loop and from the exporter's thread."""

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None: ...

    def count_exported(self, signal: str, sink: str, count: int) -> None: ...


class CountingExporter(SpanExporter):
    """Passes batches on and counts what became of them. `taken` is the number of spans it has been handed so far."""

    def __init__(self, exporter: SpanExporter, ledger: Ledger) -> None:
        self._exporter = exporter
        self._ledger = ledger
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Blocks until the batch is delivered or given up; called from the processor's thread."""
        self.taken += len(spans)
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            if result is SpanExportResult.SUCCESS:
                self._ledger.count_exported(SIGNAL, SINK, len(spans))
            else:
                self._ledger.count_dropped(SIGNAL, SINK, "export_failed", len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def build_exporter(settings: TraceSettings, environ: Mapping[str, str]) -> SpanExporter:
    """For the protocol and endpoint in force. Headers, timeout, compression and TLS are the exporter's own, from OTEL_*.

    The protocols' packages are imported when first needed: gRPC alone takes a tenth of a second and 20 MiB.
    """
    endpoint = export_endpoint(settings, environ)
    if settings.protocol == GRPC:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter as GrpcExporter,
        )

        return GrpcExporter(endpoint=endpoint)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter as HttpExporter,
    )

    return HttpExporter(endpoint=endpoint)
