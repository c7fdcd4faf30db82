"""Endpoints in their states, with the reason and since when."""

import msgspec

from console.render.cells import Cell
from console.render.health.endpoint_page import endpoint_sentence
from console.render.health.sentences import since, why
from console.render.health.upstream_grid import checked_how, upstream_grid
from console.state.health.attention import attention
from console.state.health.endpoint_page import endpoint_page
from console.state.health.endpoints import (
    course_of_endpoint,
    courses_of_endpoints,
    health_of_endpoints,
    seconds_of_endpoint,
)
from gateway.wire.history import RecentView
from gateway.wire.upstream_views import CheckView, CircuitView, OverrideView
from tests.support.console import NOW_S
from tests.support.situations import Situation, at, course, endpoint, failed, figures, route, upstream
from tests.unit.console.render.health.test_sentences import local


def rows(situation: Situation) -> list[str]:
    grid = upstream_grid(situation.model(), "", ascii_only=True)
    return [" ".join(cell.text for cell in (row.cells[0], *row.cells[2:6])) for row in grid.rows]


def test_the_unhealthy_stand_first_and_unknown_is_not_up() -> None:
    drained = OverrideView(kind="drained", actor="ana", reason="disk", since=at(30))
    situation = Situation(
        [route("orders")],
        [
            upstream(
                "up",
                endpoint("well:1", figures(10.0, 0.0, 4.0)),
                endpoint("idle:1", RecentView(seconds=60)),
                endpoint("gone:1", figures(10.0, 1.0, None)),
                endpoint("lame:1", figures(10.0, 0.0, 400.0)),
                endpoint("some:1", figures(10.0, 0.05, 4.0)),
                endpoint("out:1", figures(0.0, 0.0, None), state="draining", reason="admin", actor="ana", note="disk",
                         since=at(30), weight=0, overrides=[drained]),
            )
        ],
        failed=[*[failed("orders", "gone:1", "connect_refused")] * 12, failed("orders", "some:1", "upstream_status", 503)],
        more={course_of_endpoint("up", "gone:1"): course("endpoint", "up/gone:1", [(None, 0.0)] * 20 + [(None, 1.0)] * 3)},
    )  # fmt: skip
    assert rows(situation) == [
        f"x gone:1 failing connect_refused x12 {local(30)}",
        "^ some:1 errors 503 x1 -",
        "^ lame:1 slow p99 400ms, peer 4.0ms -",
        f"d out:1 draining drained by ana: disk {local(30)}",
        "? idle:1 unknown no traffic, no health check -",
        "o well:1 up  -",
    ]
    note = upstream_grid(situation.model(), "", ascii_only=True).note
    assert note == (
        "1 upstream, 6 endpoints: 1 failing, 1 with errors, 1 slow, 1 draining, 1 unknown, 1 up; last 60 s\n"
        "No health check configured: state from live traffic only"
    )


def test_a_filter_that_leaves_nothing_says_how_much_it_hides() -> None:
    grid = upstream_grid(Situation([], [upstream("up", endpoint("a:1"))]).model(), "zz", ascii_only=True)
    assert (grid.rows, grid.empty) == ([], "No endpoint matches 'zz'. 1 hidden by filter")


def test_a_weight_that_is_not_the_configured_one_stands_out() -> None:
    weighed = OverrideView(kind="weight", actor="ana", since=at(30))
    one = endpoint("a:1", configured_weight=4, overrides=[weighed])
    [row] = upstream_grid(Situation([], [upstream("up", one)]).model(), "", ascii_only=True).rows
    assert row.cells[6] == Cell("1", "warn")
    assert row.cells[4].text == "weight 4 -> 1 by ana"


def test_what_is_checked_is_told_with_its_evidence_and_needs_no_traffic_to_be_up() -> None:
    quiet, last = RecentView(seconds=60), CheckView(at=at(30), result="ok", evidence="200 in 3 ms")
    up = msgspec.structs.replace(
        upstream(
            "up",
            endpoint("well:1", quiet, checks=["active"], last_check=last),
            endpoint("new:1", quiet, state="unknown", checks=["active"]),
            endpoint("busy:1", figures(10.0, 1.0, None), state="unknown"),
            endpoint("down:1", quiet, state="unhealthy", reason="bad_status", note="503 in 12 ms", checks=["active"]),
            endpoint("out:1", quiet, state="ejected", reason="passive", note="5 failures in a row; for 30 s", ejections=2,
                     ejected_until=at(-25), slow_start_share=0.3, checks=["active", "passive"]),
        ),
        panic=True,
    )  # fmt: skip
    situation = Situation([], [up])
    grid = upstream_grid(situation.model(), "", ascii_only=True)
    assert [row.cells[6].text for row in grid.rows] == ["-", "-", "", "-", "30s"]
    assert rows(situation) == [
        "x down:1 down bad_status: 503 in 12 ms -",
        f"x out:1 ejected passive: 5 failures in a row; for 30 s, until {local(-25)} -",
        "x busy:1 failing fails -",
        "? new:1 unknown not checked yet, no traffic -",
        "o well:1 up  -",
    ]
    note = upstream_grid(situation.model(), "", ascii_only=True).note
    assert note.splitlines()[1] == "Health is checked of 4 of 5; PANIC, all endpoints are used: up"
    well, new, busy, _, out = up.endpoints
    assert [checked_how(each, NOW_S) for each in (well, new, busy, out)] == [
        "active health checks, last 200 in 3 ms 30s ago",
        "active health checks, not checked yet",
        "No health check configured: state from live traffic only",
        "active and passive health checks, not checked yet, ejected 2 times, starts slowly, at 30.0% of its share",
    ]


