"""Spans that are encoded already on their way through the SDK's processor and exporters, which know only spans that are not."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags

from gateway.telemetry.protobuf import LENGTH, message, tag

_KEPT: Final = SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
"""All that the batch processor looks at: whether a span is sampled."""
_RESOURCE_SPANS: Final = tag(1, LENGTH)
_RESOURCE: Final = tag(1, LENGTH)
_SCOPE_SPANS: Final = tag(2, LENGTH)
_SCOPE: Final = tag(1, LENGTH)
_SPAN: Final = tag(2, LENGTH)
_SCHEMA_URL: Final = tag(3, LENGTH)


class Origin:
    """Who makes spans, encoded once; spans are of the same origin if they have the same one of these."""

    def __init__(self, resource: Resource, scope: InstrumentationScope) -> None:
        [of_resource] = encode_spans([_Nothing(resource, scope)]).resource_spans
        [of_scope] = of_resource.scope_spans
        self.resource = message(_RESOURCE, of_resource.resource.SerializeToString()) + _schema(of_resource.schema_url)
        self.scope = message(_SCOPE, of_scope.scope.SerializeToString()) + _schema(of_scope.schema_url)


def _schema(url: str) -> bytes:
    return message(_SCHEMA_URL, url.encode()) if url else b""


class _Nothing(ReadableSpan):
    """A span for the sake of its origin."""

    def __init__(self, resource: Resource, scope: InstrumentationScope) -> None:
        super().__init__("", _KEPT, resource=resource, instrumentation_scope=scope, start_time=0, end_time=0)


class EncodedSpan(ReadableSpan):
    """Carries OTLP's Span message and nothing that could be read from it."""

    __slots__ = ("message", "origin")

    def __init__(self, span: bytes, origin: Origin) -> None:
        # Without the base's, which would fill thirteen fields that nobody reads.
        self.message = span
        self.origin = origin

    @property
    def context(self) -> SpanContext:
        return _KEPT


class EncodedRequest:
    """A request that is bytes already, for the exporter over HTTP, which would turn it into nothing else."""

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded

    def SerializePartialToString(self) -> bytes:  # noqa: N802 - the name is the library's
        return self._encoded

    SerializeToString = SerializePartialToString


def encode_batch(spans: Sequence[EncodedSpan]) -> bytes:
    """An ExportTraceServiceRequest of encoded spans, all of the origin of the first."""
    origin = spans[0].origin
    in_scope = b"".join([origin.scope, *[message(_SPAN, span.message) for span in spans]])
    return message(_RESOURCE_SPANS, origin.resource + message(_SCOPE_SPANS, in_scope))


def export_encoded(exporters: ModuleType, *, as_message: bool) -> None:
    """Let the exporters of a module send encoded spans: they look up there how a batch becomes a request. Batches of other
    spans are encoded as before. as_message: they need the protobuf library's message, not just something that gives its bytes.

    Raises RuntimeError for a version of the module that does it in another way.
    """
    if not hasattr(exporters, "encode_spans"):
        raise RuntimeError(f"{exporters.__name__} has no encode_spans: this version of it is not supported")
    as_request = _as_message if as_message else EncodedRequest

    def encode(spans: Sequence[ReadableSpan]) -> Any:
        encoded = [span for span in spans if isinstance(span, EncodedSpan)]
        return as_request(encode_batch(encoded)) if encoded and len(encoded) == len(spans) else encode_spans(spans)

    exporters.encode_spans = encode  # type: ignore[attr-defined]


def _as_message(encoded: bytes) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    request.ParseFromString(encoded)
    return request
