"""Our series under the names of OpenTelemetry's HTTP semantic conventions, as the SDK's exporters take them.

What the conventions have no name for is under `sightline.`. Attempts are not told apart by method, so the client's metrics
lack `http.request.method`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import Histogram as ExplicitHistogram
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from gateway import __version__
from gateway.telemetry import catalog
from gateway.telemetry.histogram import SEMCONV_EDGES_NS, Histogram, classic_counts, exponential
from gateway.telemetry.store import Family, Labels, MetricsStore, Value

Attributes: TypeAlias = dict[str, str | int]

FAMILIES: Final = (
    catalog.ANSWER_DURATION,
    catalog.HTTP_IN_FLIGHT,
    catalog.UPSTREAM_ENDPOINT_DURATION,
    catalog.UPSTREAM_IN_FLIGHT,
    catalog.UPSTREAM_CONNECTIONS,
    catalog.ROUTE_INFO,
)

_SCOPE: Final = InstrumentationScope("sightline", __version__)
_SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.37.0"
_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_BOUNDS_S: Final = [edge / 1e9 for edge in SEMCONV_EDGES_NS]
_HTTP: Final = "http"
_UNKNOWN: Any = None
"""Smallest and greatest observation are optional in the protocol, and not known here; the SDK's types have no such word."""


class Projection:
    """started_ns: since when the counters count, nanoseconds since the epoch. Exponential histograms are of schema 3."""

    def __init__(self, store: MetricsStore, resource: Resource, started_ns: int, *, is_exponential: bool) -> None:
        self._store = store
        self._resource = resource
        self._started_ns = started_ns
        self._is_exponential = is_exponential

    def read(self, now_ns: int) -> MetricsData:
        """Everything as of now."""
        families = {family.instrument.name: family for family in self._store.families(FAMILIES)}
        templates = {labels[0]: labels[3] for labels in families[catalog.ROUTE_INFO.name].series}
        answers = families[catalog.ANSWER_DURATION.name]
        attempts = families[catalog.UPSTREAM_ENDPOINT_DURATION.name]
        metrics = [
            self._durations(
                "http.server.request.duration", answers, lambda labels: _answer_attributes(labels, templates), now_ns
            ),
            self._numbers(
                "http.server.active_requests",
                "{request}",
                families[catalog.HTTP_IN_FLIGHT.name],
                lambda labels: _route_attributes(labels[0], templates),
                now_ns,
            ),
            self._durations("http.client.request.duration", attempts, _endpoint_attributes, now_ns),
            self._numbers(
                "http.client.active_requests",
                "{request}",
                families[catalog.UPSTREAM_IN_FLIGHT.name],
                _endpoint_attributes,
                now_ns,
            ),
            self._numbers(
                "http.client.open_connections",
                "{connection}",
                families[catalog.UPSTREAM_CONNECTIONS.name],
                lambda labels: {"sightline.upstream": labels[0], "http.connection.state": labels[1]},
                now_ns,
            ),
        ]
        scope = ScopeMetrics(_SCOPE, metrics, _SCHEMA_URL)
        return MetricsData([ResourceMetrics(self._resource, [scope], _SCHEMA_URL)])

    def _durations(self, name: str, family: Family, attributes: Callable[[Labels], Attributes], now_ns: int) -> Metric:
        observed = [
            (attributes(labels), value)
            for labels, value in family.series.items()
            if isinstance(value, Histogram) and value.buckets
        ]
        data: ExponentialHistogram | ExplicitHistogram
        if self._is_exponential:
            data = ExponentialHistogram([self._exponential(*each, now_ns) for each in observed], _CUMULATIVE)
        else:
            data = ExplicitHistogram([self._explicit(*each, now_ns) for each in observed], _CUMULATIVE)
        return Metric(name, family.instrument.help, "s", data)

    def _explicit(self, attributes: Attributes, histogram: Histogram, now_ns: int) -> HistogramDataPoint:
        return HistogramDataPoint(
            attributes=attributes,
            start_time_unix_nano=self._started_ns,
            time_unix_nano=now_ns,
            count=histogram.count,
            sum=histogram.sum_ns / 1e9,
            bucket_counts=classic_counts(histogram.buckets, SEMCONV_EDGES_NS),
            explicit_bounds=_BOUNDS_S,
            min=_UNKNOWN,
            max=_UNKNOWN,
        )

    def _exponential(self, attributes: Attributes, histogram: Histogram, now_ns: int) -> ExponentialHistogramDataPoint:
        native = exponential(histogram.buckets)
        first, last = min(native.counts, default=1), max(native.counts, default=0)
        return ExponentialHistogramDataPoint(
            attributes=attributes,
            start_time_unix_nano=self._started_ns,
            time_unix_nano=now_ns,
            count=histogram.count,
            sum=histogram.sum_ns / 1e9,
            scale=native.schema,
            zero_count=native.zero_count,
            # The protocol counts buckets from their lower edge.
            positive=Buckets(first - 1, [native.counts.get(index, 0) for index in range(first, last + 1)]),
            negative=Buckets(0, []),
            flags=0,
            min=_UNKNOWN,
            max=_UNKNOWN,
        )

    def _numbers(
        self, name: str, unit: str, family: Family, attributes: Callable[[Labels], Attributes], now_ns: int
    ) -> Metric:
        points = [
            NumberDataPoint(attributes(labels), self._started_ns, now_ns, _whole(value))
            for labels, value in family.series.items()
        ]
        return Metric(name, family.instrument.help, unit, Sum(points, _CUMULATIVE, is_monotonic=False))


def count_points(data: MetricsData) -> int:
    scopes: Iterable[ScopeMetrics] = (scope for each in data.resource_metrics for scope in each.scope_metrics)
    return sum(len(metric.data.data_points) for scope in scopes for metric in scope.metrics)


def _route_attributes(route: str, templates: Mapping[str, str]) -> Attributes:
    attributes: Attributes = {"url.scheme": _HTTP, "sightline.route": route}
    if route in templates:
        attributes["http.route"] = templates[route]
    return attributes


def _answer_attributes(labels: Labels, templates: Mapping[str, str]) -> Attributes:
    route, method, code = labels
    attributes = _route_attributes(route, templates) | {"http.request.method": method}
    if code != "0":
        attributes["http.response.status_code"] = int(code)
    if code == "0" or code >= "500":
        attributes["error.type"] = code if code != "0" else "_OTHER"
    return attributes


def _endpoint_attributes(labels: Labels) -> Attributes:
    upstream, endpoint = labels
    host, colon, port = endpoint.rpartition(":")
    attributes: Attributes = {"sightline.upstream": upstream}
    if colon and port.isdecimal():
        return attributes | {"server.address": host.strip("[]"), "server.port": int(port)}
    return attributes | {"server.address": endpoint}


def _whole(value: Value) -> int:
    assert isinstance(value, int | float), "gauges are numbers"
    return int(value)
