"""Objectives in words: what is spent, what is left, and for how long."""

import pytest

from console.render.alerting.objectives import empty_in, goal, left, render_objectives, target
from gateway.wire.slo import BurnView, ObjectiveListView, ObjectiveStateView


def objective(**facts: object) -> ObjectiveStateView:
    burns = [
        BurnView(window_s=window_s, seconds=window_s, good=900, bad=100, burn=burn)
        for window_s, burn in ((300, 14.93), (1800, 6.0), (3600, 100.0))
    ]
    known: dict[str, object] = {
        "route": "orders", "sli": "availability", "target": 0.999, "state": "page", "burns": burns,
        "budget_left": 0.25, "budget_window_s": 21_600, "empty_in_s": 512.0,
    }  # fmt: skip
    return ObjectiveStateView(**(known | facts))  # type: ignore[arg-type]


def test_a_table_has_the_burn_rates_and_what_is_left() -> None:
    told = render_objectives(ObjectiveListView(revision="r", objectives=[objective()], uncounted=2))
    assert told.splitlines()[1].split() == [
        "page", "orders", "99.9%", "available", "14.9x", "6.0x", "100x", "-", "25.0%", "8m32s", "-",
    ]  # fmt: skip
    assert told.endswith("1 page, 0 tickets, 0 ok; budgets of the last 6h; 2 routes are beyond metrics.max_routes")


def test_without_objectives_it_says_how_many_routes_have_none() -> None:
    assert "none of 42 routes" in render_objectives(ObjectiveListView(revision="r", objectives=[], routes=42))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"budget_left": -1.5, "empty_in_s": 0.0}, ("0%", "now")),
        ({"budget_left": 0.9, "empty_in_s": None}, ("90.0%", "never")),
        ({"budget_left": None, "empty_in_s": None}, ("-", "-")),
    ],
)
def test_a_budget_that_is_spent_and_one_that_lasts(facts: dict[str, object], expected: tuple[str, str]) -> None:
    assert (left(objective(**facts)), empty_in(objective(**facts))) == expected


def test_a_goal_is_told_as_it_was_written() -> None:
    assert goal(objective(sli="latency", target=0.99, under_ms=300.0)) == "99% under 300ms"
    assert target(0.99999) == "99.999%"
