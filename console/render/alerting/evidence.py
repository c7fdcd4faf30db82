"""Why an objective or an alert is where it is: the counts behind it, since when, after which change, and who was told."""

from console.render.alerting.causes import told
from console.render.alerting.objectives import SEVERITY_OF, empty_in, left
from console.render.alerting.rows import Item, severity_of
from console.render.amounts import age, clock, count, time_of_day
from console.render.cells import Cell
from console.state.alerting.alerts import Alert
from gateway.wire.slo import ObjectiveStateView

_TOO_LONG = "   3d: judged by Prometheus alone"
LINES = 6
"""As many at most."""


def evidence(item: Item | None) -> list[list[Cell]]:
    """Lines of cells about the row under the cursor."""
    if item is None:
        return []
    lines = _of_objective(item.objective) if item.objective is not None else []
    lines += _since(item)
    if item.alert is not None:
        lines += _of_alert(item.alert, is_alone=item.objective is None)
    return lines[:LINES]


def _of_objective(objective: ObjectiveStateView) -> list[list[Cell]]:
    because = f"{objective.state}: {objective.because}" if objective.because else "within its budget by all windows"
    windows = "   ".join(
        f"{age(burn.window_s)} {count(burn.bad)}/{count(burn.good + burn.bad)}" for burn in objective.burns
    )
    lasts = {"now": "nothing is left", "never": "it lasts at this pace", "-": "nothing was judged"}
    end = lasts.get(empty_in(objective), f"empty in {empty_in(objective)}")
    return [
        [Cell(f" {because}", SEVERITY_OF[objective.state])],
        [Cell(f" bad of judged: {windows}"), *([Cell(_TOO_LONG, "dim")] if objective.burns else [])],
        [Cell(f" budget of the last {age(objective.budget_window_s)}: {left(objective)} left, {end}")],
    ]


def _since(item: Item) -> list[list[Cell]]:
    if not item.since:
        return []
    line = [Cell(f" since {time_of_day(item.since)}")]
    if item.change is not None:
        line.append(Cell(f", {told(item.change, item.since)}", "accent"))
        line.append(Cell(f"   {item.change.text}", "dim"))
    return [line]


def _of_alert(alert: Alert, *, is_alone: bool) -> list[list[Cell]]:
    state = f"{alert.state} to {clock(alert.until)} by {alert.silenced_by}" if alert.until else alert.state
    lines = [[Cell(f" {alert.name} ", "strong"), Cell(state, severity_of(alert)), Cell(f"   {alert.summary}")]]
    if is_alone:
        labels = "  ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()) if name != "alertname")
        lines.append([Cell(f" {labels}", "dim")])
        if alert.description:
            lines.append([Cell(f" {alert.description}")])
    if alert.runbook:
        lines.append([Cell(f" {alert.runbook}", "accent")])
    return lines
