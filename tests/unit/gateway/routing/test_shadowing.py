"""Shadowed routes: those without effect are found, and no other is ever called so."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.route import Match, Route
from gateway.routing.shadowing import Shadowed, find_shadowed
from gateway.routing.table import build_table
from tests.support.call_count import CallCount
from tests.support.naive_routing import DRAWN_ROUTES, REQUESTS, as_routes, naive_winner
from tests.support.routes import exact, numbered, present, regex, route


def shadowed(*routes: Route) -> list[Shadowed]:
    return find_shadowed(build_table((each, each.name) for each in numbered(*routes)))


def names(*routes: Route) -> list[tuple[str, str]]:
    """Each route without effect with those before it, as `b by a`."""
    return [(each.route.name, " ".join(other.name for other in each.by)) for each in shadowed(*routes)]


def test_routes_that_differ_leave_each_other_something() -> None:
    assert names(route(path="/a"), route(path="/b"), route(path="/{x}"), route(path_prefix="/"), route()) == [
        ("e", "d")
    ]
    assert names(route(path="/a", methods=("GET",)), route(path="/a")) == []
    assert names(route(path="/a", headers=(present("x"),)), route(path="/a")) == []


def test_the_same_shape_twice_is_a_conflict_whatever_the_parameters_are_called() -> None:
    (found,) = shadowed(route(path="/o/{id}", methods=("GET", "PUT")), route(path="/o/{name}", methods=("PUT", "GET")))
    assert (found.route.name, found.by[0].name, found.is_conflict) == ("b", "a", True)
    assert found.because == "earlier in the configuration"


@pytest.mark.parametrize(
    "told_apart",
    [
        {"methods": ("PUT",)},
        {"headers": (present("x"),)},
        {"query": (present("x"),)},
        {"hosts": ("a.com",)},
        {"clients": ("10.0.0.0/8",)},
        {"listeners": ("internal",)},
    ],
)
def test_the_same_shape_told_apart_by_anything_is_no_conflict(told_apart: dict[str, Any]) -> None:
    first, second = route(path="/o/{id}"), route(path="/o/{name}", **told_apart)
    assert not any(each.is_conflict for each in shadowed(first, second))
    assert names(second, first) == []


def test_a_narrower_route_behind_its_equal_is_shadowed_but_no_conflict() -> None:
    first = route(path="/a", priority=1)
    (found,) = shadowed(first, route(path="/a", headers=(exact("x", "1"),)))
    assert (found.is_conflict, found.because) == (False, "higher priority")


def test_a_value_asked_for_is_a_value_present() -> None:
    assert names(
        route(path="/a", headers=(present("x"),), query=(present("q"),)),
        route(path="/a", headers=(exact("x", "1"),), query=(regex("q", ".+"),)),
    ) == [("b", "a")]
    assert names(route(path="/a", headers=(present("x"),)), route(path="/a", query=(exact("x", "1"),))) == []


def test_several_routes_may_cover_one_together() -> None:
    routes = (route(path="/a", methods=("GET",)), route(path="/a", methods=("PUT",)))
    assert names(*routes, route(path="/a", methods=("PUT", "GET"))) == [("c", "a b")]
    assert names(*routes, route(path="/a", methods=("PUT", "GET", "POST"))) == []


def test_every_host_of_a_route_has_to_be_covered() -> None:
    routes = (route(hosts=("a.com",), path="/a"), route(hosts=("b.com", "c.com"), path="/a"))
    assert names(*routes, route(hosts=("a.com", "b.com"), path="/a")) == [("c", "a b")]
    assert names(*routes, route(hosts=("a.com", "d.com"), path="/a")) == []


def test_a_network_covers_those_within_it() -> None:
    wide = route(path="/a", clients=("10.0.0.0/8", "192.168.0.0/16"))
    assert names(wide, route(path="/a", clients=("10.1.0.0/16", "192.168.7.1"))) == [("b", "a")]
    assert names(wide, route(path="/a", clients=("10.1.0.0/16", "172.16.0.0/12"))) == []


def test_a_template_that_takes_everything_covers_prefixes_patterns_and_the_rest() -> None:
    others = (route(path_prefix="/f/g"), route(path_regex=r"/f/x\d"), route(path_prefix="/f"), route(path_prefix="/"))
    assert names(route(path="/f/{rest*}"), *others) == [("b", "a"), ("c", "a")]
    assert [name for name, _ in names(route(path="/{rest*}"), *others, route())] == ["b", "c", "d", "e", "f"]


def test_a_prefix_covers_patterns_below_it() -> None:
    assert names(route(path_prefix="/v1"), route(path_regex=r"/v1/orders/\d+")) == [("b", "a")]
    assert names(route(path_prefix="/v1/orders"), route(path_regex=r"/v1/o.*")) == []


def test_a_template_does_not_cover_what_it_takes_only_part_of() -> None:
    assert names(route(path="/f/{rest*}"), route(path_prefix="/f")) == []
    assert names(route(path="/f/{a}/{rest*}"), route(path_prefix="/f/g")) == []


def test_with_a_priority_more_general_hosts_and_paths_cover_too() -> None:
    general = route(hosts=("*.com",), path_prefix="/a", priority=1)
    covered = [
        route(hosts=("a.com", "*.b.com"), path="/a/{x}"),
        route(hosts=("*.com",), path_prefix="/a/b"),
        route(hosts=("a.com",), path="/a"),
    ]
    assert names(general, *covered) == [("b", "a"), ("c", "a"), ("d", "a")]
    assert (
        names(general, route(path="/a"), route(hosts=("a.com",), path_prefix="/"), route(hosts=("com",), path="/a"))
        == []
    )


def test_with_a_priority_a_pattern_covers_the_exact_paths_it_matches() -> None:
    patterns = (route(path_regex="/a/.+", priority=1), route(path_regex="/a/b", priority=1))
    assert names(*patterns, route(path="/a/b"), route(path="/a/{x}"), route(path="/b")) == [("c", "a")]


def test_a_pattern_that_matches_no_path_is_without_effect() -> None:
    (found,) = shadowed(route(path_regex="orders/.*"))
    assert found.by == ()
    assert "begin with a slash" in found.because


def test_ten_thousand_routes_are_not_compared_with_each_other() -> None:
    def calls_to_look_through(count: int) -> int:
        paths = [f"/v{i % 50}/r{i // 50}/{{id}}" for i in range(count)]
        routes = [route(f"r{i}", index=i, path=path, methods=("GET",)) for i, path in enumerate(paths)]
        routes += [
            route(f"s{i}", index=count + i, path_prefix="/", headers=(exact("x-tenant", str(i)),)) for i in range(count)
        ]
        table = build_table((each, each) for each in routes)
        with CallCount() as calls:
            assert find_shadowed(table) == []
        return calls.number

    # Ten times as many take about ten times as much; each with each, it would be a hundred times.
    assert calls_to_look_through(5000) < 20 * calls_to_look_through(500)


@settings(max_examples=300, deadline=None)
@given(DRAWN_ROUTES, st.lists(REQUESTS, min_size=5, max_size=20))
def test_a_route_called_shadowed_never_wins(drawn: list[tuple[Match, int]], requests: list[dict[str, object]]) -> None:
    routes = as_routes(drawn)
    without_effect = {each.route.name for each in find_shadowed(build_table((each, each) for each in routes))}
    for request in requests:
        winner = naive_winner(routes, request)
        assert winner is None or winner.name not in without_effect


@settings(max_examples=200, deadline=None)
@given(DRAWN_ROUTES)
def test_of_every_route_that_stands_twice_the_second_is_shadowed(drawn: list[tuple[Match, int]]) -> None:
    routes = as_routes(drawn + drawn)
    found = {each.route.index for each in find_shadowed(build_table((each, each) for each in routes))}
    assert found.issuperset(range(len(drawn), 2 * len(drawn)))
