"""Objectives and alerts as one list, the most urgent first: what burns, and how long what is left will last."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from console.render.alerting.causes import change_before, incidents_of, told
from console.render.alerting.objectives import SEVERITY_OF, burn_of, empty_in, goal, left, no_objectives, summary
from console.render.amounts import count, time_of_day
from console.render.cells import Cell, Severity, glyph
from console.render.grid import Grid, GridColumn, GridRow
from console.state import reading
from console.state.alerting.alerts import ALERTS, Alert, AlertList, of_objective
from console.state.model import Model
from gateway.wire.changes import IncidentView
from gateway.wire.slo import BurnView, ObjectiveStateView

_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("STATE", 8, 2),
    GridColumn("ROUTE", 13, grows=True),
    GridColumn("OBJECTIVE / ALERT", 21, 1, grows=True),
    GridColumn("5M", 6, 1, is_number=True),
    GridColumn("1H", 6, 1, is_number=True),
    GridColumn("6H", 6, 1, is_number=True),
    GridColumn("LEFT", 6, is_number=True),
    GridColumn("EMPTY", 6, is_number=True),
    GridColumn("SINCE", 8, 3, is_number=True),
    GridColumn("ALERTING", 14, 5),
    GridColumn("AFTER", 24, 4, is_prose=True),
)
_OF_SEVERITY: Final[dict[str, Severity]] = {"critical": "crit", "page": "crit", "warning": "warn", "ticket": "warn"}
_RANKS: Final[dict[Severity, int]] = {"crit": 0, "warn": 1, "unknown": 2, "plain": 3, "draining": 4, "ok": 5}
_PACE: Final = 1.0


class Item(NamedTuple):
    """One row: an objective, with the alert about it if there is one, or an alert that is about none."""

    key: str
    objective: ObjectiveStateView | None
    alert: Alert | None
    change: IncidentView | None

    @property
    def since(self) -> str:
        if self.objective is not None:
            return self.objective.since or ""
        return self.alert.since if self.alert is not None else ""

    @property
    def route(self) -> str:
        if self.objective is not None:
            return self.objective.route
        return self.alert.route if self.alert is not None else ""

    @property
    def severity(self) -> Severity:
        if self.objective is not None:
            return SEVERITY_OF[self.objective.state]
        return severity_of(self.alert) if self.alert is not None else "plain"


def severity_of(alert: Alert) -> Severity:
    if alert.state in {"silenced", "inhibited"}:
        return "draining"
    if alert.state == "pending":
        return "unknown"
    return _OF_SEVERITY.get(alert.severity, "plain")


def items(model: Model) -> list[Item]:
    """The most urgent first; objectives come worst first from the gateway, alerts most urgent first, and stay so."""
    objectives, alerts = model.view(reading.OBJECTIVES), model.view(ALERTS) or AlertList()
    incidents = incidents_of(model.view(reading.INCIDENTS), model.incidents)
    found, told_of = list[Item](), set[str]()
    for objective in objectives.objectives if objectives is not None else ():
        alert = of_objective(alerts.alerts, objective)
        if alert is not None:
            told_of.add(alert.key)
        change = change_before(objective.since, incidents)
        found.append(Item(f"slo:{objective.route}:{objective.sli}", objective, alert, change))
    for alert in alerts.alerts:
        if alert.key not in told_of:
            change = change_before(alert.since, incidents)
            found.append(Item(f"alert:{alert.key}", None, alert, change))
    return sorted(found, key=lambda item: _RANKS.get(item.severity, 3))


def alert_grid(model: Model, wanted: str, shown: Sequence[Item], *, ascii_only: bool) -> Grid:
    """wanted: part of a route, an objective's or an alert's name; empty for all."""
    matching = [item for item in shown if wanted.casefold() in _searched(item)]
    rows = [_row(item, ascii_only=ascii_only) for item in matching]
    empty = f"Nothing matches {wanted!r}. {len(shown)} hidden by the filter" if shown else _nothing(model)
    return Grid(_COLUMNS, rows, empty)


def head_line(model: Model) -> list[Cell]:
    """How many of each, who was asked, and who did not answer."""
    objectives, alerts = model.view(reading.OBJECTIVES), model.view(ALERTS)
    if objectives is None:
        cells = [Cell(" objectives: not known yet", "dim")]
    elif objectives.objectives:
        cells = [Cell(f" {summary(objectives.objectives)}")]
    else:
        cells = [Cell(f" {count(objectives.routes)} routes, none with an objective", "dim")]
    if alerts is None:
        return cells
    if not alerts.asked:
        cells.append(Cell("   Prometheus and Alertmanager are not configured", "dim"))
        return cells
    numbers = {
        state: sum(alert.state == state for alert in alerts.alerts) for state in ("firing", "pending", "silenced")
    }
    words = ", ".join(f"{count(number)} {state}" for state, number in numbers.items())
    cells.append(Cell(f"   {' and '.join(alerts.asked)}: {words}"))
    cells += [Cell(f"   {problem}", "crit") for problem in alerts.problems]
    if alerts.left_out:
        cells.append(Cell(f"   {count(alerts.left_out)} more alerts left out", "warn"))
    return cells


def _nothing(model: Model) -> str:
    answer = model.get(reading.OBJECTIVES)
    if answer.view is None:
        return f"waiting for the gateway's objectives{f': {answer.problem}' if answer.problem else ''}"
    return no_objectives(answer.view)


def _searched(item: Item) -> str:
    words = [item.route]
    if item.objective is not None:
        words += [goal(item.objective), item.objective.state]
    if item.alert is not None:
        words += [item.alert.name, item.alert.state, item.alert.severity, *item.alert.labels.values()]
    return " ".join(words).casefold()


def _row(item: Item, *, ascii_only: bool) -> GridRow:
    first = (glyph(item.severity, ascii_only=ascii_only),)
    last = (Cell(told(item.change, item.since), "accent"),)
    if item.objective is not None:
        return GridRow(item.key, first + _objective_cells(item, item.objective) + last)
    assert item.alert is not None, "a row is about something"
    return GridRow(item.key, first + _alert_cells(item, item.alert) + last)


def _objective_cells(item: Item, objective: ObjectiveStateView) -> tuple[Cell, ...]:
    is_spent = objective.budget_left is not None and objective.budget_left <= 0
    ends = objective.empty_in_s is not None
    return (
        Cell(objective.state, item.severity),
        Cell(objective.route, "strong" if item.severity == "crit" else "plain"),
        Cell(goal(objective)),
        *(Cell(burn_of(objective, window_s), _heat(objective, window_s)) for window_s in (300, 3_600, 21_600)),
        Cell(left(objective), "crit" if is_spent else "plain"),
        Cell(empty_in(objective), "crit" if is_spent else "warn" if ends else "plain"),
        Cell(time_of_day(item.since), "dim"),
        _about(item.alert) if item.alert is not None else Cell(""),
    )


def _alert_cells(item: Item, alert: Alert) -> tuple[Cell, ...]:
    return (
        Cell(alert.state, item.severity),
        Cell(item.route),
        Cell(alert.name, "strong" if item.severity == "crit" else "plain"),
        *(Cell("") for _ in range(5)),
        Cell(time_of_day(item.since), "dim"),
        _about(alert),
    )


def _about(alert: Alert) -> Cell:
    """`firing`, `silenced to 14:30`."""
    if alert.state == "silenced" and alert.until:
        return Cell(f"muted to {time_of_day(alert.until)[:5]}", "draining")
    return Cell(alert.state, severity_of(alert))


def _heat(objective: ObjectiveStateView, window_s: int) -> Severity:
    burn = next((each for each in objective.burns if each.window_s == window_s), BurnView(window_s=0, seconds=0)).burn
    if burn is None or burn <= _PACE:
        return "plain" if burn else "dim"
    return "crit" if objective.state == "page" else "warn"
