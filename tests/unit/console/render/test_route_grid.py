"""The routes as rows: what their glyphs say."""

import pytest

from console.render.route_grid import ROUTE_SORTS, health_of, route_grid
from gateway.wire.views import ObjectiveView
from tests.support.known_gateway import known
from tests.support.situations import figures, route


@pytest.mark.parametrize(
    ("errors", "availability", "expected"),
    [
        (0.0, None, "ok"),
        (0.0005, None, "ok"),
        (0.002, None, "warn"),
        (0.02, None, "crit"),
        (0.02, 0.9, "ok"),
        (0.08, 0.9, "warn"),  # It was promised no better, and is looked at all the same.
        (0.7, 0.9, "crit"),
        (0.89, 0.01, "warn"),
        (0.95, 0.01, "crit"),  # Six times its budget is more than everything.
    ],
)
def test_a_route_is_told_by_what_it_promises_and_by_how_often_it_fails(
    errors: float, availability: float | None, expected: str
) -> None:
    slo = None if availability is None else ObjectiveView(availability=availability)
    assert health_of(route("orders", figures(10.0, errors), slo=slo)) == expected


@pytest.mark.parametrize("target", [0.5, 0.85, 0.99])
def test_a_route_whose_answers_are_all_too_late_is_critical_whatever_it_promises(target: float) -> None:
    slo = ObjectiveView(latency_under_ms=10.0, latency_target=target)
    assert health_of(route("orders", figures(10.0, 0.0, p50_ms=20.0, p99_ms=400.0), slo=slo)) == "crit"


def test_a_row_has_the_revision_that_made_the_route_and_its_policies() -> None:
    newer = route("orders", figures(1.0, 0.0), changed_in=412, policies=["rewrite", "faults"])
    routes = [route("old", figures(1.0, 0.0)), newer]
    grid = route_grid(known(), "", routes)
    told = [{column.title: cell for column, cell in zip(grid.columns, row.cells, strict=True)} for row in grid.rows]
    assert [(row["REV"].text, row["POLICIES"].text) for row in told] == [("-", "-"), ("412", "rewrite, faults")]
    assert told[1]["POLICIES"].severity == "warn", "what is injected on purpose is not overlooked"
    assert [each.name for each in sorted(routes, key=ROUTE_SORTS["changed last"])] == ["orders", "old"]
