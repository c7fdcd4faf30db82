"""Routes and upstreams with the figures of a window, as they are read while reports come in."""

import asyncio
from dataclasses import replace

from gateway.model.clock import MILLISECOND_NS
from gateway.model.health import ActiveCheck, Health
from gateway.model.route import LatencyObjective, Match, Place, Route, Slo, WeightedUpstream
from gateway.model.snapshot import MetricSettings, Snapshot, TelemetrySettings
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.incidents import Incidents
from gateway.runtime.overrides import Overrides
from gateway.runtime.reading.readings import Readings
from gateway.runtime.reading.shared import Slices, Steps
from gateway.runtime.vitals.circuits import Circuits
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.telemetry.history.look import NOW, Look
from gateway.telemetry.store import MetricsStore
from gateway.wire.report import AttemptCount, HistogramDelta, UpstreamDelta
from gateway.wire.views import ObjectiveView, RouteListView
from tests.unit.gateway.telemetry.history.windows import MS, Scene, durations, route_delta

ADDRESS = "10.0.0.1:9001"


def route(name: str, index: int, upstream: str, slo: Slo | None = None) -> Route:
    return Route(name, index, Match(), Place("gateway.yaml", 1), upstreams=(WeightedUpstream(upstream),), slo=slo)


SNAPSHOT = Snapshot(
    revision="3f2a9c0d81be",
    sequence=1,
    listeners=(),
    upstreams=tuple(Upstream(name, (Endpoint(ADDRESS, host="10.0.0.1", port=9001),)) for name in ("orders", "search")),
    routes=(
        route("orders", 0, "orders", Slo(0.999, LatencyObjective(0.99, 300 * MILLISECOND_NS))),
        route("export", 1, "orders"),
        route("search", 2, "search"),
        route("late", 3, "search"),
    ),
    telemetry=TelemetrySettings(metrics=MetricSettings(max_routes=3)),
)


class Reader:
    def __init__(self) -> None:
        self.snapshot = SNAPSHOT
        self.scene = Scene()
        store = MetricsStore()
        states = EndpointStates(store, Incidents(lambda: SNAPSHOT.revision), Overrides(lambda _: None))
        states.follow(SNAPSHOT, {})
        self.readings = Readings(
            self.scene.history,
            {},
            store,
            states,
            lambda: self.snapshot,
            Circuits(store, Incidents()),
            lambda: {"orders": 1},
        )

    def busy(self, seconds: int) -> None:
        attempts = [AttemptCount(ADDRESS, "2xx", "none", 4)]
        phases = {"read_head": HistogramDelta(0, {0: 4}), "ttfb": durations(10, 10, 10, 10)}
        for _ in range(seconds):
            self.scene.report(route_delta("orders", 4), upstreams=(UpstreamDelta("orders", attempts, phases),))
            self.scene.pass_s()


def test_a_list_of_routes_has_figures_of_the_window_and_no_details() -> None:
    reader = Reader()
    reader.busy(200)
    listed = asyncio.run(reader.readings.routes(Look(100)))
    assert (listed.revision, listed.window_s, listed.at) == (SNAPSHOT.revision, 100, None)
    views = {each.name: each for each in listed.routes}
    orders = views["orders"]
    assert (orders.recent.requests, orders.recent.seconds, orders.recent.rate) == (400, 100, 4.0)
    assert orders.previous is not None
    assert orders.previous.requests == 400
    assert orders.spark == [4.0] * 10
    assert (orders.phases, orders.endpoints) == ({}, [])
    assert orders.slo == ObjectiveView(availability=0.999, latency_target=0.99, latency_under_ms=300.0)
    assert (views["search"].recent.requests, views["search"].slo) == (0, None)
    assert not views["late"].is_counted
    assert (orders.changed_in, views["late"].changed_in) == (1, 0)


def test_a_route_by_name_says_where_time_went_and_who_else_is_in_those_figures() -> None:
    reader = Reader()
    reader.busy(30)
    found = asyncio.run(reader.readings.route("orders", NOW))
    assert found is not None
    assert found.phases == {"read_head": 0.0, "ttfb": 10.0}
    assert [(each.upstream, each.address, each.recent.requests) for each in found.endpoints] == [
        ("orders", ADDRESS, 120)
    ]
    assert found.shared_with == ["export"]
    assert found.changed_in == 1
    assert asyncio.run(reader.readings.route("nothing", NOW)) is None


def test_an_upstream_and_its_endpoints_have_figures_of_the_window() -> None:
    reader = Reader()
    reader.busy(50)
    look = Look(20, reader.scene.clock.now_s - 10)
    listed = asyncio.run(reader.readings.upstreams(look)).upstreams[0]
    named = asyncio.run(reader.readings.upstream("orders", look))
    assert named == listed
    assert (listed.recent.requests, listed.endpoints[0].recent.requests) == (80, 80)
    assert listed.spark == listed.endpoints[0].spark == [4.0] * 20
    assert asyncio.run(reader.readings.upstream("nothing", NOW)) is None


def test_an_upstream_that_the_supervisor_has_yet_to_look_at_is_checked_and_not_known_to_be_well() -> None:
    reader = Reader()
    endpoint = Endpoint("10.0.0.2:9001", host="10.0.0.2", port=9001)
    new = Upstream("new", (endpoint,), health=Health(active=ActiveCheck()))
    reader.snapshot = replace(SNAPSHOT, upstreams=(*SNAPSHOT.upstreams, new))
    orders, _, checked = asyncio.run(reader.readings.upstreams(NOW)).upstreams
    assert (orders.endpoints[0].checks, orders.endpoints[0].state) == ([], "unknown")
    (seen,) = checked.endpoints
    assert (seen.checks, seen.state, seen.note) == (["active"], "unknown", "it has not been checked yet")


def test_phases_are_a_mean_over_requests_not_over_attempts() -> None:
    reader = Reader()
    phases = {"read_head": HistogramDelta(0, {0: 1}), "ttfb": HistogramDelta(30 * MS, {50: 3})}
    reader.scene.report(upstreams=(UpstreamDelta("orders", [AttemptCount(ADDRESS, "2xx", "none", 3)], phases),))
    reader.scene.pass_s()
    found = asyncio.run(reader.readings.route("orders", NOW))
    assert found is not None
    assert found.phases["ttfb"] == 30.0


def test_a_list_that_a_reload_overtakes_is_of_its_own_revision_and_leaves_nothing_to_the_next() -> None:
    reader = Reader()
    moved = tuple(replace(each, match=Match(path="/v2")) for each in SNAPSHOT.routes)

    def overtaken() -> Steps[RouteListView]:
        steps = reader.readings._route_views(NOW)
        yield next(steps)
        reader.snapshot = replace(SNAPSHOT, revision="9c41aa20be77", sequence=2, routes=moved)
        return (yield from steps)

    async def ask() -> tuple[RouteListView, RouteListView]:
        return await Slices().make(overtaken()), await reader.readings.routes(NOW)

    older, newer = asyncio.run(ask())
    assert (older.revision, {each.match.path for each in older.routes}) == (SNAPSHOT.revision, {""})
    assert (newer.revision, {each.match.path for each in newer.routes}) == ("9c41aa20be77", {"/v2"})
