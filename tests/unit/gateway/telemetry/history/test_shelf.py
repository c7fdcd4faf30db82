"""Memory of the windows: counted, bounded, freed from the longest windows of the quietest series on."""

import gc
import tracemalloc

from gateway.telemetry.history.series import SeriesKey
from gateway.telemetry.history.shelf import GATEWAY
from tests.unit.gateway.telemetry.history.windows import Scene, route_delta

QUIET: SeriesKey = ("route", "quiet")


def fill(scene: Scene, seconds: int, step_s: int = 10) -> None:
    for number in range(seconds // step_s):
        scene.report(route_delta("loud", 50, ms=number % 50 + 1), route_delta("quiet", 2, ms=number % 50 + 1))
        scene.pass_s(step_s)


def weight(seconds: int) -> int:
    scene = Scene()
    fill(scene, seconds)
    return scene.history.bytes


def test_what_the_windows_take_is_counted_about_right() -> None:
    gc.collect()
    tracemalloc.start()
    try:
        scene = Scene()
        for number in range(400):
            scene.report(*(route_delta(f"r{route}", 2, ms=number % 40 + route) for route in range(1, 30)))
            scene.pass_s()
        gc.collect()
        # What others in this process do meanwhile is theirs.
        of_history = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/telemetry/history/*")])  # noqa: FBT003
        taken = sum(statistic.size for statistic in of_history.statistics("filename"))
    finally:
        tracemalloc.stop()
    assert 0.75 < scene.history.bytes / taken < 1.3


def test_windows_stay_below_the_limit() -> None:
    limit = weight(7200) // 2
    scene = Scene(limit)
    for _ in range(720):
        fill(scene, 10)
        assert scene.history.bytes <= limit


def test_the_longest_windows_of_the_quietest_series_go_first() -> None:
    scene, names = Scene(), [f"r{number}" for number in range(1, 11)]
    for _ in range(720):
        scene.report(*(route_delta(name, number) for number, name in enumerate(names, start=1)))
        scene.pass_s(10)
    scene.history.limit = scene.history.bytes - 1
    scene.pass_s()
    now_s = scene.clock.now_s
    views = {name: scene.history.read(("route", name), now_s - 7000, now_s, 60) for name in names}
    dropped = [name for name in names if views[name].dropped_at is not None]
    assert 0 < len(dropped) < len(names)
    assert dropped == names[: len(dropped)]
    assert [name for name in names if views[name].is_complete] == names[len(dropped) :]
    for name in names:
        assert scene.history.read(("route", name), now_s - 3500, now_s, 10).is_complete


def test_narrower_windows_answer_where_the_longest_are_gone() -> None:
    scene = Scene()
    fill(scene, 7200)
    whole = scene.history.read(QUIET, scene.clock.now_s - 3000, scene.clock.now_s, 60).total
    scene.history.limit = scene.history.bytes - 1
    scene.pass_s()
    view = scene.history.read(QUIET, scene.clock.now_s - 3001, scene.clock.now_s, 60)
    assert (view.resolution_s, view.is_complete, view.total.requests) == (10, True, whole.requests)


def test_the_gateways_own_windows_never_go() -> None:
    scene = Scene(limit=1)
    fill(scene, 600)
    now_s = scene.clock.now_s
    view = scene.history.read(GATEWAY, now_s - 600, now_s, 10)
    assert (view.is_complete, view.total.requests) == (True, 60 * 52)


def test_a_series_that_had_to_go_altogether_is_not_said_to_have_had_no_requests() -> None:
    scene = Scene()
    fill(scene, 600)
    scene.history.limit = 1
    scene.pass_s()
    assert scene.history.find(QUIET) is None
    view = scene.history.read(QUIET, scene.clock.now_s - 300, scene.clock.now_s, 10)
    assert not view.is_complete
