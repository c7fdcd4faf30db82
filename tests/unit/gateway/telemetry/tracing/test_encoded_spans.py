"""Encoded spans on their way through the SDK: one request of one origin, and no surprise when the SDK changes."""

from types import ModuleType

import pytest
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_exporters
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_exporters
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

from gateway.telemetry.tracing.encoded_spans import EncodedSpan, Origin, encode_batch, export_encoded
from gateway.telemetry.tracing.span_fields import name

RESOURCE = Resource({"service.name": "edge"}, schema_url="https://resource.example/1")
SCOPE = InstrumentationScope("sightline", "1.2.3", schema_url="https://scope.example/2")
ORIGIN = Origin(RESOURCE, SCOPE)


def test_a_batch_is_one_request_of_one_resource_and_scope() -> None:
    spans = [EncodedSpan(name(text), ORIGIN) for text in ("first", "second")]
    request = ExportTraceServiceRequest.FromString(encode_batch(spans))
    [of_resource] = request.resource_spans
    assert [(item.key, item.value.string_value) for item in of_resource.resource.attributes] == [
        ("service.name", "edge")
    ]
    [of_scope] = of_resource.scope_spans
    assert (of_resource.schema_url, of_scope.schema_url) == (RESOURCE.schema_url, SCOPE.schema_url)
    assert (of_scope.scope.name, of_scope.scope.version) == ("sightline", "1.2.3")
    assert [span.name for span in of_scope.spans] == ["first", "second"]


@pytest.mark.parametrize(("exporters", "as_message"), [(http_exporters, False), (grpc_exporters, True)])
def test_the_exporters_of_the_sdk_send_what_is_encoded(exporters: ModuleType, as_message: bool) -> None:
    export_encoded(exporters, as_message=as_message)
    spans = [EncodedSpan(name("first"), ORIGIN)]
    sent = ExportTraceServiceRequest.FromString(exporters.encode_spans(spans).SerializeToString())
    assert sent == ExportTraceServiceRequest.FromString(encode_batch(spans))


@pytest.mark.parametrize(("exporters", "as_message"), [(http_exporters, False), (grpc_exporters, True)])
def test_spans_of_somebody_else_are_encoded_as_before(exporters: ModuleType, as_message: bool) -> None:
    export_encoded(exporters, as_message=as_message)
    other = ReadableSpan("other", SpanContext(1, 2, is_remote=False), resource=RESOURCE, start_time=1, end_time=2)
    request = ExportTraceServiceRequest.FromString(exporters.encode_spans([other]).SerializeToString())
    assert [span.name for span in request.resource_spans[0].scope_spans[0].spans] == ["other"]


def test_an_sdk_that_encodes_in_another_way_is_refused_rather_than_sending_nothing() -> None:
    with pytest.raises(RuntimeError, match="other has no encode_spans"):
        export_encoded(ModuleType("other"), as_message=False)
