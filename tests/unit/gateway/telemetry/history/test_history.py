"""The recent past in steps, as a whole, and as far back as it is kept."""

from random import Random

import pytest

from gateway.telemetry.histogram import Histogram
from gateway.telemetry.history.history import NotKept
from gateway.telemetry.history.quantiles import quantiles_ns
from gateway.telemetry.history.series import SeriesKey
from gateway.telemetry.history.shelf import GATEWAY
from gateway.wire.history import HistoryView, RecentView
from gateway.wire.report import RequestCount, RouteDelta
from tests.unit.gateway.telemetry.history.windows import NOW, Scene, route_delta, upstream_delta

ROUTE: SeriesKey = ("route", "orders")


def read(scene: Scene, window_s: int, step_s: int, key: SeriesKey = ROUTE) -> HistoryView:
    now_s = scene.clock.now_s
    return scene.history.read(key, now_s - window_s, now_s, step_s)


def busy_scene(seconds: int, limit: int = 1 << 30) -> Scene:
    """One request more in each second than in the one before, from 1 on."""
    scene = Scene(limit)
    for number in range(seconds):
        scene.report(route_delta(count=number % 7 + 1))
        scene.pass_s()
    return scene


def requests_of(seconds: range) -> int:
    return sum(number % 7 + 1 for number in seconds)


def test_each_second_of_five_minutes_is_there() -> None:
    scene = busy_scene(400)
    view = read(scene, 300, 1)
    assert (view.resolution_s, view.is_complete) == (1, True)
    assert [point.requests for point in view.points] == [number % 7 + 1 for number in range(100, 400)]
    assert {point.seconds for point in view.points} == {1}


@pytest.mark.parametrize(("window_s", "step_s", "resolution_s"), [(300, 10, 10), (120, 60, 60), (45, 15, 1)])
def test_steps_are_the_sums_of_their_seconds(window_s: int, step_s: int, resolution_s: int) -> None:
    scene = busy_scene(425)
    view = read(scene, window_s, step_s)
    assert view.resolution_s == resolution_s
    first = 425 - window_s - (425 - window_s) % step_s
    expected = [requests_of(range(start, min(start + step_s, 425))) for start in range(first, 425, step_s)]
    assert [point.requests for point in view.points] == expected
    assert view.total.requests == sum(expected)
    assert view.points[-1].seconds == (425 - first) % step_s or step_s


def test_every_resolution_agrees_on_the_whole() -> None:
    scene = Scene()
    for number in range(240):
        scene.report(route_delta(count=number % 5 + 1, ms=number % 11 + 1, failed=number % 2))
        scene.pass_s()
    views = [read(scene, 240, step_s) for step_s in (1, 10, 60)]
    assert [view.resolution_s for view in views] == [1, 10, 60]
    assert views[0].total == views[1].total == views[2].total


def test_an_hour_and_six_hours_are_kept_at_their_resolutions() -> None:
    scene = Scene()
    for _ in range(7 * 360):
        scene.report(route_delta(count=2))
        scene.pass_s(10)
    hour, six_hours = read(scene, 3600, 10), read(scene, 6 * 3600, 60)
    assert (hour.total.requests, len(hour.points), hour.is_complete) == (720, 360, True)
    assert (six_hours.total.requests, len(six_hours.points), six_hours.is_complete) == (4320, 360, True)


def test_percentiles_of_the_whole_are_of_all_requests_not_of_the_steps() -> None:
    scene, random, whole = Scene(), Random(5), Histogram()
    for number in range(90):
        of_second = Histogram()
        for _ in range(20):
            ns = int(random.lognormvariate(0, 1) * (5e6 if number % 9 else 90e6))
            whole.observe(ns)
            of_second.observe(ns)
        delta = of_second.take()
        assert delta is not None
        scene.report(RouteDelta("orders", 0, [RequestCount("GET", 200, "upstream", "none", 20)], {"2xx": delta}))
        scene.pass_s()
    total = read(scene, 90, 10).total
    expected = [round(ns / 1e6, 4) for ns in quantiles_ns(whole.buckets) if ns is not None]
    assert [total.p50_ms, total.p95_ms, total.p99_ms, total.p999_ms] == expected


