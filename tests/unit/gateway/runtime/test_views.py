"""The configuration in the words of the admin API."""

import msgspec

from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS
from gateway.model.retry import Retries
from gateway.model.route import (
    Criticality,
    FaultAbort,
    FaultDelay,
    Faults,
    HeaderEdit,
    Match,
    PathKind,
    Place,
    Redirect,
    Respond,
    Rewrite,
    Route,
    RouteTimeouts,
    ValueKind,
    ValueMatch,
    WeightedUpstream,
)
from gateway.model.upstream import Balance, Endpoint, Upstream
from gateway.runtime.intake import WorkerLoad
from gateway.runtime.views import action_of, known_endpoints, route_view, upstream_view
from gateway.wire.report import PoolGauge
from gateway.wire.upstream_views import CircuitView, LimitView, UpstreamView
from gateway.wire.views import FaultView


def route(**parts: object) -> Route:
    return Route(**{"name": "orders", "index": 0, "match": Match(), "place": Place("f", 7), **parts})  # type: ignore[arg-type]


def test_what_a_route_does_is_named() -> None:
    assert action_of(route(upstreams=(WeightedUpstream("orders"),))) == "forward"
    assert action_of(route(redirect=Redirect())) == "redirect"
    assert action_of(route(respond=Respond())) == "respond"


def test_what_a_route_does_beside_forwarding_is_told_in_one_word_each() -> None:
    assert route_view(route()).policies == []
    assert route_view(route(retries=Retries(attempts=1))).policies == []
    everything = route(
        retries=Retries(hedge_after_ns=MILLISECOND_NS),
        timeouts=RouteTimeouts(request_ns=SECOND_NS),
        rewrite=Rewrite(path_prefix="/", response_headers=HeaderEdit(remove=("server",))),
        subset=(("track", "canary"),),
        criticality=Criticality.SHEDDABLE,
        faults=Faults(FaultDelay(0.1, MILLISECOND_NS)),
    )
    assert route_view(everything).policies == [
        "retries", "hedging", "timeout", "rewrite", "headers", "subset", "sheddable", "faults",
    ]  # fmt: skip


def test_credentials_that_a_route_asks_for_are_not_told() -> None:
    wanted = (
        ValueMatch("x-api-key", ValueKind.EXACT, "hush"),
        ValueMatch("authorization", ValueKind.PRESENT),
        ValueMatch("x-tenant", ValueKind.EXACT, "blue"),
    )
    view = route_view(route(match=Match(headers=wanted, query=(ValueMatch("token", ValueKind.REGEX, "hush.*"),)))).match
    assert [each.value for each in (*view.headers, *view.query)] == ["REDACTED", "", "blue", "REDACTED"]


def test_a_timeout_that_is_never_reached_is_none() -> None:
    view = route_view(route(timeouts=RouteTimeouts(request_ns=NEVER_NS, first_byte_ns=2 * SECOND_NS)))
    assert (view.request_timeout_ms, view.first_byte_timeout_ms, view.upstream_idle_timeout_ms) == (
        None,
        2000.0,
        60000.0,
    )


def test_a_route_shows_where_it_was_defined_and_what_it_matches() -> None:
    view = route_view(route(match=Match(hosts=("a.example",), path_kind=PathKind.PREFIX, path="/v1", methods=("GET",))))
    assert (view.place.file, view.place.line) == ("f", 7)
    assert (view.match.path_kind, view.match.path, view.match.hosts, view.match.methods) == (
        "prefix",
        "/v1",
        ["a.example"],
        ["GET"],
    )


def test_an_endpoint_shows_what_its_name_stands_for() -> None:
    upstream = Upstream(
        "orders",
        (
            Endpoint("127.0.0.1:1", host="127.0.0.1", port=1),
            Endpoint("orders:1", host="orders", port=1),
            Endpoint("later:1", host="later", port=1),
            Endpoint("unix:/run/x", unix_path="/run/x"),
        ),
    )
    view = upstream_view(upstream, {"orders:1": ("10.0.0.1", "10.0.0.2")})
    assert [endpoint.resolved for endpoint in view.endpoints] == [["127.0.0.1"], ["10.0.0.1", "10.0.0.2"], [], []]


