"""The exposition: both formats parse, say the same as prometheus_client would, and declare every family from the start."""

import re
import time
from collections.abc import Callable
from typing import Final

import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from gateway.model.outcome import Reason
from gateway.telemetry.catalog import INSTRUMENTS, TRAFFIC, Kind
from gateway.telemetry.exposition import Exposition, StoreCollector
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.telemetry.store import MetricsStore
from gateway.wire.report import PoolGauge
from tests.unit.gateway.telemetry.samples import (
    failed_attempt,
    make_attempt,
    make_exchange,
    make_recorder,
    make_route,
    make_snapshot,
    record,
    with_latency,
)

OPENMETRICS: Final = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def filled_store() -> MetricsStore:
    store, recorder = MetricsStore(), make_recorder()
    route = make_route('a "quoted\\ \n name', slo=with_latency(20))
    store.configure(make_snapshot(route))
    record(recorder, make_exchange(route), make_exchange(route, status=500, reason=Reason.UPSTREAM_STATUS))
    record(recorder, make_exchange(route, attempts=[failed_attempt(), make_attempt(3)]))
    recorder.connection_accepted("public")
    recorder.loop_lag(0.3)
    store.absorb(1, recorder.take_report([PoolGauge("orders", "127.0.0.1:9001", 1, 2, 3, 4, 256)], 1))
    return store


def parsed(body: bytes, content_type: str) -> list[Metric]:
    parse = parse_openmetrics if content_type.startswith("application/openmetrics") else parse_text
    return list(parse(body.decode()))


def samples(families: list[Metric]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    found = [sample for family in families for sample in family.samples]
    by_key = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in found}
    assert len(by_key) == len(found)
    return by_key


@pytest.mark.parametrize("accept", ["", "*/*", "text/plain;version=0.0.4", OPENMETRICS])
def test_the_store_reads_as_prometheus_client_would_write_it(accept: str) -> None:
    store = filled_store()
    registry = CollectorRegistry()
    registry.register(StoreCollector(store))
    rendered = samples(parsed(*Exposition(store, SupervisorInstruments()).render(accept)))
    reference = samples(list(parse_text(generate_latest(registry).decode())))
    assert {key: rendered.get(key) for key in reference} == reference


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4"),
        ("text/html", "text/plain; version=0.0.4"),
        (OPENMETRICS, "application/openmetrics-text"),
    ],
)
def test_the_format_is_chosen_by_accept(accept: str, content_type: str) -> None:
    body, chosen = Exposition(filled_store(), SupervisorInstruments()).render(accept)
    assert chosen.startswith(content_type)
    assert body.endswith(b"# EOF\n") is chosen.startswith("application/openmetrics")


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_every_family_is_declared_from_the_first_scrape(accept: str) -> None:
    body, content_type = Exposition(MetricsStore(), SupervisorInstruments()).render(accept)
    declared = {family.name: family.type for family in parsed(body, content_type)}
    for instrument in INSTRUMENTS:
        name = instrument.name.removesuffix("_total")
        assert declared[name] == instrument.kind.value, instrument.name


def test_nothing_is_exposed_that_the_catalogue_does_not_have() -> None:
    body, content_type = Exposition(filled_store(), SupervisorInstruments()).render("")
    known = {instrument.name.removesuffix("_total"): instrument for instrument in INSTRUMENTS}
    for family in parsed(body, content_type):
        if family.name.startswith("process_"):
            continue
        labels = set(known[family.name].labels)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == labels, sample


def test_histograms_are_cumulative_and_end_with_all() -> None:
    families = parsed(*Exposition(filled_store(), SupervisorInstruments()).render(""))
    for family in families:
        if family.type != Kind.HISTOGRAM.value:
            continue
        by_series: dict[tuple[tuple[str, str], ...], list[float]] = {}
        counts = {}
        for sample in family.samples:
            key = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
            if sample.name.endswith("_bucket"):
                by_series.setdefault(key, []).append(sample.value)
            elif sample.name.endswith("_count"):
                counts[key] = sample.value
        for key, buckets in by_series.items():
            assert buckets == sorted(buckets)
            assert buckets[-1] == counts[key]


def test_the_next_scrape_says_what_this_one_cost() -> None:
    exposition = Exposition(filled_store(), SupervisorInstruments())
    first = samples(parsed(*exposition.render("")))
    second = samples(parsed(*exposition.render("")))
    declared = {instrument.name for instrument in TRAFFIC}
    of_store = [name for name, _ in first if re.sub("_(bucket|count|sum)$", "", name) in declared]
    assert second["sightline_metrics_render_seconds", ()] > 0
    assert second["sightline_metrics_series", ()] == len(of_store)


def test_thirty_thousand_samples_take_less_than_prometheus_client_would_need() -> None:
    store = MetricsStore()
    store.configure(make_snapshot(*(make_route(f"route-{index}", index) for index in range(150))))
    exposition = Exposition(store, SupervisorInstruments())
    registry = CollectorRegistry()
    registry.register(StoreCollector(store))

    def spent(render: Callable[[], bytes]) -> float:
        started_s = time.process_time()
        assert render().count(b"\n") > 30_000
        return time.process_time() - started_s

    ours = min(spent(lambda: exposition.render("")[0]) for _ in range(3))
    assert ours < spent(lambda: generate_latest(registry)) / 2
