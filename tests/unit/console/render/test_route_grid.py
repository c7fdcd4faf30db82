"""The routes as rows: what their glyphs say."""

import pytest

from console.render.route_grid import health_of
from gateway.wire.views import ObjectiveView
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
    ],
)
def test_a_route_is_told_by_what_it_promises_and_by_how_often_it_fails(
    errors: float, availability: float | None, expected: str
) -> None:
    slo = None if availability is None else ObjectiveView(availability=availability)
    assert health_of(route("orders", figures(10.0, errors), slo=slo)) == expected
