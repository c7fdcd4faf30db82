"""Routes as a table and one by one: what is not known reads as unknown, not as nothing."""

from msgspec.structs import replace

from console.render.routes import render_route, render_routes
from gateway.wire.history import RecentView
from gateway.wire.views import (
    FaultView,
    MatchView,
    ObjectiveView,
    PlaceView,
    RetriesView,
    RouteEndpointView,
    RouteListView,
    RouteView,
    TrafficView,
)


def route(**changes: object) -> RouteView:
    match = MatchView(
        path_kind="exact", path="/v1", hosts=[], methods=["GET"], headers=[], query=[], clients=[], listeners=[]
    )
    facts: dict[str, object] = {
        "name": "orders", "index": 0, "priority": 0, "place": PlaceView(file="gateway.yaml", line=3), "match": match,
        "action": "respond", "upstreams": [], "request_timeout_ms": None, "first_byte_timeout_ms": None,
        "upstream_idle_timeout_ms": None, "respond_status": 200,
    }  # fmt: skip
    return RouteView(**(facts | changes))  # type: ignore[arg-type]


def table_row(shown: RouteView) -> list[str]:
    return render_routes(RouteListView(revision="r", routes=[shown]), [shown]).splitlines()[1].split()


def test_a_quiet_route_has_zeros_and_one_without_figures_of_its_own_has_none() -> None:
    assert table_row(route()) == [
        "orders",
        "0",
        "-",
        "-",
        "-",
        "-",
        "0",
        "0",
        "0",
        "answer",
        "200",
        "-",
        "-",
        "GET",
        "/v1",
    ]
    assert table_row(route(is_counted=False))[1:9] == ["-"] * 8
    assert "beyond metrics.max_routes" in render_route(route(is_counted=False))


def test_what_it_does_beside_forwarding_and_since_which_revision_it_is_as_it_is_are_told() -> None:
    retries = RetriesView(
        attempts=3, on=["reset"], methods="any", backoff_first_ms=1, backoff_max_ms=1, budget_ratio=0.2, body_buffer=0
    )
    shown = route(policies=["retries", "rewrite"], retries=retries, changed_in=412)
    assert table_row(shown)[11:15] == ["412", "retries", "3,", "rewrite"]
    assert "changed in   revision 412" in render_route(shown)
    assert "policies     retries 3, rewrite" in render_route(shown)
    assert "changed in   revision -" in render_route(route())


def test_one_route_is_told_with_its_last_minute_and_since_the_start() -> None:
    told = render_route(route(recent=RecentView(seconds=60, rate=2.0), traffic=TrafficView(requests=5, failures=1)))
    assert "last 60 s    2.0/s, - errors" in told
    assert "since start  5 requests, 1 failures" in told


def test_one_route_is_told_with_the_window_before_its_objectives_and_where_time_went() -> None:
    told = render_route(
        route(
            recent=RecentView(rate=2.0, error_ratio=0.01, client_error_ratio=0.2),
            previous=RecentView(rate=1.0, error_ratio=0.0),
            slo=ObjectiveView(availability=0.999, latency_target=0.99, latency_under_ms=300.0),
            phases={"connect": 1.5, "ttfb": 22.0},
            shared_with=["export"],
            endpoints=[RouteEndpointView(upstream="orders", address="10.0.0.7:80", recent=RecentView(rate=3.0))],
        ),
        "last 5m",
    )
    assert "last 5m      2.0/s, 1.0% errors, 20.0% answers 4xx" in told
    assert "before       1.0/s, 0% errors" in told
    assert "objectives   99.9% available, 99% under 300ms" in told
    assert "time went    connect 1.5ms, ttfb 22ms (also of export)" in told
    assert "endpoint     orders 10.0.0.7:80 healthy: 3.0/s" in told


def test_a_route_with_retries_is_told_with_their_rule_and_what_is_left_of_the_budget() -> None:
    rule = RetriesView(
        attempts=3, on=["reset", "503"], methods="idempotent", backoff_first_ms=25.0, backoff_max_ms=250.0, budget_ratio=0.2,
        body_buffer=65_536,
    )  # fmt: skip
    assert "retries      3 attempts on reset, 503, budget 20.0%\n" in render_route(route(retries=rule))
    more = replace(rule, methods="any", per_try_timeout_ms=1_000.0, hedge_after_ms=50.0, budget_left=0.5, on=[])
    assert "3 attempts on nothing, any method, 1.0s each, hedged after 50ms, budget 20.0% (50.0% left)" in render_route(
        route(retries=more)
    )
    assert "retries" not in render_route(route())


def test_a_route_is_told_with_what_it_does_on_purpose() -> None:
    told = render_route(route(faults=[FaultView(kind="abort", share=0.5, status=503)], is_counted=False))
    assert "on purpose   answers 50.0% with 503" in told
    assert told.endswith("beyond metrics.max_routes, or metrics are off")
