"""Objectives and how fast their budgets are spent, as a table of text and as rows of a screen."""

from collections.abc import Sequence
from typing import Final

from console.render.amounts import UNKNOWN, age, clock, count, counted, milliseconds, percent
from console.render.cells import Severity
from console.render.table import Column, render_table
from gateway.wire.slo import ObjectiveListView, ObjectiveStateView, SloState

SEVERITY_OF: Final[dict[SloState, Severity]] = {"page": "crit", "ticket": "warn", "ok": "ok"}


def goal(objective: ObjectiveStateView) -> str:
    """`99.9% available`, `99% under 300ms`."""
    if objective.sli == "availability":
        return f"{target(objective.target)} available"
    return f"{target(objective.target)} under {milliseconds(objective.under_ms)}"


def target(ratio: float) -> str:
    """As it was written: 99.95 % is not 100 %."""
    return f"{round(ratio * 100, 6):g}%"


def burn_of(objective: ObjectiveStateView, window_s: int) -> str:
    """`14.9x` of the budget's pace; unknown where nothing was judged."""
    burn = next((each.burn for each in objective.burns if each.window_s == window_s), None)
    if burn is None:
        return UNKNOWN
    return f"{burn:.1f}x" if burn < 100 else f"{count(burn)}x"


def left(objective: ObjectiveStateView) -> str:
    """The share of the budget that is left; nothing where more was spent than there was."""
    return percent(None if objective.budget_left is None else max(0.0, objective.budget_left))


def empty_in(objective: ObjectiveStateView) -> str:
    """`now` where it is spent, `never` where it does not come to that."""
    if objective.budget_left is not None and objective.budget_left <= 0:
        return "now"
    if objective.empty_in_s is None:
        return UNKNOWN if objective.budget_left is None else "never"
    return age(objective.empty_in_s)


def summary(objectives: Sequence[ObjectiveStateView]) -> str:
    """`1 page, 2 tickets, 5 ok; budgets of the last 6h`."""
    counts = {state: sum(each.state == state for each in objectives) for state in SEVERITY_OF}
    kept_s = max((each.budget_window_s for each in objectives), default=0)
    pages, tickets = counted(counts["page"], "page"), counted(counts["ticket"], "ticket")
    return f"{pages}, {tickets}, {counts['ok']} ok; budgets of the last {age(kept_s)}"


def uncounted(view: ObjectiveListView) -> str:
    return f"; {count(view.uncounted)} routes are beyond metrics.max_routes" if view.uncounted else ""


def no_objectives(view: ObjectiveListView) -> str:
    """What is said where nobody set an objective."""
    return f"No SLOs defined: none of {count(view.routes)} routes has an objective (`slo:` of a route sets one)"


_COLUMNS: Final = (
    Column[ObjectiveStateView]("STATE", lambda each: each.state),
    Column[ObjectiveStateView]("ROUTE", lambda each: each.route),
    Column[ObjectiveStateView]("OBJECTIVE", goal),
    Column[ObjectiveStateView]("BURN 5M", lambda each: burn_of(each, 300), is_number=True),
    Column[ObjectiveStateView]("30M", lambda each: burn_of(each, 1_800), is_number=True),
    Column[ObjectiveStateView]("1H", lambda each: burn_of(each, 3_600), is_number=True),
    Column[ObjectiveStateView]("6H", lambda each: burn_of(each, 21_600), is_number=True),
    Column[ObjectiveStateView]("BUDGET LEFT", left, is_number=True),
    Column[ObjectiveStateView]("EMPTY IN", empty_in, is_number=True),
    Column[ObjectiveStateView]("SINCE", lambda each: clock(each.since)),
)


def render_objectives(view: ObjectiveListView) -> str:
    """The worst first, as they came."""
    if not view.objectives:
        return no_objectives(view)
    return f"{render_table(_COLUMNS, view.objectives)}\n\n{summary(view.objectives)}{uncounted(view)}"
