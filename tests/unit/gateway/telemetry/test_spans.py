"""The span pipeline: received by real OTLP sinks, decoded with the official messages; losses counted, never waited for."""

import socket
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Final

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from gateway.model.snapshot import TelemetrySettings, TraceSettings
from gateway.telemetry.spans import SpanSink
from gateway.wire.report import ExchangeRecord
from tests.support.collector import GRPC, HTTP, collecting
from tests.support.waiting import wait_until
from tests.unit.gateway.telemetry.samples import (
    SPAN_ID,
    TRACE_ID,
    failed_attempt,
    make_attempt,
    make_exchange,
    make_recorder,
    record,
)

WAIT_S: Final = 20.0


class CountedLedger:
    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.exported = 0
        self.took: list[float] = []

    def count_dropped(self, signal: str, sink: str, reason: str, count: int) -> None:
        assert (signal, sink) == ("span", "otlp")
        self.dropped[reason] += count

    def count_exported(self, signal: str, sink: str, count: int) -> None:
        assert (signal, sink) == ("span", "otlp")
        self.exported += count

    def export_took(self, signal: str, sink: str, seconds: float) -> None:
        assert (signal, sink) == ("span", "otlp")
        self.took.append(seconds)


class GatedExporter(SpanExporter):
    """Takes batches only once it is let; answers as it is told."""

    def __init__(self, result: SpanExportResult = SpanExportResult.SUCCESS) -> None:
        self.result = result
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.batches: list[Sequence[ReadableSpan]] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.entered.set()
        assert self.gate.wait(WAIT_S)
        self.batches.append(spans)
        return self.result

    def shutdown(self) -> None:
        self.gate.set()


def kept(count: int = 1, attempts: int = 1) -> list[ExchangeRecord]:
    recorder = make_recorder()
    tries = [failed_attempt(span_id=f"{index:016x}") for index in range(1, attempts)]
    record(recorder, *(make_exchange(sampled=True, attempts=[*tries, make_attempt(3)]) for _ in range(count)))
    return recorder.take_report([], 1).records


def settings(endpoint: str | None = None, protocol: str = "http/protobuf") -> TelemetrySettings:
    return TelemetrySettings("edge", traces=TraceSettings(endpoint=endpoint, protocol=protocol, export=True))


def check_delivery(request: ExportTraceServiceRequest) -> None:
    [of_resource] = request.resource_spans
    resource = {item.key: item.value.string_value for item in of_resource.resource.attributes}
    assert resource["service.name"] == "edge"
    assert {"service.version", "service.instance.id"} <= set(resource)
    [of_scope] = of_resource.scope_spans
    assert of_scope.scope.name == "sightline"
    spans = {span.span_id.hex(): span for span in of_scope.spans}
    assert len(spans) == 3
    server = spans[SPAN_ID]
    assert (server.name, server.kind, server.parent_span_id) == ("GET /v1/orders/{id}", server.SPAN_KIND_SERVER, b"")
    for client in (spans["0000000000000001"], spans["00f067aa0ba902b7"]):
        assert (client.kind, client.parent_span_id.hex()) == (client.SPAN_KIND_CLIENT, SPAN_ID)
        assert client.trace_id.hex() == TRACE_ID
    assert spans["0000000000000001"].status.code == 2
    assert spans["00f067aa0ba902b7"].status.code == 0


