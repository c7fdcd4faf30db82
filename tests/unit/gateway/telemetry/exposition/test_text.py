"""The text writer's exemplars: OpenMetrics has them where the parser of prometheus_client finds them, the old text never."""

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from gateway.telemetry.exposition.text import TextWriter
from gateway.telemetry.store import Family, MetricsStore
from tests.unit.gateway.telemetry.samples import (
    SPAN_ID,
    STARTED_AT_NS,
    TRACE_ID,
    make_exchange,
    make_recorder,
    make_route,
    make_snapshot,
    record,
)


def store_with_a_kept_exchange() -> MetricsStore:
    store, recorder = MetricsStore(), make_recorder()
    store.configure(make_snapshot())
    record(recorder, make_exchange(sampled=True), make_exchange())
    store.absorb(1, recorder.take_report([], 1))
    return store


def openmetrics(store: MetricsStore) -> dict[str, Metric]:
    text, _ = TextWriter().write(store.families(), store.exemplars)
    families = parse_openmetrics(text + "# EOF\n")  # type: ignore[no-untyped-call]
    return {family.name: family for family in families}


def test_the_bucket_of_a_kept_exchange_shows_its_trace() -> None:
    families = openmetrics(store_with_a_kept_exchange())
    for name, value, span_id in (
        ("sightline_http_request_duration_seconds", 0.015, SPAN_ID),
        ("sightline_upstream_request_duration_seconds", 0.013, "00f067aa0ba902b7"),
    ):
        (sample,) = [sample for sample in families[name].samples if sample.exemplar is not None]
        assert sample.exemplar is not None
        assert sample.labels["le"] == "0.015"
        assert sample.value == 2
        assert sample.exemplar.labels == {"trace_id": TRACE_ID, "span_id": span_id}
        assert sample.exemplar.value == value
        assert abs(float(sample.exemplar.timestamp or 0) - STARTED_AT_NS / 1e9) < 1


def test_no_other_family_has_exemplars() -> None:
    families = openmetrics(store_with_a_kept_exchange())
    assert {name for name, family in families.items() if any(sample.exemplar for sample in family.samples)} == {
        "sightline_http_request_duration_seconds",
        "sightline_upstream_request_duration_seconds",
    }


def test_the_older_text_has_none() -> None:
    store = store_with_a_kept_exchange()
    text, samples = TextWriter().write(store.families(), None)
    assert TRACE_ID not in text
    assert samples == sum(1 for line in text.splitlines() if not line.startswith("#"))


def test_a_later_scrape_has_the_later_numbers_of_the_series_that_are_left() -> None:
    store, recorder, writer = MetricsStore(), make_recorder(), TextWriter()
    store.configure(make_snapshot(make_route(name="100%"), make_route(name="other")))
    for route in ("100%", "other"):
        record(recorder, make_exchange(make_route(name=route)))
    store.absorb(1, recorder.take_report([], 1))
    families = store.families()
    first, _ = writer.write(families, None)
    assert 'sightline_http_request_duration_seconds_count{class="2xx",route="100%"} 1\n' in first
    record(recorder, make_exchange(make_route(name="100%")))
    store.absorb(1, recorder.take_report([], 2))
    left = [
        Family(instrument, {labels: value for labels, value in series.items() if "other" not in labels})
        for instrument, series in store.families()
    ]
    text, samples = writer.write(left, None)
    assert 'sightline_http_request_duration_seconds_count{class="2xx",route="100%"} 2\n' in text
    assert 'route="other"' not in text
    assert (text, samples) == TextWriter().write(left, None)
