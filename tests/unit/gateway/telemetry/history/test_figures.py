"""What whoever looks is told: of any window, the one before it, and the course."""

from collections.abc import Iterator
from random import Random
from typing import Final

import pytest

from gateway.telemetry.history import sums
from gateway.telemetry.history.figures import Figures
from gateway.telemetry.history.look import NOW, Look
from gateway.telemetry.history.series import Series, SeriesKey
from gateway.telemetry.history.shelf import GATEWAY
from gateway.telemetry.history.sums import windows_over
from gateway.wire.history import WindowData
from gateway.wire.report import AttemptCount, HistogramDelta, RequestCount, RouteDelta, SloCount, UpstreamDelta
from tests.unit.gateway.telemetry.history.windows import MS, Scene, durations, route_delta, upstream_delta

ROUTE: Final[SeriesKey] = ("route", "orders")
UPSTREAM: Final[SeriesKey] = ("upstream", "orders")


class Diary:
    """A scene, and how many requests there were in each second of it; some seconds have none."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.figures = Figures(self.scene.history)
        self.counts: dict[int, int] = {}
        self._random = Random(3)

    @property
    def now_s(self) -> int:
        return self.scene.clock.now_s

    def live(self, seconds: int) -> None:
        for _ in range(seconds):
            count = self._random.choice((0, 1, 5, 9))
            if count:
                self.scene.report(route_delta(count=count, ms=self._random.choice((3, 30, 300))))
            self.counts[self.now_s] = count
            self.scene.pass_s()

    def requests(self, start_s: int, end_s: int) -> int:
        return sum(self.counts.get(second, 0) for second in range(start_s, end_s))


@pytest.mark.parametrize("window_s", [10, 60, 300, 900])
def test_a_window_that_moves_on_is_always_the_sum_of_its_seconds(window_s: int) -> None:
    diary, look = Diary(), Look(window_s)
    diary.live(2 * window_s + 30)
    for step in (1, 2, 7, 10, 23, 61, 5, 200):
        diary.live(step)
        found, span = diary.figures.of(ROUTE, look), look.span(diary.now_s)
        afresh = Figures(diary.scene.history).of(ROUTE, look)
        assert found.recent.requests == diary.requests(span.start_s, span.end_s)
        assert found.recent.seconds == span.end_s - span.start_s
        assert found.previous is not None
        assert found.previous.requests == diary.requests(span.before_s, span.start_s)
        assert found == afresh


def test_a_window_of_six_hours_is_summed_from_minutes_and_moves_on() -> None:
    scene, look = Scene(), Look(21_600)
    figures = Figures(scene.history)
    for _ in range(7 * 360):
        scene.report(route_delta(count=2))
        scene.pass_s(10)
    for _ in range(20):
        found, span = figures.of(ROUTE, look), look.span(scene.clock.now_s)
        assert found.recent.requests == 2 * (span.end_s - span.start_s) // 10
        assert set(found.spark) == {0.2}
        assert len(found.spark) in {59, 60}
        scene.report(route_delta(count=2))
        scene.pass_s(10)


def test_the_course_is_of_steps_that_are_over() -> None:
    diary, look = Diary(), Look(300)
    diary.live(333)
    for _ in range(25):
        diary.live(3)
        spark = diary.figures.of(ROUTE, look).spark
        end_s = diary.now_s - diary.now_s % 10
        assert spark == [diary.requests(at_s, at_s + 10) / 10 for at_s in range(end_s - 10 * len(spark), end_s, 10)]
        assert len(spark) == 30


def test_the_course_of_a_minute_is_of_seconds() -> None:
    diary = Diary()
    diary.live(100)
    diary.figures.of(ROUTE, NOW)
    diary.live(4)
    spark = diary.figures.of(ROUTE, NOW).spark
    assert spark == [float(diary.counts[second]) for second in range(diary.now_s - len(spark), diary.now_s)]
    assert len(spark) == 60


def test_a_window_that_ended_a_while_ago_is_told_as_it_was() -> None:
    diary = Diary()
    diary.live(700)
    look = Look(120, diary.now_s - 303)
    span = look.span(diary.now_s)
    found = diary.figures.of(ROUTE, look)
    assert found.recent.requests == diary.requests(span.start_s, span.end_s)
    assert span.end_s <= diary.now_s - 303 < span.end_s + 10


def test_right_after_the_start_there_is_no_window_before() -> None:
    diary = Diary()
    diary.live(75)
    assert diary.figures.of(ROUTE, NOW).previous is None
    assert diary.figures.of(("route", "idle"), NOW).previous is None
    diary.live(45)
    assert diary.figures.of(ROUTE, NOW).previous is not None
    assert diary.figures.of(("route", "idle"), NOW).previous is not None


def test_a_series_without_requests_reads_as_nothing() -> None:
    diary = Diary()
    diary.live(150)
    found = diary.figures.of(("route", "idle"), NOW)
    assert (found.recent.requests, found.recent.rate, found.recent.error_ratio) == (0, 0.0, None)
    assert found.spark == [0.0] * 60


def test_answers_4xx_are_told_apart_from_errors() -> None:
    scene = Scene()
    answers = [RequestCount("GET", code, "upstream", "none", count) for code, count in ((200, 6), (404, 3), (503, 1))]
    scene.report(RouteDelta("orders", 0, answers, {"GET 200": durations(*[5] * 10)}, durations(*[1] * 10)))
    scene.pass_s(10)
    recent = Figures(scene.history).of(ROUTE, NOW).recent
    assert (recent.error_ratio, recent.client_error_ratio) == (0.1, 0.3)
    assert (recent.mean_ms, recent.overhead_mean_ms) == (5.0, 1.0)


def test_the_course_of_the_gateway_has_errors_and_p99_too() -> None:
    scene = Scene()
    for number in range(20):
        scene.report(route_delta(count=3, ms=10, failed=1 if number < 10 else 0))
        scene.pass_s()
    sparks = Figures(scene.history).sparks(GATEWAY, Look(20))
    assert sparks.rate == [4.0] * 10 + [3.0] * 10
    assert sparks.error_ratio == [0.25] * 10 + [0.0] * 10
    assert all(p99 == pytest.approx(10, rel=0.05) for p99 in sparks.p99_ms)
    scene.pass_s(3)
    assert Figures(scene.history).sparks(GATEWAY, Look(10)).p99_ms[-1] is None


def test_what_was_judged_and_where_time_went_add_up() -> None:
    scene = Scene()
    figures = Figures(scene.history)
    judged = [SloCount("availability", 9, 1), SloCount("latency", 7, 2)]
    phases = {"read_head": HistogramDelta(2 * MS, {1: 10}), "ttfb": HistogramDelta(80 * MS, {60: 12})}
    delta = RouteDelta("orders", 0, [RequestCount("GET", 200, "upstream", "none", 10)], slo=judged)
    upstream = UpstreamDelta("orders", [AttemptCount("10.0.0.1:9001", "2xx", "none", 12)], phases)
    for _ in range(30):
        scene.report(delta, upstreams=(upstream, upstream_delta()))
        scene.pass_s()
        figures.total(ROUTE, Look(10))
    total = figures.total(ROUTE, Look(10))
    assert total.slo == [90, 10, 70, 20]
    total = figures.total(UPSTREAM, Look(10))
    assert (total.exchanges, total.phases_ns["ttfb"], total.requests) == (100, 800 * MS, 130)


def test_a_window_of_six_hours_is_moved_on_too_not_added_up_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, look = Scene(), Look(21_600)
    for _ in range(370):
        scene.report(route_delta(count=1))
        scene.pass_s(60)
    figures = Figures(scene.history)
    figures.of(ROUTE, look)
    read: list[int] = []

    def counted(series: Series, start_s: int, end_s: int) -> Iterator[WindowData]:
        read.append(end_s - start_s)
        return windows_over(series, start_s, end_s)

    monkeypatch.setattr(sums, "windows_over", counted)
    for _ in range(12):
        scene.report(route_delta(count=1))
        scene.pass_s(10)
        assert figures.of(ROUTE, look) == Figures(scene.history).of(ROUTE, look)
    # Beside those that were made anew for comparison.
    assert sum(span_s < 21_000 for span_s in read) >= 24
    assert sum(span_s >= 21_000 for span_s in read) == 12


def test_a_series_that_went_for_want_of_memory_begins_anew_when_it_comes_back() -> None:
    scene, look = Scene(), Look(300)
    figures = Figures(scene.history)
    scene.report(route_delta(count=50))
    scene.pass_s(30)
    assert figures.of(ROUTE, look).recent.requests == 50
    scene.history.limit = 1
    scene.pass_s()
    assert scene.history.find(ROUTE) is None
    scene.history.limit = 1 << 30
    scene.report(route_delta(count=3))
    scene.pass_s(30)
    assert figures.of(ROUTE, look).recent.requests == 3


def test_no_more_sums_are_remembered_than_are_said() -> None:
    diary = Diary()
    diary.live(400)
    for window_s in range(10, 110, 10):
        diary.figures.of(ROUTE, Look(window_s))
    assert len(diary.figures._seen) == 3
    diary.figures.forget()
    assert not diary.figures._seen