@pytest.mark.parametrize("protocol", [HTTP, GRPC])
def test_spans_arrive_at_a_real_sink(protocol: str) -> None:
    ledger = CountedLedger()
    with collecting(protocol) as collector:
        sink = SpanSink(settings(collector.endpoint, protocol), ledger, {})
        sink.export(kept(attempts=2))
        sink.close(WAIT_S)
        request, headers = collector.received.get(timeout=WAIT_S)
    check_delivery(request)
    if protocol == HTTP:
        assert (headers[":path"], headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
    assert (ledger.exported, ledger.dropped) == (3, Counter())
    assert sink.waiting() == 0


def test_the_standard_variables_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = CountedLedger()
    with collecting() as collector:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=blue",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        sink = SpanSink(settings(), ledger, environ)
        sink.export(kept())
        sink.close(WAIT_S)
        request, headers = collector.received.get(timeout=WAIT_S)
    resource = {item.key: item.value.string_value for item in request.resource_spans[0].resource.attributes}
    assert resource["deployment.environment.name"] == "test"
    assert headers["x-tenant"] == "blue"


def test_the_file_wins_over_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as collector:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SERVICE_NAME": "from-environment"}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        sink = SpanSink(settings(collector.endpoint), CountedLedger(), environ)
        sink.export(kept())
        sink.close(WAIT_S)
        request, _ = collector.received.get(timeout=WAIT_S)
    resource = {item.key: item.value.string_value for item in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "edge"


def test_a_full_queue_drops_and_counts_and_never_waits() -> None:
    ledger, exporter = CountedLedger(), GatedExporter()
    environ = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2"}
    sink = SpanSink(settings(), ledger, environ, exporter)
    sink.export(kept())
    assert exporter.entered.wait(WAIT_S)
    assert sink.waiting() == 2
    sink.export(kept(10))
    assert (sink.capacity, sink.waiting()) == (8, 8)
    assert ledger.dropped == {"queue_full": 14}
    exporter.gate.set()
    sink.close(WAIT_S)
    assert (ledger.exported, sink.waiting()) == (8, 0)
    assert sum(len(batch) for batch in exporter.batches) == 8


def test_what_the_exporter_could_not_deliver_is_counted() -> None:
    ledger, exporter = CountedLedger(), GatedExporter(SpanExportResult.FAILURE)
    exporter.gate.set()
    sink = SpanSink(settings(), ledger, {}, exporter)
    sink.export(kept(2))
    sink.close(WAIT_S)
    assert (ledger.exported, ledger.dropped, len(ledger.took)) == (0, Counter(export_failed=4), 1)


def test_closing_gives_up_at_its_deadline_and_counts_what_is_left() -> None:
    ledger, exporter = CountedLedger(), GatedExporter()
    sink = SpanSink(settings(), ledger, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2"}, exporter)
    sink.export(kept(3))
    assert exporter.entered.wait(WAIT_S)
    sink.close(0.05)
    assert ledger.dropped == {"shutdown": 6}
    assert sink.waiting() == 0
    sink.export(kept())
    assert ledger.dropped == {"shutdown": 8}
    exporter.gate.set()
    wait_until(lambda: exporter.batches, "the batch that was under way has ended")
    assert ledger.exported == 0


@pytest.mark.parametrize(("protocol", "status"), [(HTTP, 429), (HTTP, 503), (GRPC, 503)])
def test_a_collector_that_refuses_at_first_gets_the_spans_later(protocol: str, status: int) -> None:
    ledger = CountedLedger()
    with collecting(protocol) as collector:
        collector.statuses = [status]
        sink = SpanSink(settings(collector.endpoint, protocol), ledger, {"OTEL_BSP_SCHEDULE_DELAY": "1"})
        sink.export(kept())
        wait_until(lambda: ledger.exported, "the spans are delivered", WAIT_S)
        sink.close(WAIT_S)
    assert (ledger.exported, ledger.dropped, collector.calls) == (2, Counter(), 2)


@pytest.mark.parametrize("protocol", [HTTP, GRPC])
def test_what_a_collector_refuses_for_good_is_counted(protocol: str) -> None:
    ledger = CountedLedger()
    with collecting(protocol) as collector:
        collector.statuses = [400]
        sink = SpanSink(settings(collector.endpoint, protocol), ledger, {})
        sink.export(kept(2))
        sink.close(WAIT_S)
    assert (ledger.exported, ledger.dropped, sink.waiting()) == (0, Counter(export_failed=4), 0)


@pytest.mark.parametrize("protocol", [HTTP, GRPC])
def test_what_a_collector_takes_a_batch_without_is_counted(protocol: str) -> None:
    ledger = CountedLedger()
    with collecting(protocol) as collector:
        collector.rejected = 3
        sink = SpanSink(settings(collector.endpoint, protocol), ledger, {})
        sink.export(kept(2))
        sink.close(WAIT_S)
    assert (ledger.exported, ledger.dropped) == (1, Counter(rejected=3))


def test_an_answer_that_is_none_of_otlps_goes_by_its_status() -> None:
    ledger = CountedLedger()
    with collecting() as collector:
        collector.body = b"<html>fine</html>"
        sink = SpanSink(settings(collector.endpoint), ledger, {})
        sink.export(kept())
        sink.close(WAIT_S)
    assert (ledger.exported, ledger.dropped) == (2, Counter())


@pytest.mark.parametrize("protocol", [HTTP, GRPC])
def test_a_collector_that_hangs_is_waited_for_no_longer_than_closing_may_take(protocol: str) -> None:
    ledger = CountedLedger()
    with collecting(protocol) as collector:
        collector.gate.clear()
        sink = SpanSink(settings(collector.endpoint, protocol), ledger, {"OTEL_BSP_SCHEDULE_DELAY": "1"})
        sink.export(kept(2))
        wait_until(lambda: collector.calls, "the collector has been asked", WAIT_S)
        sink.close(0.05)
        assert (ledger.exported, ledger.dropped, sink.waiting()) == (0, Counter(shutdown=4), 0)


@pytest.mark.parametrize("protocol", [HTTP, GRPC])
def test_where_nobody_listens_the_spans_are_counted_as_lost(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    ledger = CountedLedger()
    with socket.create_server(("127.0.0.1", 0)) as unused:
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    sink = SpanSink(settings(endpoint, protocol), ledger, {})
    sink.export(kept())
    sink.close(WAIT_S)
    assert (ledger.exported, ledger.dropped) == (0, Counter(export_failed=2))


@pytest.mark.parametrize("value", ["0", "-1", "many", ""])
def test_a_nonsensical_queue_size_is_the_default(value: str) -> None:
    environ = {"OTEL_BSP_MAX_QUEUE_SIZE": value, "OTEL_BSP_SCHEDULE_DELAY": value}
    sink = SpanSink(settings(), CountedLedger(), environ, GatedExporter())
    assert sink.capacity == 2048
    sink.close(WAIT_S)


def test_a_batch_is_never_larger_than_the_queue() -> None:
    ledger, exporter = CountedLedger(), GatedExporter()
    exporter.gate.set()
    sink = SpanSink(settings(), ledger, {"OTEL_BSP_MAX_QUEUE_SIZE": "3"}, exporter)
    sink.export(kept())
    sink.close(WAIT_S)
    assert ledger.exported == 2