def test_only_consistent_hash_looks_at_something() -> None:
    assert upstream_view(Upstream("a", ()), {}).hash_on is None
    assert upstream_view(Upstream("a", (), balance=Balance.CONSISTENT_HASH), {}).hash_on == "client_address"


def test_what_would_refuse_a_request_is_told_before_its_endpoints_are_looked_at() -> None:
    view = upstream_view(Upstream("orders", (Endpoint("127.0.0.1:1", "127.0.0.1", 1),)), {})
    shut = CircuitView(
        state="open",
        evidence="worker 2: 57% of 124 requests failed",
        since="2026-11-21T14:02:31.628941+00:00",
        workers=1,
    )
    limits = [LimitView(kind="pending", limit=1, used=1), LimitView(kind="requests", limit=2, used=2)]

    def because(upstream: UpstreamView) -> tuple[str, str] | None:
        facts = known_endpoints([upstream], [])("orders", "127.0.0.1:1")
        assert facts is not None
        return facts.refused

    assert because(msgspec.structs.replace(view, circuit=shut, limits=limits)) == (
        "circuit_open",
        "the circuit of orders is open since 14:02:31Z (worker 2: 57% of 124 requests failed)",
    )
    closed = msgspec.structs.replace(view, circuit=CircuitView(state="closed"))
    assert because(msgspec.structs.replace(closed, limits=limits)) == (
        "concurrency_limited",
        "orders has 2 of 2 requests in flight",
    )
    assert because(msgspec.structs.replace(closed, limits=limits[:1])) is None


def test_a_half_open_circuit_refuses_nobody_for_sure() -> None:
    view = upstream_view(Upstream("orders", (Endpoint("127.0.0.1:1", "127.0.0.1", 1),)), {})
    probed = msgspec.structs.replace(
        view, circuit=CircuitView(state="half_open", since="2026-11-21T14:02:31.628941+00:00", workers=1)
    )
    facts = known_endpoints([probed], [])("orders", "127.0.0.1:1")
    assert facts is not None
    assert facts.refused is None
    assert facts.probed == (
        "the circuit is half-open since 14:02:31Z: a few requests at a time are let through as probes, "
        "others are refused (circuit_open)"
    )


def test_a_circuit_that_is_open_in_some_workers_refuses_nobody_for_sure() -> None:
    view = upstream_view(Upstream("orders", (Endpoint("127.0.0.1:1", "127.0.0.1", 1),)), {})
    shut = CircuitView(state="open", evidence="worker 2: 57% of 124 requests failed", workers=1)
    loads = [WorkerLoad(), WorkerLoad()]
    for load in loads:
        load.pools = [PoolGauge("orders", "127.0.0.1:1", 0, 0, 0, 0, 8)]

    def told(workers: int) -> tuple[str, str]:
        facts = known_endpoints([msgspec.structs.replace(view, circuit=shut)], loads[:workers])("orders", "127.0.0.1:1")
        assert facts is not None
        return facts.refused.reason if facts.refused is not None else "", facts.probed

    assert told(1) == ("circuit_open", "")
    refused, probed = told(2)
    assert (refused, probed) == (
        "",
        f"the circuit is open in 1 of 2 workers ({shut.evidence}): requests that arrive there are refused (circuit_open)",
    )


def test_a_route_shows_its_rule_for_further_attempts() -> None:
    assert route_view(route()).retries is None
    shown = route_view(route(retries=Retries())).retries
    assert shown is not None
    assert (shown.attempts, shown.budget_ratio) == (3, 0.2)


def test_a_route_shows_what_it_injects() -> None:
    faults = Faults(
        FaultDelay(0.1, 200 * MILLISECOND_NS), FaultAbort(0.02, 504, (ValueMatch("x-game", ValueKind.EXACT, "day"),))
    )
    assert route_view(route(faults=faults)).faults == [
        FaultView(kind="delay", share=0.1, delay_ms=200.0),
        FaultView(kind="abort", share=0.02, status=504, is_conditional=True),
    ]
    assert route_view(route()).faults == []