def test_zones_have_a_column_where_there_are_any_and_a_slow_start_is_told() -> None:
    up = upstream("up", endpoint("a:1", zone="eu-1a", slow_start_share=0.3), endpoint("b:1"))
    grid = upstream_grid(Situation([], [up]).model(), "", ascii_only=True)
    place = [column.title for column in grid.columns].index("ZONE")
    assert [(row.cells[place].text, row.cells[4].text) for row in grid.rows] == [
        ("eu-1a", "starts slowly, at 30.0% of its share"),
        ("", ""),
    ]


def test_ejections_are_counted_in_a_column_once_there_was_one() -> None:
    calm = Situation([], [upstream("up", endpoint("a:1"), endpoint("b:1"))])
    assert "EJECTED" not in [column.title for column in upstream_grid(calm.model(), "", ascii_only=True).columns]
    up = upstream("up", endpoint("a:1", ejections=3), endpoint("b:1"))
    grid = upstream_grid(Situation([], [up]).model(), "", ascii_only=True)
    assert grid.columns[-1].title == "EJECTED"
    assert [row.cells[-1].text for row in grid.rows] == ["3x", "-"]


def test_what_only_figures_tell_began_when_they_say_and_not_with_the_recovery_before() -> None:
    again = endpoint("a:1", figures(10.0, 1.0, None), reason="passive", note="its time was over", since=at(500))
    bad = course("endpoint", "up/a:1", [(None, 0.0)] * 20 + [(None, 1.0)] * 3)
    situation = Situation([], [upstream("up", again)], more={course_of_endpoint("up", "a:1"): bad})
    [row] = upstream_grid(situation.model(), "", ascii_only=True).rows
    assert (row.cells[3].text, row.cells[5].text) == ("failing", local(30))


def test_where_the_first_step_fails_already_the_seconds_say_since_when() -> None:
    bad = endpoint("a:1", figures(10.0, 1.0, None))
    coarse = course("endpoint", "up/a:1", [(None, 1.0)] * 3)
    fine = course("endpoint", "up/a:1", [(None, 0.0)] * 6 + [(None, 1.0)] * 3)
    more = {course_of_endpoint("up", "a:1"): coarse, seconds_of_endpoint("up", "a:1"): fine}
    [row] = upstream_grid(Situation([], [upstream("up", bad)], more=more).model(), "", ascii_only=True).rows
    assert (row.cells[3].text, row.cells[5].text) == ("failing", local(30))


def test_what_has_failed_for_as_long_as_anything_is_known_began_before_that() -> None:
    bad, steps = endpoint("a:1", figures(10.0, 1.0, None)), [(None, 1.0)] * 3
    more = {
        course_of_endpoint("up", "a:1"): course("endpoint", "up/a:1", steps),
        seconds_of_endpoint("up", "a:1"): course("endpoint", "up/a:1", steps),
    }
    model = Situation([], [upstream("up", bad)], more=more).model()
    [row] = upstream_grid(model, "", ascii_only=True).rows
    assert row.cells[5].text == f"<{local(30)}"
    assert seconds_of_endpoint("up", "a:1") in courses_of_endpoints(health_of_endpoints(model, [upstream("up", bad)]))


def test_a_circuit_has_a_column_where_there_is_one_and_an_open_one_is_the_reason() -> None:
    shut = CircuitView(state="open", evidence="worker 2: 57% of 124 requests failed", since=at(30), workers=1)
    told = [upstream("up", endpoint("a:1"), circuit=shut), upstream("other", endpoint("b:1"))]
    grid = upstream_grid(Situation([], told).model(), "", ascii_only=True)
    assert [column.title for column in grid.columns][4:6] == ["CIRCUIT", "REASON"]
    assert sorted((row.cells[1].text, row.cells[4], row.cells[5].text) for row in grid.rows) == [
        ("other", Cell("-", "dim"), ""),
        ("up", Cell("open", "crit"), "circuit open: worker 2: 57% of 124 requests failed"),
    ]


def test_failures_that_are_over_keep_their_reasons_and_say_from_when_to_when() -> None:
    was_down = endpoint("a:1", figures(1.0, 0.2, 4.0))
    shape = [(None, 0.0)] * 10 + [(None, 1.0)] * 6 + [(None, 0.0)] * 9
    situation = Situation(
        [route("orders", None, "")],
        [upstream("up", was_down, endpoint("b:1"))],
        failed=[failed("orders", "a:1", "connect_refused", seconds_ago=100 + each) for each in range(12)],
        more={course_of_endpoint("up", "a:1"): course("endpoint", "up/a:1", shape)},
    )
    assert rows(situation)[0] == f"^ a:1 errors connect_refused x12 until {local(90)}, it is over {local(150)}"

    [told] = [each for each in attention(situation.model()) if each.kind == "endpoint"]
    assert why(told) == f"endpoint a:1 refuses connections x12 until {local(90)}, it is over"
    assert (since(told, NOW_S), told.trend) == (local(150), "down")

    page = endpoint_page(situation.model(), "up", "a:1")
    assert page is not None
    assert endpoint_sentence(page, NOW_S) == (
        f"a:1 of up had errors: connect_refused x12 until {local(90)}, it is over, began {local(150)}"
    )
