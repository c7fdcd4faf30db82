"""Metrics by OTLP as a collector with the official messages reads them: names, attributes, buckets, and what is lost."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any, Final

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.sdk.resources import Resource

from gateway.model.clock import MILLISECOND_NS
from gateway.model.outcome import Reason, Source
from gateway.model.snapshot import MetricSettings, OtlpMetricSettings, Snapshot, TelemetrySettings
from gateway.telemetry import catalog
from gateway.telemetry.otlp.pushing import MetricPush, MetricPushes
from gateway.telemetry.store import MetricsStore
from gateway.wire.report import PoolGauge
from tests.unit.gateway.telemetry.samples import (
    make_exchange,
    make_recorder,
    make_route,
    make_snapshot,
    record,
    refused_exchange,
)

WAIT_S: Final = 10.0
STABLE_BUCKETS_S: Final = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]


class Collector:
    def __init__(self) -> None:
        self.received: Queue[ExportMetricsServiceRequest] = Queue()
        self.paths: list[str] = []
        self.status = 200
        self.endpoint = ""

    def metrics(self) -> dict[str, Any]:
        """Of the next request, by name."""
        request = self.received.get(timeout=WAIT_S)
        ((of_resource,),) = [request.resource_metrics]
        assert {each.key: each.value.string_value for each in of_resource.resource.attributes} == {
            "service.name": "edge"
        }
        return {metric.name: metric for scope in of_resource.scope_metrics for metric in scope.metrics}


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.paths.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.received.put(ExportMetricsServiceRequest.FromString(body))
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings_for(endpoint: str, *, native: bool = False, interval_ms: int = 60_000) -> TelemetrySettings:
    otlp = OtlpMetricSettings(endpoint, interval_ns=interval_ms * MILLISECOND_NS, export=True)
    return TelemetrySettings(metrics=MetricSettings(native_histograms=native, otlp=otlp))


def snapshot_of(settings: TelemetrySettings) -> Snapshot:
    return replace(make_snapshot(make_route(), telemetry=settings))


def filled_store(settings: TelemetrySettings) -> MetricsStore:
    store, recorder = MetricsStore(), make_recorder()
    store.configure(snapshot_of(settings))
    record(recorder, *(make_exchange() for _ in range(3)))
    record(recorder, make_exchange(method="POST", status=503, reason=Reason.UPSTREAM_STATUS, source=Source.UPSTREAM))
    record(recorder, make_exchange(method="BREW"), refused_exchange())
    recorder.exchange_started(make_exchange())
    store.absorb(1, recorder.take_report([PoolGauge("orders", "127.0.0.1:9001", 1, 2, 0, 4, 256)], 1))
    return store


def push_once(settings: TelemetrySettings, store: MetricsStore, collector: Collector) -> dict[str, Any]:
    MetricPush(settings, store, Resource({"service.name": "edge"}), {}).close(WAIT_S)
    return collector.metrics()


def attributes_of(point: Any) -> dict[str, str | int]:
    return {
        each.key: each.value.string_value if each.value.HasField("string_value") else each.value.int_value
        for each in point.attributes
    }


def test_requests_have_the_names_attributes_and_buckets_of_the_conventions() -> None:
    with collecting() as collector:
        settings = settings_for(collector.endpoint)
        metric = push_once(settings, filled_store(settings), collector)["http.server.request.duration"]
    assert collector.paths == ["/v1/metrics"]
    assert metric.unit == "s"
    assert metric.histogram.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    points = {(attributes_of(p)["http.request.method"], p.count): p for p in metric.histogram.data_points}
    assert points.keys() == {("GET", 3), ("POST", 1), ("_OTHER", 1), ("GET", 1)}
    known = {"url.scheme": "http", "sightline.route": "orders", "http.route": "/v1/orders/{id}"}
    assert attributes_of(points["GET", 3]) == known | {"http.request.method": "GET", "http.response.status_code": 200}
    assert attributes_of(points["POST", 1]) == known | {
        "http.request.method": "POST",
        "http.response.status_code": 503,
        "error.type": "503",
    }
    assert attributes_of(points["GET", 1]) == {
        "url.scheme": "http",
        "sightline.route": "_unmatched",
        "http.request.method": "GET",
        "http.response.status_code": 404,
    }
    plain = points["GET", 3]
    assert list(plain.explicit_bounds) == STABLE_BUCKETS_S
    assert list(plain.bucket_counts) == [0, 0, 3, *[0] * 12]
    assert plain.sum == pytest.approx(0.045)
    assert not (plain.HasField("min"))
    assert not (plain.HasField("max"))
    assert 0 < plain.start_time_unix_nano <= plain.time_unix_nano


def test_with_native_histograms_they_are_exponential() -> None:
    with collecting() as collector:
        settings = settings_for(collector.endpoint, native=True)
        metric = push_once(settings, filled_store(settings), collector)["http.server.request.duration"]
    (point,) = [point for point in metric.exponential_histogram.data_points if point.count == 3]
    assert (point.scale, point.zero_count) == (3, 0)
    assert list(point.positive.bucket_counts) == [3]
    assert 2 ** (point.positive.offset / 8) < 0.015 <= 2 ** ((point.positive.offset + 1) / 8)


def test_attempts_and_connections_are_those_of_a_client() -> None:
    with collecting() as collector:
        settings = settings_for(collector.endpoint)
        metrics = push_once(settings, filled_store(settings), collector)
    endpoint = {"sightline.upstream": "orders", "server.address": "127.0.0.1", "server.port": 9001}
    (attempts,) = metrics["http.client.request.duration"].histogram.data_points
    assert (attributes_of(attempts), attempts.count) == (endpoint, 5)

    def number(name: str, **wanted: str | int) -> int:
        found = metrics[name].sum
        assert not found.is_monotonic
        (point,) = [point for point in found.data_points if wanted.items() <= attributes_of(point).items()]
        value: int = point.as_int
        return value

    assert number("http.server.active_requests", **{"sightline.route": "orders"}) == 1
    assert number("http.client.active_requests", **{"server.port": 9001}) == 4
    assert number("http.client.open_connections", **{"http.connection.state": "idle"}) == 2


def test_it_is_pushed_again_and_again() -> None:
    with collecting() as collector:
        settings = settings_for(collector.endpoint, interval_ms=100)
        push = MetricPush(settings, filled_store(settings), Resource({"service.name": "edge"}), {})
        for _ in range(3):
            assert "http.server.request.duration" in collector.metrics()
        push.close(WAIT_S)


def test_what_was_delivered_and_what_was_not_is_counted() -> None:
    with collecting() as collector:
        settings = settings_for(collector.endpoint)
        store = filled_store(settings)
        push_once(settings, store, collector)
        collector.status = 400
        push_once(settings, store, collector)
    (exported,) = store.families((catalog.TELEMETRY_EXPORTED,))
    (dropped,) = store.families((catalog.TELEMETRY_DROPPED,))
    points = exported.series["metric", "otlp"]
    assert isinstance(points, int)
    assert points > 4
    assert dropped.series["metric", "otlp", "export_failed"] == points


def test_durations_by_method_and_code_are_only_kept_where_they_are_pushed() -> None:
    silent = filled_store(TelemetrySettings())
    (answers,) = silent.families((catalog.ANSWER_DURATION,))
    assert answers.series == {}


def test_a_change_of_settings_ends_one_push_and_begins_another() -> None:
    async def run(first: Collector, second: Collector) -> None:
        settings = settings_for(first.endpoint)
        store = filled_store(settings)
        pushes = MetricPushes(store, lambda _: Resource({"service.name": "edge"}), {})
        await pushes.configure(settings, WAIT_S)
        await pushes.configure(settings, WAIT_S)
        await pushes.configure(settings_for(second.endpoint), WAIT_S)
        await pushes.close(WAIT_S)

    with collecting() as first, collecting() as second:
        asyncio.run(run(first, second))
        assert (first.received.qsize(), second.received.qsize()) == (1, 1)
        starts = {
            each.metrics()["http.server.request.duration"].histogram.data_points[0].start_time_unix_nano
            for each in (first, second)
        }
        assert len(starts) == 1, "the counters went on, so their start is the same"


def test_a_push_that_is_switched_off_has_no_queue_any_more() -> None:
    async def run(settings: TelemetrySettings, store: MetricsStore) -> None:
        pushes = MetricPushes(store, lambda _: Resource({"service.name": "edge"}), {})
        await pushes.configure(settings, WAIT_S)
        assert ("metric", "otlp") in capacities(store)
        await pushes.configure(TelemetrySettings(), WAIT_S)
        assert ("metric", "otlp") not in capacities(store)
        await pushes.close(WAIT_S)

    def capacities(store: MetricsStore) -> dict[Any, Any]:
        (family,) = store.families((catalog.TELEMETRY_QUEUE_CAPACITY,))
        return family.series

    with collecting() as collector:
        settings = settings_for(collector.endpoint)
        asyncio.run(run(settings, filled_store(settings)))


def test_nothing_is_pushed_where_nobody_asked_for_it() -> None:
    async def run() -> None:
        pushes = MetricPushes(MetricsStore(), lambda _: Resource({}), {})
        await pushes.configure(TelemetrySettings(), WAIT_S)
        assert pushes._push is None
        await pushes.close(WAIT_S)

    asyncio.run(run())
