"""OTLP over gRPC, by an exporter that also looks at what the collector answers."""

from typing import Any

from opentelemetry.exporter.otlp.proto.grpc import trace_exporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

from gateway.telemetry.tracing.encoded_spans import export_encoded
from gateway.telemetry.tracing.rejections import Rejections


class _Watched:
    """The client stub with its one call; the answer is shown to `rejections` on its way."""

    def __init__(self, stub: Any, rejections: Rejections) -> None:
        self._stub = stub
        self._rejections = rejections

    def Export(self, **call: Any) -> Any:  # noqa: N802 - the name is the protocol's
        answer = self._stub.Export(**call)
        self._rejections.note(answer)
        return answer


class GrpcExporter(OTLPSpanExporter):
    """The SDK's, which would take a batch that was accepted in part for one that was accepted."""

    def __init__(self, endpoint: str, rejections: Rejections) -> None:
        self._rejections = rejections
        export_encoded(trace_exporter, as_message=True)
        super().__init__(endpoint=endpoint)

    def _initialize_channel_and_stub(self) -> None:
        # Also called when the SDK connects anew. An SDK without this method gives partial successes for whole ones.
        super()._initialize_channel_and_stub()  # type: ignore[no-untyped-call]
        self._client: Any = _Watched(self._client, self._rejections)
