"""The protobuf format, read back by google.protobuf: the same numbers as the text, with native buckets and exemplars."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Summary

from gateway.telemetry import catalog
from gateway.telemetry.exposition.protobuf import write_families, write_registry
from gateway.telemetry.histogram import Histogram
from gateway.telemetry.merging.exemplars import Exemplars
from gateway.telemetry.store import Family, MetricsStore
from tests.support.client_model import (
    COUNTER,
    GAUGE,
    HISTOGRAM,
    SUMMARY,
    labels_of,
    native_buckets,
    read_families,
)
from tests.unit.gateway.telemetry.samples import (
    SPAN_ID,
    TRACE_ID,
    make_exchange,
    make_recorder,
    make_route,
    make_snapshot,
    record,
)


def filled_store() -> MetricsStore:
    store, recorder = MetricsStore(), make_recorder()
    route = make_route('a "quoted" näme')
    store.configure(make_snapshot(route))
    record(
        recorder, *(make_exchange(route, ended_ns=make_exchange().started_ns + n * 1_000_000) for n in range(1, 200))
    )
    record(recorder, make_exchange(route, sampled=True))
    store.absorb(1, recorder.take_report([], 1))
    return store


def read(store: MetricsStore) -> dict[str, Any]:
    return {family.name: family for family in read_families(write_families(store.families(), store.exemplars)[0])}


def encoded(histogram: Histogram) -> Any:
    family = Family(catalog.HTTP_OVERHEAD, {("orders",): histogram})
    (found,) = read_families(write_families([family], Exemplars())[0])
    return found.metric[0].histogram


def test_every_family_is_there_with_its_type_and_help() -> None:
    families = read(filled_store())
    types = {"counter": COUNTER, "gauge": GAUGE, "histogram": HISTOGRAM, "summary": HISTOGRAM}
    assert {name: (family.type, family.help) for name, family in families.items()} == {
        instrument.name: (types[instrument.kind.value], instrument.help) for instrument in catalog.TRAFFIC
    }


def test_every_series_has_its_labels_and_value() -> None:
    store = filled_store()
    families = read(store)
    for instrument, series in store.families():
        found = {
            tuple(labels_of(metric)[name] for name in instrument.labels): metric
            for metric in families[instrument.name].metric
        }
        assert found.keys() == series.keys()
        for labels, value in series.items():
            if isinstance(value, Histogram):
                assert found[labels].histogram.sample_count == value.count
                assert found[labels].histogram.sample_sum == value.sum_ns / 1e9
            elif instrument.kind.value == "counter":
                assert found[labels].counter.value == value
            else:
                assert found[labels].gauge.value == pytest.approx(value, rel=0.01)


@given(st.lists(st.integers(0, 5_000 * 10**9), max_size=200))
def test_native_buckets_hold_what_was_observed_between_their_edges(durations: list[int]) -> None:
    histogram = Histogram()
    for duration in durations:
        histogram.observe(duration)
    found = encoded(histogram)
    assert (found.schema, found.zero_threshold) == (3, 2.0**-20)
    assert found.zero_count == sum(1 for duration in durations if duration <= found.zero_threshold * 1e9)
    buckets = native_buckets(found)
    assert found.zero_count + sum(buckets.values()) == len(durations) == found.sample_count
    last = 12 << 3
    for index, count in buckets.items():
        low, high = 2.0 ** ((index - 1) / 8) * 1e9, math.inf if index > last else 2.0 ** (index / 8) * 1e9
        assert count == sum(1 for duration in durations if math.floor(low) < duration <= high)


def test_classic_buckets_are_there_as_well_for_rules_that_stand_on_them() -> None:
    histogram = Histogram()
    for duration in (100_000, 700_000, 900_000, 90 * 10**9):
        histogram.observe(duration)
    buckets = [(bucket.upper_bound, bucket.cumulative_count) for bucket in encoded(histogram).bucket]
    assert buckets[:3] == [(0.0005, 1), (0.001, 3), (0.002, 3)]
    assert buckets[-1] == (60.0, 3)


def test_an_empty_histogram_is_native_too() -> None:
    found = encoded(Histogram())
    assert (found.sample_count, found.zero_threshold) == (0, 2.0**-20)
    assert not found.positive_span


def test_endpoints_have_native_histograms_here() -> None:
    family = read(filled_store())["sightline_upstream_endpoint_duration_seconds"]
    (metric,) = [metric for metric in family.metric if labels_of(metric)["endpoint"] == "127.0.0.1:9001"]
    assert sum(native_buckets(metric.histogram).values()) == 200
    assert not metric.histogram.bucket


def test_exemplars_hang_on_the_classic_buckets() -> None:
    family = read(filled_store())["sightline_http_request_duration_seconds"]
    with_exemplar = [
        bucket for metric in family.metric for bucket in metric.histogram.bucket if bucket.HasField("exemplar")
    ]
    (bucket,) = with_exemplar
    assert bucket.upper_bound == 0.015
    assert labels_of(bucket.exemplar) == {"trace_id": TRACE_ID, "span_id": SPAN_ID}
    assert bucket.exemplar.value == 0.015
    assert bucket.exemplar.timestamp.seconds > 1_700_000_000


def test_an_exemplar_beyond_the_last_edge_is_not_lost() -> None:
    store, recorder = MetricsStore(), make_recorder()
    store.configure(make_snapshot())
    record(recorder, make_exchange(sampled=True, ended_ns=make_exchange().started_ns + 90 * 10**9))
    store.absorb(1, recorder.take_report([], 1))
    family = read(store)["sightline_http_request_duration_seconds"]
    last = [metric.histogram.bucket[-1] for metric in family.metric if metric.histogram.sample_count]
    assert [(bucket.upper_bound, bucket.exemplar.value) for bucket in last] == [(math.inf, 90.0)]


def test_what_prometheus_client_keeps_is_written_as_well() -> None:
    registry = CollectorRegistry()
    Counter("a_total", "A.", ["kind"], registry=registry).labels("x").inc(3)
    Gauge("b", "B.", registry=registry).set(1.5)
    Summary("c", "C.", registry=registry).observe(2)
    families = {family.name: family for family in read_families(write_registry(registry))}
    assert families["a_total"].type == COUNTER
    assert next((labels_of(metric), metric.counter.value) for metric in families["a_total"].metric) == (
        {"kind": "x"},
        3,
    )
    assert (families["b"].type, families["b"].metric[0].gauge.value) == (GAUGE, 1.5)
    summary = families["c"].metric[0].summary
    assert (families["c"].type, summary.sample_count, summary.sample_sum) == (SUMMARY, 1, 2)
