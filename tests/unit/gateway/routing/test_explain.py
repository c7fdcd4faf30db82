"""Explanations: they name what failed, who was first and why, and never disagree with the table."""

import dataclasses
import json
from typing import Any

from hypothesis import given, settings

from gateway.model.route import Match
from gateway.routing.explain import Explanation, Failure, Verdict, explain
from gateway.routing.table import RouteTable, build_table
from tests.support.naive_routing import DRAWN_ROUTES, REQUESTS, as_routes
from tests.support.routes import exact, present, regex, route, table_of


def explained(
    table: RouteTable[str], path: str, method: str = "GET", host: str = "example.com", limit: int = 50
) -> Explanation:
    fields = [(b"X-Tenant", b"red"), (b"Authorization", b"Bearer secret")]
    return explain(table, "public", host, method, path, "v=1", fields, "192.0.2.1", limit=limit)


def failure_of(**match: Any) -> Failure | None:
    (considered,) = explained(table_of(route(**match)), "/a").considered
    return considered.failure


def test_the_only_route_is_taken() -> None:
    explanation = explained(table_of(route(path="/a")), "/a")
    assert (explanation.route, str(explanation.place)) == ("a", "routes.yaml:10")
    assert explanation.because == "a is the only route that takes the request"
    assert [each.verdict for each in explanation.considered] == [Verdict.TAKEN]


def test_each_predicate_says_what_it_expected_and_what_it_got() -> None:
    assert failure_of(path="/b") == Failure("path", "/b", "/a", "path")
    assert failure_of(path_prefix="/b/") == Failure("path", "/b/...", "/a", "path_prefix")
    assert failure_of(path_regex="/b.*") == Failure("path", "a match of /b.*", "/a", "path_regex")
    assert failure_of(hosts=("x.com", "*.y.com")) == Failure("host", "x.com or *.y.com", "example.com", "hosts")
    assert failure_of(hosts=("x.com",), path="/b") == Failure("host and path", "x.com", "example.com", "hosts")
    assert failure_of(methods=("PUT", "POST")) == Failure("method", "PUT or POST", "GET", "methods")
    assert failure_of(listeners=("internal",)) == Failure("listener", "internal", "public", "listeners")
    assert failure_of(headers=(exact("x-tenant", "blue"),)) == Failure(
        "header", "x-tenant: blue", "x-tenant: red", "headers.x-tenant"
    )
    assert failure_of(headers=(present("x"),)) == Failure("header", "x present", "x absent", "headers.x")
    assert failure_of(query=(regex("v", "[2-9]"),)) == Failure("query", "v matching [2-9]", "v: 1", "query.v")
    assert failure_of(query=(exact("w", "1"),)) == Failure("query", "w: 1", "w absent", "query.w")
    assert failure_of(clients=("10.0.0.0/8", "::1/128")) == Failure(
        "client", "one of 10.0.0.0/8, ::1/128", "192.0.2.1", "clients"
    )


def test_credentials_are_withheld() -> None:
    failure = failure_of(headers=(exact("authorization", "Bearer other"),))
    assert failure is not None
    assert "other" not in str(failure)
    assert "secret" not in str(failure)
    assert "hidden" not in str(failure_of(headers=(exact("x-auth-token", "hidden"),)))
    assert "hidden" not in str(failure_of(query=(exact("api_key", "hidden"),)))


def test_the_rule_that_decided_is_named() -> None:
    table = table_of(route(path_prefix="/"), route(path="/a"), route(path="/a", methods=("GET",)))
    explanation = explained(table, "/a")
    assert explanation.because == "c comes before b: names a method"
    assert [(each.route, each.verdict, each.because) for each in explanation.considered[1:]] == [
        ("b", Verdict.OUTRANKED, "c comes first: names a method"),
        ("a", Verdict.OUTRANKED, "c comes first: more specific kind of path match"),
    ]


def test_without_a_route_the_allowed_methods_tell_405_from_404() -> None:
    table = table_of(route(path="/a", methods=("PUT",)))
    missed = explained(table, "/a")
    assert (missed.route, missed.allowed_methods) == (None, ("PUT",))
    assert explained(table, "/b").allowed_methods == ()
    assert missed.because == "no route takes the request"


def test_near_misses_follow_nearest_first_and_the_rest_is_counted() -> None:
    table = table_of(
        route("far", path="/x/y"),
        route("elsewhere", hosts=("x.com",), path="/x"),
        route("near", path="/v1/orders/{id}/items"),
        route("nearer", hosts=("x.com",), path="/v1/orders/{id}"),
        route("hit", path="/v1/orders/7"),
        *(route(f"many{i}", path=f"/many/{i}") for i in range(20)),
    )
    explanation = explained(table, "/v1/orders/7", limit=4)
    assert [each.route for each in explanation.considered] == ["hit", "nearer", "near", "far"]
    assert explanation.others == {"path": 20, "host and path": 1}


def test_a_route_of_two_hosts_is_told_once() -> None:
    table = table_of(route(hosts=("example.com", "*.com", "x.com"), path="/a"))
    assert [each.route for each in explained(table, "/a").considered] == ["a"]
    assert [str(each.failure) for each in explained(table, "/b").considered] == ["path: expected /a, got /b"]


def test_an_explanation_can_be_sent_as_json() -> None:
    explanation = explained(table_of(route(path="/a"), route(path="/b")), "/a")
    told = json.loads(json.dumps(dataclasses.asdict(explanation)))
    assert told["considered"][0]["verdict"] == "taken"
    assert told["considered"][1]["failure"]["predicate"] == "path"


@settings(max_examples=300, deadline=None)
@given(DRAWN_ROUTES, REQUESTS)
def test_an_explanation_agrees_with_the_table(drawn: list[tuple[Match, int]], request: dict[str, object]) -> None:
    table = build_table((each, each.name) for each in as_routes(drawn))
    explanation = explain(table, **request)  # type: ignore[arg-type]
    assert explanation.route == table.match(**request)  # type: ignore[arg-type]
    assert sorted(each.route for each in explanation.considered) == sorted(each.name for each in as_routes(drawn))
    verdicts = [each.verdict for each in explanation.considered]
    assert verdicts.count(Verdict.TAKEN) == (0 if explanation.route is None else 1)