def test_steps_without_requests_are_zeros_without_percentiles() -> None:
    scene = Scene()
    scene.report(route_delta())
    scene.pass_s(20)
    points = read(scene, 20, 10).points
    assert [point.requests for point in points] == [1, 0]
    assert (points[1].rate, points[1].error_ratio, points[1].p99_ms) == (0.0, None, None)


def test_the_second_that_is_running_is_not_told_yet() -> None:
    scene = Scene()
    scene.pass_s(5)
    scene.report(route_delta())
    assert read(scene, 5, 1).total.requests == 0
    scene.pass_s()
    assert read(scene, 5, 1).total.requests == 1


def test_a_time_before_the_start_is_not_complete() -> None:
    scene = busy_scene(30)
    view = read(scene, 60, 10)
    assert not view.is_complete
    assert view.complete_since == "2027-01-15T08:00:00Z"
    assert view.total.seconds == 30
    assert view.total.rate == round(requests_of(range(30)) / 30, 3)


def test_a_past_end_is_taken_back_to_a_whole_step() -> None:
    scene = busy_scene(100)
    view = scene.history.read(ROUTE, NOW + 20, NOW + 55, 10)
    assert [point.requests for point in view.points] == [requests_of(range(at, at + 10)) for at in (20, 30, 40)]


@pytest.mark.parametrize(
    ("start_s", "end_s", "step_s"),
    [(-600, 0, 1), (-7200, 0, 10), (-600, 0, 15), (0, 100, 1), (-10, -10, 1), (-10, 0, 0), (-20, -15, 10)],
)
def test_what_is_not_kept_is_refused(start_s: int, end_s: int, step_s: int) -> None:
    scene = Scene()
    scene.pass_s(10_000)
    now_s = scene.clock.now_s
    with pytest.raises(NotKept):
        scene.history.read(ROUTE, now_s + start_s, now_s + end_s, step_s)


def test_the_recent_view_is_of_the_last_minute() -> None:
    scene = busy_scene(400)
    recent = scene.history.recent(ROUTE)
    assert recent.seconds == 60
    assert recent.rate == round(requests_of(range(340, 400)) / 60, 3)
    assert recent.error_ratio == 0
    assert recent.p50_ms == pytest.approx(10, rel=0.044)
    assert recent.overhead_p99_ms == pytest.approx(0.2, rel=0.044)


def test_right_after_the_start_the_recent_view_is_of_the_time_there_was() -> None:
    scene = busy_scene(5)
    assert scene.history.recent(ROUTE).seconds == 5
    assert scene.history.recent(GATEWAY).rate == requests_of(range(5)) / 5
    assert scene.history.recent(("route", "other")) == RecentView(seconds=5)


def test_a_summary_counts_nothing_from_outside_of_it() -> None:
    scene = busy_scene(100)
    point = scene.history.summary(ROUTE, NOW + 33, NOW + 57)
    assert (point.requests, point.seconds, point.at) == (requests_of(range(33, 57)), 24, "2027-01-15T08:00:33Z")


def test_a_summary_of_long_ago_is_cut_to_whole_windows() -> None:
    scene = busy_scene(500)
    point = scene.history.summary(ROUTE, NOW + 33, NOW + 57)
    assert (point.requests, point.seconds) == (requests_of(range(40, 50)), 10)
    assert scene.history.summary(ROUTE, NOW + 31, NOW + 39).seconds == 0


def test_the_latest_second_has_every_series_in_which_something_happened() -> None:
    scene = Scene()
    scene.report(route_delta("old"))
    scene.pass_s()
    scene.report(route_delta(count=3), upstreams=(upstream_delta(3),))
    scene.pass_s()
    tick = scene.history.latest()
    assert tick.at == "2027-01-15T08:00:01Z"
    told = {(series.kind, series.name): series.point.requests for series in tick.series}
    assert told == {("gateway", ""): 3, ("route", "orders"): 3, ("upstream", "orders"): 3}
    assert [series.name for series in scene.history.latest(("endpoint",)).series] == ["orders/10.0.0.1:9001"]


def test_of_very_many_series_the_latest_second_has_the_busiest() -> None:
    scene = Scene()
    scene.report(*(route_delta(f"r{count}", count) for count in range(1, 20)))
    scene.pass_s()
    tick = scene.history.latest(("route",), most=3)
    assert ([series.name for series in tick.series], tick.left_out) == (["r19", "r18", "r17"], 16)
