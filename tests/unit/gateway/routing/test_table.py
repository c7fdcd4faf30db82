"""The compiled table: what each predicate takes, who is first, and that it agrees with the rules read naively."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.route import Match, PathKind, Route
from gateway.routing import leaf
from gateway.routing.table import RouteTable, TableBuilder, build_table
from tests.support.naive_routing import DRAWN_ROUTES, REQUESTS, as_routes, naive_winner
from tests.support.routes import exact, match, numbered, present, regex, route, table_of


def allowed(table: RouteTable[str], path: str, method: str = "GET", host: str = "example.com") -> tuple[str, ...]:
    return table.allowed_methods("public", host, method, path, None, [], "127.0.0.1")


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a", "a"), ("/a/", None), ("/A", None), ("/a/b", None), ("/", None)],
)
def test_an_exact_path_takes_itself_alone(path: str, name: str | None) -> None:
    assert match(table_of(route(path="/a")), path) == name


@pytest.mark.parametrize("configured", ["/static", "/static/"])
@pytest.mark.parametrize(
    ("path", "is_taken"),
    [
        ("/static", True),
        ("/static/", True),
        ("/static/a/b", True),
        ("/staticx", False),
        ("/", False),
        ("/a/static", False),
    ],
)
def test_a_prefix_takes_whole_segments(configured: str, path: str, is_taken: bool) -> None:
    assert match(table_of(route(path_prefix=configured)), path) == ("a" if is_taken else None)


@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a/b/c/d"])
def test_the_prefix_of_the_root_takes_every_path(path: str) -> None:
    assert match(table_of(route(path_prefix="/")), path) == "a"


@pytest.mark.parametrize(
    ("path", "is_taken"),
    [("/o/1", True), ("/o/1%2F2", True), ("/o/", False), ("/o", False), ("/o/1/", False), ("/o/1/2", False)],
)
def test_a_parameter_takes_one_segment_that_is_not_empty(path: str, is_taken: bool) -> None:
    assert match(table_of(route(path="/o/{id}")), path) == ("a" if is_taken else None)


@pytest.mark.parametrize(
    ("path", "is_taken"),
    [("/f/", True), ("/f/a", True), ("/f/a/b/", True), ("/f", False), ("/fx/", False)],
)
def test_a_parameter_for_the_rest_takes_whatever_follows_its_slash(path: str, is_taken: bool) -> None:
    assert match(table_of(route(path="/f/{name*}")), path) == ("a" if is_taken else None)


def test_templates_compare_segment_by_segment() -> None:
    table = table_of(
        route(path="/{a*}"),
        route(path="/{a}/c"),
        route(path="/b/{c*}"),
        route(path="/b/{c}"),
        route(path="/b/{c}/d"),
        route(path="/{a}/{b}/d"),
    )
    assert match(table, "/b/c") == "d"
    assert match(table, "/x/c") == "b"
    assert match(table, "/b/c/e") == "c"
    assert match(table, "/b/c/d") == "e"
    assert match(table, "/x/c/d") == "f"
    assert match(table, "/x/y/z") == "a"


def test_a_dead_end_below_a_literal_leads_back_to_the_parameter() -> None:
    table = table_of(route(path="/a/b/c/{x}/e"), route(path="/a/{y}/c/d/f"), route(path="/{z*}"))
    assert match(table, "/a/b/c/d/f") == "b"
    assert match(table, "/a/b/c/d/g") == "c"


@pytest.mark.parametrize(
    ("path", "is_taken"),
    [("/v1/orders/12", True), ("/v1/orders/12/", False), ("/x/v1/orders/12", False), ("/v1/orders/", False)],
)
def test_a_pattern_has_to_match_the_whole_path(path: str, is_taken: bool) -> None:
    assert match(table_of(route(path_regex=r"/v1/orders/\d+")), path) == ("a" if is_taken else None)


def test_of_several_patterns_the_longer_is_first_then_the_other_rules_decide() -> None:
    table = table_of(
        route(path_regex="/a/.*"),
        route(path_regex="/a/.+b"),
        route(path_regex="/.+/xb", methods=("GET",)),
        route(path_regex="/.*"),
    )
    assert match(table, "/a/xb") == "c"
    assert match(table, "/a/yb") == "b"
    assert match(table, "/a/c") == "a"
    assert match(table, "/c") == "d"


def test_many_patterns_are_told_apart() -> None:
    table = table_of(*(route(f"r{i}", path_regex=rf"/svc{i}/\d+(/.*)?") for i in range(200)))
    assert [match(table, f"/svc{i}/7/x") for i in range(200)] == [f"r{i}" for i in range(200)]
    assert match(table, "/svc7/x") is None


def test_kinds_of_paths_have_an_order() -> None:
    routes = [
        route("any"),
        route("regex", path_regex="/a/b"),
        route("prefix", path_prefix="/a/b"),
        route("template", path="/a/{b}"),
        route("exact", path="/a/b"),
    ]
    for count in range(5, 0, -1):
        assert match(table_of(*routes[:count]), "/a/b") == routes[count - 1].name


def test_the_longest_prefix_is_first() -> None:
    table = table_of(route(path_prefix="/"), route(path_prefix="/a/b"), route(path_prefix="/a"))
    assert [match(table, path) for path in ("/a/b/c", "/a/bc", "/a", "/x")] == ["b", "c", "c", "a"]


def test_hosts_go_from_exact_over_wildcards_to_any() -> None:
    table = table_of(
        route(path="/"),
        route(hosts=("*.example.org",), path_prefix="/"),
        route(hosts=("*.api.example.org",), path_prefix="/"),
        route(hosts=("a.api.example.org",), path_prefix="/"),
    )
    hosts = ("a.api.example.org", "b.api.example.org", "api.example.org", "x.y.example.org", "example.org", "")
    assert [match(table, "/", host=host) for host in hosts] == ["d", "c", "b", "b", "a", "a"]


def test_a_pattern_of_the_host_is_before_an_exact_path_of_any_host() -> None:
    table = table_of(route(path="/a/b"), route(hosts=("a.com",), path_regex="/a/.*"), route(path_prefix="/"))
    assert [match(table, path, host="a.com") for path in ("/a/b", "/a/c", "/b")] == ["b", "b", "c"]


def test_a_host_without_a_fitting_route_leaves_the_request_to_the_next() -> None:
    table = table_of(route(hosts=("example.com",), path="/a"), route(hosts=("*.com",), path="/b"), route(path="/c"))
    assert [match(table, path) for path in ("/a", "/b", "/c", "/d")] == ["a", "b", "c", None]


def test_a_route_may_have_several_hosts() -> None:
    table = table_of(route(hosts=("a.com", "*.b.com", "a.com"), path="/"))
    assert [match(table, "/", host=host) for host in ("a.com", "x.b.com", "b.com")] == ["a", "a", None]


def test_hosts_no_route_names_do_not_pile_up() -> None:
    table = table_of(route(path_prefix="/"))
    assert all(match(table, "/", host=f"h{i}.com") == "a" for i in range(3000))
    assert len(table._of_host) <= 1024


def test_a_route_with_a_method_is_before_one_without() -> None:
    table = table_of(route(path="/a"), route(path="/a", methods=("GET", "PUT")))
    assert [match(table, "/a", method) for method in ("GET", "PUT", "POST")] == ["b", "b", "a"]


def test_a_route_for_get_does_not_take_head() -> None:
    assert match(table_of(route(path="/a", methods=("GET",))), "/a", "HEAD") is None


def test_more_header_then_more_query_predicates_are_first_then_the_file_decides() -> None:
    table = table_of(
        route(path="/a", query=(present("p"), present("q"))),
        route(path="/a", headers=(present("x"),)),
        route(path="/a", headers=(present("y"),), query=(present("p"),)),
        route(path="/a", headers=(present("x"), present("y"))),
        route(path="/a"),
        route(path="/a"),
    )
    both = [(b"X", b"1"), (b"Y", b"1")]
    assert match(table, "/a", fields=both, query="p&q") == "d"
    assert match(table, "/a", fields=both[:1], query="p&q") == "b"
    assert match(table, "/a", fields=both[1:], query="p&q") == "c"
    assert match(table, "/a", query="p&q") == "a"
    assert match(table, "/a", query="p") == "e"


def test_priority_is_above_every_other_rule() -> None:
    table = table_of(
        route(hosts=("example.com",), path="/a", methods=("GET",)),
        route(path_prefix="/", priority=1),
        route(priority=-1),
        route(path="/b", hosts=("*.com",), priority=1),
    )
    assert [match(table, path) for path in ("/a", "/b", "/c")] == ["b", "d", "b"]


def test_a_priority_all_share_changes_nothing() -> None:
    table = table_of(route(path_prefix="/", priority=3), route(path="/a", priority=3))
    assert not table.has_priorities
    assert match(table, "/a") == "b"


def test_the_methods_of_routes_that_would_take_the_request_are_allowed() -> None:
    table = table_of(
        route(path="/a", methods=("PUT", "GET")),
        route(path="/{x}", methods=("DELETE",)),
        route(path="/a", methods=("PATCH",), headers=(present("x"),)),
        route(path="/a", methods=("POST",), hosts=("other.com",)),
    )
    assert allowed(table, "/a", "TRACE") == ("DELETE", "GET", "PUT")
    assert allowed(table, "/a", "TRACE", host="other.com") == ("DELETE", "GET", "POST", "PUT")
    assert allowed(table, "/b/c") == ()


def test_a_method_that_another_predicate_refuses_is_not_allowed() -> None:
    table = table_of(route(path="/a", methods=("GET",), headers=(present("x"),)))
    assert match(table, "/a") is None
    assert allowed(table, "/a") == ()


def test_predicates_on_listener_and_client_hold_too() -> None:
    table = table_of(route(path="/a", listeners=("internal",)), route(path="/b", clients=("10.0.0.0/8",)))
    assert match(table, "/a") is None
    assert match(table, "/a", listener="internal") == "a"
    assert match(table, "/b") is None
    assert match(table, "/b", client="10.1.2.3") == "b"


def tenants(count: int) -> list[Route]:
    return [route(f"t{i}", path_prefix="/", headers=(exact("x-tenant", f"t{i}"),)) for i in range(count)]


def test_routes_for_many_tenants_are_found_by_the_value_of_their_header() -> None:
    table = table_of(
        *tenants(50),
        route("both", path_prefix="/", headers=(exact("x-tenant", "t7"), present("y"))),
        route("put", path_prefix="/", methods=("PUT",)),
        route("nobody", path_prefix="/"),
    )
    seven = (b"X-Tenant", b"t7")
    assert [place.by_header is not None for place in table.places] == [True]
    assert match(table, "/a", fields=[seven]) == "t7"
    assert match(table, "/a", fields=[seven, (b"y", b"1")]) == "both"
    assert match(table, "/a", "PUT", fields=[seven]) == "put"
    assert match(table, "/a", fields=[seven, seven]) == "nobody"
    assert match(table, "/a", fields=[(b"x-tenant", b"unknown")]) == "nobody"
    assert match(table, "/a") == "nobody"


def test_a_place_whose_routes_differ_in_other_ways_is_left_as_it_is() -> None:
    table = table_of(*tenants(10), *(route(f"q{i}", path_prefix="/", query=(exact("q", f"{i}"),)) for i in range(10)))
    assert [place.by_header is not None for place in table.places] == [False]
    assert match(table, "/a", query="q=7", fields=[(b"x-tenant", b"t99")]) == "q7"


def test_tenants_are_found_among_priorities_and_for_allowed_methods() -> None:
    puts = [
        route(f"p{i}", path_prefix="/", methods=("PUT",), priority=i % 2, headers=(exact("x-tenant", f"t{i}"),))
        for i in range(20)
    ]
    table = table_of(*puts)
    assert match(table, "/", "PUT", fields=[(b"x-tenant", b"t7")]) == "p7"
    missed = table.allowed_methods("public", "a.com", "GET", "/", None, [(b"x-tenant", b"t7")], "")
    assert (missed, allowed(table, "/")) == (("PUT",), ())


def test_a_hostile_path_is_cut_down_to_what_the_table_can_tell_apart() -> None:
    table = table_of(route(path="/a/{b}/{c*}"), route(path_prefix="/a/b"))
    assert match(table, "/a" * 8000) == "a"
    assert match(table, "/a/" + "b/" * 8000) == "a"
    assert match(table, "/b" * 8000) is None


@pytest.mark.parametrize(
    "bad",
    [route(path_regex="("), route(path="/{a}/{a}"), route(headers=(regex("x", "("),)), route(clients=("nowhere",))],
)
def test_what_cannot_be_compiled_is_a_value_error(bad: Route) -> None:
    with pytest.raises(ValueError):
        table_of(bad)


def test_there_is_no_table_before_it_is_finished() -> None:
    builder: TableBuilder[str] = TableBuilder()
    with pytest.raises(RuntimeError):
        _ = builder.table
    for _ in builder.finish():
        pass
    assert match(builder.table, "/") is None


def test_finishing_yields_between_patterns() -> None:
    builder: TableBuilder[str] = TableBuilder()
    for each in numbered(*(route(path_regex=f"/a/{i}[a-z]") for i in range(100))):
        builder.add(each, each.name)
    assert sum(1 for _ in builder.finish()) > 100


def test_dismantling_frees_every_payload() -> None:
    class Payload:
        alive = 0

        def __init__(self) -> None:
            Payload.alive += 1

        def __del__(self) -> None:
            Payload.alive -= 1

    table = build_table((route(index=i, path=f"/{i}"), Payload()) for i in range(1000))
    steps = sum(1 for _ in table.dismantle())
    assert steps > 1
    assert Payload.alive == 0


@settings(max_examples=300, deadline=None)
@given(DRAWN_ROUTES, st.lists(REQUESTS, min_size=1, max_size=8))
def test_the_table_agrees_with_the_rules_read_naively(
    drawn: list[tuple[Match, int]], requests: list[dict[str, object]]
) -> None:
    routes = as_routes(drawn)
    table = build_table((each, each) for each in routes)
    for request in requests:
        assert table.match(**request) is naive_winner(routes, request)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(DRAWN_ROUTES, st.lists(REQUESTS, min_size=1, max_size=8))
def test_the_table_agrees_where_places_are_sorted_by_header_too(
    drawn: list[tuple[Match, int]], requests: list[dict[str, object]]
) -> None:
    routes = as_routes([(replace(each, path_kind=PathKind.ANY, path="", hosts=()), rank) for each, rank in drawn])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(leaf, "_FEW_ENTRIES", 2)
        table = build_table((each, each) for each in routes)
    for request in requests:
        assert table.match(**request) is naive_winner(routes, request)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(DRAWN_ROUTES, REQUESTS)
def test_allowed_methods_are_those_with_which_the_request_would_be_taken(
    drawn: list[tuple[Match, int]], request: dict[str, object]
) -> None:
    routes = as_routes(drawn)
    table = build_table((each, each) for each in routes)
    if table.match(**request) is not None:  # type: ignore[arg-type]
        return
    tried = {method: naive_winner(routes, request | {"method": method}) for method in ("GET", "POST", "PUT")}
    assert table.allowed_methods(**request) == tuple(  # type: ignore[arg-type]
        method for method, winner in tried.items() if winner is not None
    )


@settings(max_examples=100, deadline=None)
@given(DRAWN_ROUTES, REQUESTS)
def test_places_are_visited_in_order_of_precedence(drawn: list[tuple[Match, int]], request: dict[str, object]) -> None:
    routes = [Route(r.name, r.index, r.match, r.place) for r in as_routes(drawn)]
    table = build_table((each, each) for each in routes)
    ranks = [
        entry.rank for place in table.leaves(str(request["host"]), str(request["path"])) for entry in place.entries
    ]
    assert all(one <= other for one, other in pairwise(ranks))


@settings(max_examples=300, deadline=None)
@given(DRAWN_ROUTES, REQUESTS)
def test_the_first_place_is_found_alike_by_the_short_way_and_by_the_long(
    drawn: list[tuple[Match, int]], request: dict[str, object]
) -> None:
    table = build_table((each, each.name) for each in as_routes(drawn))
    path = str(request["path"])
    for host_routes in table.host_routes(str(request["host"])):
        first = next(host_routes.leaves(path), None)
        found = host_routes.first_leaf(path)
        # A path pattern is left to the long way.
        assert found is first or (found is None and host_routes.patterns is not None)
