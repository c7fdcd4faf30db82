"""What the windows say of the traffic that was reported."""

import pytest
from msgspec import structs

from gateway.telemetry.history.gathering import SteadyClock
from gateway.telemetry.history.series import SeriesKey
from gateway.telemetry.history.shelf import GATEWAY
from gateway.wire.history import FailureView, HistoryPointView
from gateway.wire.report import Report
from tests.unit.gateway.telemetry.history.windows import (
    NOW,
    Scene,
    durations,
    pool,
    route_delta,
    upstream_delta,
)
from tests.unit.gateway.telemetry.samples import make_exchange, make_recorder, record

ROUTE: SeriesKey = ("route", "orders")
UPSTREAM: SeriesKey = ("upstream", "orders")
ENDPOINT: SeriesKey = ("endpoint", "orders/10.0.0.1:9001")


def total(scene: Scene, key: SeriesKey, seconds: int = 60) -> HistoryPointView:
    return scene.history.summary(key, scene.clock.now_s - seconds, scene.clock.now_s)


def test_reports_of_all_workers_add_up_in_the_second_they_came_in() -> None:
    scene = Scene()
    scene.report(route_delta(count=3), worker=1)
    scene.report(route_delta(count=2, failed=1), worker=2)
    scene.pass_s()
    point = total(scene, ROUTE)
    assert (point.requests, point.errors, point.error_ratio) == (6, 1, round(1 / 6, 6))
    assert point.failures == [FailureView(source="upstream", reason="connect_refused", count=1)]
    assert (point.bytes_in, point.bytes_out) == (200, 2000)
    assert point.mean_ms == 10.0
    assert point.p50_ms == pytest.approx(10, rel=0.044)
    assert point.overhead_p99_ms == pytest.approx(0.2, rel=0.044)


def test_the_gateway_is_the_sum_of_its_routes() -> None:
    scene = Scene()
    scene.report(route_delta("orders", 3, in_flight=2), route_delta("_unmatched", 1, failed=1, in_flight=1))
    scene.pass_s()
    point = total(scene, GATEWAY)
    assert (point.requests, point.errors, point.in_flight) == (5, 1, 3)


def test_an_upstream_is_the_sum_of_its_endpoints() -> None:
    scene = Scene()
    scene.report(upstreams=(upstream_delta(2, 8), upstream_delta(3, 80, "10.0.0.2:9001", failed=1)))
    scene.pass_s()
    assert total(scene, ENDPOINT).requests == 2
    assert total(scene, ENDPOINT).p99_ms == pytest.approx(8, rel=0.044)
    point = total(scene, UPSTREAM)
    assert (point.requests, point.errors) == (6, 1)
    assert point.p99_ms == pytest.approx(80, rel=0.044)
    assert point.overhead_p99_ms is None


def test_an_attempt_that_another_one_beat_is_no_failure_of_the_endpoint() -> None:
    scene = Scene()
    delta = upstream_delta(1)
    beaten = [type(delta.attempts[0])("10.0.0.1:9001", "none", "superseded", 4)]
    scene.report(upstreams=(structs.replace(delta, attempts=[*delta.attempts, *beaten]),))
    scene.pass_s()
    assert (total(scene, ENDPOINT).requests, total(scene, ENDPOINT).errors) == (5, 0)


def test_a_client_that_went_away_is_no_error_of_the_endpoint() -> None:
    scene = Scene()
    delta = upstream_delta(1)
    left = [type(delta.attempts[0])("10.0.0.1:9001", "none", "client_disconnect", 4)]
    scene.report(upstreams=(type(delta)("orders", left),))
    scene.pass_s()
    point = total(scene, ENDPOINT)
    assert (point.requests, point.errors, point.failures[0].source) == (4, 0, "client")


