"""Series that exist before the first request."""

from dataclasses import replace

import pytest

from gateway.model.retry import Retries, RetryOn, Suppression
from gateway.model.route import WeightedUpstream
from gateway.model.snapshot import Snapshot
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.merging import overflow
from gateway.telemetry.merging.zeros import known_series
from tests.unit.gateway.telemetry.samples import make_route, make_snapshot, many_routes, with_latency


def labels_of(snapshot: Snapshot, instrument: Instrument) -> list[tuple[str, ...]]:
    return [labels for known, labels in known_series(snapshot) if known is instrument]


def test_every_route_has_one_series_of_requests() -> None:
    snapshot = make_snapshot(make_route("a", 0), make_route("b", 1))
    assert labels_of(snapshot, catalog.HTTP_REQUESTS) == [
        ("_unmatched", "GET", "404", "gateway"),
        ("a", "GET", "200", "upstream"),
        ("b", "GET", "200", "upstream"),
    ]


def test_durations_exist_for_every_class() -> None:
    durations = labels_of(make_snapshot(), catalog.HTTP_REQUEST_DURATION)
    assert [labels for labels in durations if labels[0] == "orders"] == [("orders", f"{digit}xx") for digit in "12345"]


def test_failures_exist_for_every_reason_that_can_occur() -> None:
    failures = set(labels_of(make_snapshot(), catalog.HTTP_FAILURES))
    assert {("orders", "connect_refused"), ("orders", "upstream_status"), ("_unmatched", "no_route")} <= failures
    assert not {("orders", "none"), ("orders", "no_route"), ("_unmatched", "connect_refused")} & failures


def test_attempts_exist_for_every_endpoint_answered_or_not() -> None:
    attempts = set(labels_of(make_snapshot(), catalog.UPSTREAM_REQUESTS))
    assert ("orders", "127.0.0.1:9002", "2xx", "none") in attempts
    assert ("orders", "127.0.0.1:9002", "5xx", "upstream_status") in attempts
    assert ("orders", "127.0.0.1:9002", "none", "connect_timeout") in attempts


def test_an_upstream_without_limits_of_its_own_can_still_have_a_full_queue() -> None:
    assert labels_of(make_snapshot(), catalog.UPSTREAM_REJECTED) == [("orders", "pool_exhausted")]


def test_objectives_exist_only_where_they_are_set() -> None:
    plain, judged = make_route("plain", 0), make_route("judged", 1, slo=with_latency(100, availability=None))
    assert labels_of(make_snapshot(plain, judged), catalog.SLO_REQUESTS) == [
        ("judged", "latency", "good"),
        ("judged", "latency", "bad"),
    ]


def test_retries_exist_by_the_conditions_of_the_routes_that_have_them() -> None:
    assert labels_of(make_snapshot(), catalog.UPSTREAM_RETRIES) == [
        ("orders", "upstream_reset", "success"),
        ("orders", "upstream_reset", "failure"),
    ]
    target = (WeightedUpstream("orders"),)
    routes = (
        make_route("a", 0, upstreams=target, retries=Retries(on=(RetryOn.TIMEOUT,))),
        make_route("b", 1, upstreams=target, retries=Retries(on=(503,))),
        make_route("c", 2, upstreams=target),
    )
    retries = labels_of(make_snapshot(*routes), catalog.UPSTREAM_RETRIES)
    assert {reason for _, reason, result in retries if result == "success"} == {
        "upstream_reset",
        "upstream_idle_timeout",
        "upstream_timeout_first_byte",
        "upstream_status",
    }
    assert {reason for _, reason, result in retries if result == "suppressed"} == set(Suppression)


def test_routes_beyond_the_limit_have_one_series_together() -> None:
    routes = tuple(make_route(f"r{index}", index) for index in range(4))
    shown = labels_of(make_snapshot(*routes, telemetry=many_routes(2)), catalog.HTTP_IN_FLIGHT)
    assert shown == [("_unmatched",), ("r0",), ("r1",), ("_overflow",)]


def test_without_metrics_only_telemetry_watches_itself() -> None:
    settings = many_routes(10)
    settings = replace(settings, metrics=replace(settings.metrics, enabled=False))
    known = {instrument.name for instrument, _ in known_series(make_snapshot(telemetry=settings))}
    assert known == {
        "sightline_telemetry_exported_total",
        "sightline_telemetry_export_duration_seconds",
        "sightline_telemetry_last_success_timestamp_seconds",
        "sightline_telemetry_dropped_total",
        "sightline_trace_decisions_total",
    }


def test_no_series_is_known_twice() -> None:
    routes = (make_route("a", 0, slo=with_latency(5)), make_route("b", 1))
    series = [(instrument.name, labels) for instrument, labels in known_series(make_snapshot(*routes))]
    assert len(set(series)) == len(series)


def test_labels_are_as_many_as_the_instrument_has() -> None:
    for instrument, labels in known_series(make_snapshot(make_route(slo=with_latency(5)))):
        assert len(labels) == len(instrument.labels), instrument.name


def test_every_worker_has_its_series_from_the_start() -> None:
    known = set(known_series(make_snapshot(), workers=2))
    assert {(catalog.EVENT_LOOP_LAG, ("1",)), (catalog.EVENT_LOOP_BUSY, ("2",))} <= known
    assert {labels for instrument, labels in known if instrument is catalog.TELEMETRY_CPU} == {
        ("supervisor",),
        ("worker-1",),
        ("worker-2",),
    }


def test_endpoints_beyond_the_limit_have_one_series_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overflow, "MAX_ENDPOINTS", 1)
    assert sorted(labels_of(make_snapshot(), catalog.UPSTREAM_IN_FLIGHT)) == [
        ("orders", "127.0.0.1:9001"),
        ("orders", "_overflow"),
    ]
