"""The OTLP exporters of the OpenTelemetry SDK, and the count of what they delivered or lost."""

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from google.protobuf.message import DecodeError
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from gateway.model.snapshot import TraceSettings
from gateway.telemetry.background import stand_back
from gateway.telemetry.tracing.encoded_spans import export_encoded
from gateway.telemetry.tracing.environment import GRPC, export_endpoint
from gateway.telemetry.tracing.rejections import Rejections

SIGNAL: Final = "span"
SINK: Final = "otlp"
_OWN_SESSION: Final = "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER"


class Ledger(Protocol):
    """Where deliveries and losses are counted; the metrics store. Called from the loop and from the exporter's thread."""

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None: ...

    def count_exported(self, signal: str, sink: str, count: int) -> None: ...

    def export_took(self, signal: str, sink: str, seconds: float) -> None: ...


class CountingExporter(SpanExporter):
    """Passes batches on and counts what became of them. `settled` is the number of spans whose fate is known."""

    def __init__(self, exporter: SpanExporter, ledger: Ledger, rejections: Rejections) -> None:
        self._exporter = exporter
        self._ledger = ledger
        self._rejections = rejections
        self._lock = threading.Lock()
        self._is_abandoned = False
        self.settled = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Blocks until the batch is delivered or given up; called from the processor's thread."""
        stand_back()
        result = SpanExportResult.FAILURE
        self._rejections.take()
        began_s = time.monotonic()
        try:
            result = self._exporter.export(spans)
        finally:
            self._ledger.export_took(SIGNAL, SINK, time.monotonic() - began_s)
            self._settle(len(spans), is_delivered=result is SpanExportResult.SUCCESS)
        return result

    def _settle(self, count: int, *, is_delivered: bool) -> None:
        rejected = min(self._rejections.take(), count)
        with self._lock:
            if self._is_abandoned:
                return
            self.settled += count
            if not is_delivered:
                self._ledger.count_dropped(SIGNAL, SINK, "export_failed", count)
                return
            if rejected:
                self._ledger.count_dropped(SIGNAL, SINK, "rejected", rejected)
            if count > rejected:
                self._ledger.count_exported(SIGNAL, SINK, count - rejected)

    def abandon(self, taken: int) -> None:
        """Count as lost what is not settled of so many spans, a batch under way included; nothing is counted later."""
        with self._lock:
            self._is_abandoned = True
            left, self.settled = taken - self.settled, taken
            if left > 0:
                self._ledger.count_dropped(SIGNAL, SINK, "shutdown", left)

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def build_exporter(settings: TraceSettings, environ: Mapping[str, str], rejections: Rejections) -> SpanExporter:
    """For the protocol and endpoint in force. Headers, timeout, compression and TLS are the exporter's own, from OTEL_*.

    The protocols' packages are imported when first needed: gRPC alone takes a tenth of a second and 20 MiB.
    """
    endpoint = export_endpoint(settings, environ)
    if settings.protocol == GRPC:
        from gateway.telemetry.tracing.grpc_exporter import GrpcExporter  # noqa: PLC0415

        return GrpcExporter(endpoint, rejections)
    import requests  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http import trace_exporter  # noqa: PLC0415
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415
        ExportTraceServiceResponse,
    )

    def look_at(response: requests.Response, **_options: Any) -> None:
        if response.ok and response.content:
            # An answer that is no such message says nothing of spans: the status stands.
            with contextlib.suppress(DecodeError):
                rejections.note(ExportTraceServiceResponse.FromString(response.content))

    export_encoded(trace_exporter, as_message=False)
    if environ.get(_OWN_SESSION):
        return trace_exporter.OTLPSpanExporter(endpoint=endpoint)
    session = requests.Session()
    session.hooks["response"].append(look_at)
    return trace_exporter.OTLPSpanExporter(endpoint=endpoint, session=session)
