"""Objectives of routes while requests are judged."""

import asyncio

from gateway.model.clock import MILLISECOND_NS
from gateway.model.route import LatencyObjective, Match, Place, Route, Slo, WeightedUpstream
from gateway.model.snapshot import MetricSettings, Snapshot, TelemetrySettings
from gateway.runtime.reading.objectives import Objectives
from gateway.telemetry.history.points import time_text
from gateway.wire.report import RequestCount, RouteDelta, SloCount
from gateway.wire.slo import ObjectiveListView
from tests.unit.gateway.telemetry.history.windows import Scene


def route(name: str, index: int, slo: Slo | None) -> Route:
    return Route(name, index, Match(), Place("gateway.yaml", 1), upstreams=(WeightedUpstream("u"),), slo=slo)


SNAPSHOT = Snapshot(
    revision="3f2a9c0d81be",
    sequence=1,
    listeners=(),
    upstreams=(),
    routes=(
        route("calm", 0, Slo(0.99)),
        route("orders", 1, Slo(0.99, LatencyObjective(0.9, 300 * MILLISECOND_NS))),
        route("free", 2, None),
        route("late", 3, Slo(0.99)),
    ),
    telemetry=TelemetrySettings(metrics=MetricSettings(max_routes=3)),
)


def judge(scene: Scene, seconds: int, *, bad: int = 0, slow: int = 0) -> None:
    """Twenty requests a second to `orders`."""
    slo = [SloCount("availability", 20 - bad, bad), SloCount("latency", 20 - bad - slow, slow)]
    for _ in range(seconds):
        scene.report(RouteDelta("orders", 0, [RequestCount("GET", 200, "upstream", "none", 20)], slo=slo))
        scene.pass_s()


def read(scene: Scene) -> ObjectiveListView:
    return asyncio.run(Objectives(scene.history, lambda: SNAPSHOT, lambda: 1).get())


def test_every_window_has_the_requests_that_were_judged_in_it() -> None:
    scene = Scene()
    judge(scene, 4000)
    judge(scene, 200, bad=4, slow=1)
    found = {(each.route, each.sli): each for each in read(scene).objectives}
    available, fast = found["orders", "availability"], found["orders", "latency"]
    assert [burn.bad for burn in available.burns] == [800, 800, 800, 800]
    assert [burn.bad for burn in fast.burns] == [200, 200, 200, 200]
    five = available.burns[0]
    assert five.seconds in range(300, 310)
    assert five.good + five.bad == 20 * five.seconds
    assert available.burns[3].seconds == 4200
    assert (available.target, available.under_ms, fast.target, fast.under_ms) == (0.99, None, 0.9, 300.0)
    assert available.burns[3].good + available.burns[3].bad == 20 * 4200


def test_an_objective_that_burns_says_since_when_and_how_long_it_lasts() -> None:
    scene = Scene()
    judge(scene, 3700)
    began_s = scene.clock.now_s
    judge(scene, 290, bad=10)
    worst = read(scene).objectives[0]
    assert (worst.route, worst.sli, worst.since) == ("orders", "availability", time_text(began_s))
    assert worst.budget_left is not None
    assert worst.budget_left < 0
    assert worst.empty_in_s == 0.0


def test_the_worst_is_first_and_what_has_no_traffic_is_ok() -> None:
    scene = Scene()
    judge(scene, 700, bad=8)
    listed = read(scene)
    assert [(each.route, each.sli, each.state) for each in listed.objectives] == [
        ("orders", "availability", "page"),
        ("calm", "availability", "ok"),
        ("orders", "latency", "ok"),
    ]
    calm = listed.objectives[1]
    assert (calm.budget_left, calm.since, [burn.burn for burn in calm.burns]) == (None, None, [None] * 4)
    assert (listed.routes, listed.uncounted) == (4, 1)
