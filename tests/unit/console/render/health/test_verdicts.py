"""Situations in, the verdict about a route out."""

from typing import Any

import pytest

from console.render.health.verdicts import split_line, status_line, verdict_sentence
from console.state import reading
from console.state.health.route_trouble import course_of
from console.state.health.verdict import failed_of, slow_of, verdict
from console.state.model import Model
from gateway.wire.upstream_views import EndpointView
from gateway.wire.views import RouteView
from tests.support.console import NOW_S
from tests.support.situations import (
    Situation,
    course,
    endpoint,
    exchanges,
    failed,
    figures,
    incident,
    promised,
    revision,
    route,
    slow,
    upstream,
)
from tests.unit.console.render.health.test_sentences import local

SLOW_NOW = [(10.0, 0.0)] * 20 + [(800.0, 0.0)] * 6
FAILING_NOW = [(10.0, 0.0)] * 20 + [(10.0, 0.5)] * 6


def situated(
    seen: RouteView, *endpoints: EndpointView, slow_ones: Any = (), failed_ones: Any = (), steps: Any = (), **more: Any
) -> Model:
    told: dict[Any, Any] = {
        reading.route(seen.name): seen,
        slow_of(seen.name): exchanges(slow_ones),
        failed_of(seen.name): exchanges(failed_ones),
    }
    if steps:
        told[course_of(seen.name)] = course("route", seen.name, steps)
    return Situation([seen], [upstream("up", *endpoints)], failed=failed_ones, more=told, **more).model()


def sentence(model: Model, name: str = "search") -> str:
    found = verdict(model, name)
    assert found is not None
    return verdict_sentence(found, NOW_S)


def test_a_slow_endpoint_after_a_revision() -> None:
    model = situated(
        route("search", figures(10.0, 0.0, 812.0), slo=promised(under_ms=500.0)),
        endpoint("10.0.1.7:80", figures(5.0, 0.0, 900.0)), endpoint("10.0.1.8:80", figures(5.0, 0.0, 90.0)),
        slow_ones=[slow("search", "10.0.1.7:80")] * 5, steps=SLOW_NOW, revisions=[revision(412, 100, "ana"), revision(411, 900)],
    )  # fmt: skip
    assert sentence(model) == (
        f"p99 812ms: 93% upstream first byte, endpoint 10.0.1.7:80 only, the best 90ms, since {local(60)}, "
        "40s after rev 412 by ana"
    )


def test_all_endpoints_fail_and_nothing_was_changed() -> None:
    bad = figures(5.0, 0.5)
    model = situated(
        route("search", figures(10.0, 0.5)), endpoint("a:1", bad), endpoint("b:1", bad), steps=FAILING_NOW,
        failed_ones=[failed("search", "a:1", "connect_refused")] * 3 + [failed("search", "b:1", "connect_refused")] * 2,
        revisions=[revision(411, 900)],
    )  # fmt: skip
    assert sentence(model) == f"5xx 50.0%: every endpoint of up refuses connections x5, since {local(60)}"


def test_a_timeout_that_a_revision_made_too_short_is_the_gateways_own_answer() -> None:
    model = situated(
        route("search", figures(10.0, 0.4)), endpoint("a:1", figures(10.0, 0.0)), steps=FAILING_NOW,
        failed_ones=[failed("search", "a:1", "upstream_timeout_first_byte", 504)] * 4, revisions=[revision(8, 61)],
    )  # fmt: skip
    assert sentence(model) == (
        f"5xx 40.0%: upstream up does not answer in time x4, since {local(60)}, 1s after rev 8 by file"
    )


@pytest.mark.parametrize(
    ("touched", "told"),
    [
        (None, True),
        (["route search"], True),
        (["route other", "upstream up"], True),
        (["settings limits"], True),
        (["route other", "upstream other"], False),
    ],
)
def test_a_revision_that_changed_other_things_alone_is_not_blamed(touched: list[str] | None, told: bool) -> None:
    model = situated(
        route("search", figures(10.0, 0.5)), endpoint("a:1", figures(5.0, 0.5)), steps=FAILING_NOW,
        failed_ones=[failed("search", "a:1", "connect_refused")] * 3, revisions=[revision(8, 61, touched=touched)],
    )  # fmt: skip
    assert ("after rev 8" in sentence(model)) is told


def test_a_route_that_is_within_what_it_promises_tells_of_an_endpoint_that_is_not_well() -> None:
    slower = endpoint("a:1", figures(5.0, 0.0, 569.0)), endpoint("b:1", figures(5.0, 0.0, 2.0))
    told = sentence(situated(route("search", figures(10.0, 0.0, 588.0)), *slower))
    assert told.startswith("within the usual objective: 10/s, 0% errors, p99 588ms")
    assert told.endswith("; endpoint a:1 is slow")


def test_what_was_done_to_an_endpoint_counts_as_a_change() -> None:
    drained = incident(7, "endpoint_draining", "up b:1", 65, "endpoint b:1 of up is draining", actor="bob")
    model = situated(
        route("search", figures(10.0, 0.0, 812.0), slo=promised(under_ms=500.0)), endpoint("a:1", figures(10.0, 0.0, 812.0)),
        slow_ones=[slow("search", "a:1", pool_wait_ms=700.0, ttfb_ms=100.0)], steps=SLOW_NOW, incidents=[drained],
    )  # fmt: skip
    assert sentence(model) == (
        f"p99 812ms: 88% waiting for a connection, since {local(60)}, 5s after endpoint b:1 of up is draining by bob"
    )


def test_what_has_been_so_for_as_long_as_is_known_is_not_blamed_on_a_change() -> None:
    model = situated(
        route("search", figures(10.0, 1.0)), endpoint("a:1", figures(10.0, 1.0)), steps=[(10.0, 1.0)] * 20,
        failed_ones=[failed("search", "a:1", "connect_refused")], revisions=[revision(8, 210)],
    )  # fmt: skip
    assert sentence(model) == f"5xx 100%: endpoint a:1 refuses connections x1, since before {local(200)}"


def test_the_phases_the_gateway_knows_stand_in_where_no_slow_exchange_is_kept() -> None:
    model = situated(
        route("search", figures(10.0, 0.0, 2_000.0), phases={"ttfb": 90.0, "transfer": 10.0}),
        endpoint("a:1"),
        steps=SLOW_NOW,
    )
    assert sentence(model).startswith("p99 2.0s: 90% upstream first byte, endpoint a:1, since")


def test_a_route_that_is_well_and_one_that_is_idle() -> None:
    assert sentence(situated(route("search", figures(10.0, 0.0, 12.0)), endpoint("a:1"))) == (
        "nothing is wrong: 10/s, 0% errors, p99 12ms in the last 1m"
    )
    assert (
        sentence(situated(route("search", figures(0.0, 0.0, None)), endpoint("a:1"))) == "no request in the last minute"
    )


def test_the_bars_tell_their_shares_in_figures_too() -> None:
    model = situated(
        route("search", figures(10.0, 0.0, 812.0)), endpoint("a:1"), slow_ones=[slow("search", "a:1", 800.0)]
    )
    found = verdict(model, "search")
    assert found is not None
    told = "".join(cell.text for cell in split_line(found, 100, ascii_only=True))
    assert "first byte 93.0%" in told
    assert "body 5.0%" in told
    assert "800ms mean of 1 slow request" in told
    told = "".join(cell.text for cell in status_line(figures(10.0, 0.1, client_error_ratio=0.2), 80, ascii_only=True))
    assert "ok 70.0%" in told
    assert "^ 4xx 20.0%" in told
    assert "x 5xx 10.0%" in told