def test_who_found_our_own_queue_full_was_no_attempt_at_the_endpoint() -> None:
    scene = Scene()
    delta = upstream_delta(1)
    refused = [type(delta.attempts[0])("10.0.0.1:9001", "none", "pool_exhausted", 8)]
    scene.report(upstreams=(structs.replace(delta, attempts=[*delta.attempts, *refused]),))
    scene.pass_s()
    for key in (ENDPOINT, UPSTREAM):
        point = total(scene, key)
        assert (point.requests, point.errors) == (1, 0)
        assert point.failures == [FailureView(source="gateway", reason="pool_exhausted", count=8)]


def test_the_recorder_and_the_windows_count_the_same() -> None:
    scene, recorder = Scene(), make_recorder()
    record(recorder, *(make_exchange(status=status) for status in (200, 200, 404, 503)))
    scene.history.absorb(1, recorder.take_report([], 1))
    scene.pass_s()
    for key in (GATEWAY, ROUTE, UPSTREAM, ("endpoint", "orders/127.0.0.1:9001")):
        assert total(scene, key).requests == 4
    assert total(scene, ROUTE).errors == total(scene, GATEWAY).errors == 1
    assert total(scene, ROUTE).p50_ms == pytest.approx(15, rel=0.044)
    assert total(scene, UPSTREAM).p50_ms == pytest.approx(13, rel=0.044)


def test_what_is_in_flight_is_told_in_every_second_though_nothing_ends() -> None:
    scene = Scene()
    scene.report(route_delta(in_flight=2), worker=1, pools=(pool(2),))
    scene.report(route_delta(in_flight=3), worker=2, pools=(pool(3),))
    scene.pass_s()
    scene.pass_s()
    for key in (GATEWAY, ROUTE, UPSTREAM, ENDPOINT):
        assert total(scene, key, 1).in_flight == 5
    assert total(scene, ROUTE, 1).requests == 0


def test_a_worker_that_is_gone_has_nothing_in_flight() -> None:
    scene = Scene()
    scene.report(route_delta(in_flight=2), worker=1, pools=(pool(2),))
    scene.report(route_delta(in_flight=1), worker=2, pools=(pool(1),))
    scene.history.worker_gone(1)
    scene.pass_s()
    for key in (GATEWAY, ROUTE, ENDPOINT):
        assert total(scene, key, 1).in_flight == 1
    scene.history.worker_gone(2)
    scene.pass_s()
    scene.pass_s()
    assert total(scene, GATEWAY, 1).in_flight == 0


def test_a_report_without_counts_is_left_alone() -> None:
    scene = Scene()
    scene.history.absorb(1, Report(1, 1, 0, counted=False, routes=[route_delta()]))
    scene.pass_s()
    assert total(scene, GATEWAY).requests == 0


def test_a_report_is_not_changed_by_being_absorbed() -> None:
    scene = Scene()
    taken = Report(1, 1, 0, routes=[route_delta()], upstreams=[upstream_delta()])
    for _ in range(3):
        scene.history.absorb(1, taken)
        scene.pass_s()
    assert taken.routes[0].durations == {"2xx": durations(10)}
    assert taken.upstreams[0].endpoints[0].durations == durations(8)


def test_a_series_that_never_had_a_request_does_not_exist() -> None:
    scene = Scene()
    scene.pass_s()
    assert scene.history.find(ROUTE) is None
    assert total(scene, ROUTE).requests == 0


def test_an_idle_series_is_forgotten_once_its_last_window_is_too_old() -> None:
    scene = Scene()
    scene.report(route_delta(), upstreams=(upstream_delta(),))
    for _ in range(5 * 3600 // 60):
        scene.pass_s(60)
    assert scene.history.find(ROUTE) is not None
    for _ in range(3 * 3600 // 60):
        scene.pass_s(60)
    assert [scene.history.find(key) for key in (ROUTE, ENDPOINT, UPSTREAM)] == [None] * 3
    assert scene.history.find(GATEWAY) is not None


def test_the_clock_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SteadyClock()
    before_s = clock()
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert clock() >= before_s > NOW - 10**9
