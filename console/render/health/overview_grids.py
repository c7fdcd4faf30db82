"""The three lists of the Overview as rows."""

from typing import Final

from console.render.amounts import UNKNOWN, count, milliseconds, percent, rate
from console.render.cells import Cell, glyph
from console.render.grid import Grid, GridColumn, GridRow, fit
from console.render.health.sentences import since, subject, well, what, when, why
from console.state import reading
from console.state.health.attention import MOST
from console.state.health.overview import ChangeRow, calm_for_s, is_spotless, last_changes, worst_routes
from console.state.health.words import Attention, Trend
from console.state.model import Model
from gateway.wire.views import RouteView, StatusView

_ATTENTION: Final = (
    GridColumn("", 1),
    GridColumn("NEEDS ATTENTION", 15),
    GridColumn("IN THE LAST MINUTE", 21, 1, is_prose=True),
    GridColumn("CAUSE", 26, 0, grows=True, is_prose=True),
    GridColumn("SINCE", 9, 2, is_number=True),
    GridColumn("", 1, 3),
)
_CAUSE: Final = 3
ARROWS: Final[dict[Trend, str]] = {"up": "↑", "flat": "→", "down": "↓", "": " "}
ASCII_ARROWS: Final[dict[Trend, str]] = {"up": "^", "flat": "-", "down": "v", "": " "}
_WORST: Final = (
    GridColumn("WORST P99", 14, grows=True),
    GridColumn("RPS", 6, 1, is_number=True),
    GridColumn("P99", 7, is_number=True),
    GridColumn("VS PREV", 7, 2, is_number=True),
)
_CHANGES: Final = (
    GridColumn("CHANGES", 8),
    GridColumn("", 8),
    GridColumn("ERR BEFORE -> AFTER", 16, grows=True),
    GridColumn("BY", 8, 2),
)
_WORSE: Final = 1.5


def attention_grid(model: Model, found: list[Attention], width: int, *, ascii_only: bool) -> Grid:
    """The worst ten, and how many more there are; where there is none, that all is well, or that nothing is known."""
    room = dict(zip(*fit(_ATTENTION, width), strict=True)).get(_CAUSE, 0)
    arrows = ASCII_ARROWS if ascii_only else ARROWS
    rows = [
        GridRow(
            f"{each.kind}:{each.subject}",
            (
                glyph(each.severity, ascii_only=ascii_only),
                Cell(subject(each), "strong" if each.severity == "crit" else "plain"),
                Cell(what(each), each.severity),
                Cell(why(each, room)),
                Cell(since(each, model.now_s), "dim"),
                Cell(arrows[each.trend], "dim"),
            ),
        )
        for each in found[:MOST]
    ]
    note = f"{len(found) - MOST} more" if len(found) > MOST else ""
    return Grid(_ATTENTION, rows, all_well(model), note)


def all_well(model: Model) -> str:
    """What is said where nothing needs attention."""
    status, routes = model.status, model.view(reading.routes(None, model.at_s))
    if status is None or routes is None:
        problem = model.get(reading.routes(None, model.at_s)).problem or model.link.problem
        return f"waiting for the gateway{f': {problem}' if problem else ''}"
    if not any(route.recent.rate for route in routes.routes):
        return no_traffic(model, status)
    change, own = status.last_change, sum(route.slo is not None for route in routes.routes)
    revision = f"rev {change.sequence}" if change is not None else ""
    changed_s = change.age_s if change else None
    return well(
        len(routes.routes), calm_for_s(model), revision, changed_s, objectives=own, is_spotless=is_spotless(model)
    )


def no_traffic(model: Model, status: StatusView) -> str:
    """`0 requests in 1m; listeners 443, 8443 open on 2/2 workers`."""
    ports = ", ".join(listener.address.rpartition(":")[2] for listener in status.listeners)
    serving = sum(worker.state == "serving" for worker in status.workers)
    seconds = status.recent.seconds
    return f"0 requests in {seconds}s; listeners {ports or UNKNOWN} open on {serving}/{len(status.workers)} workers"


def worst_grid(model: Model) -> Grid:
    return Grid(_WORST, [_worst_row(route) for route in worst_routes(model)], "no request yet")


def _worst_row(route: RouteView) -> GridRow:
    recent = route.recent
    return GridRow(
        route.name,
        (
            Cell(route.name),
            Cell(rate(recent.rate)),
            Cell(milliseconds(recent.p99_ms)),
            versus(route.previous.p99_ms if route.previous is not None else None, recent.p99_ms),
        ),
    )


def versus(before: float | None, now: float | None) -> Cell:
    """`x3.2`: how many times what it was."""
    if before is None or now is None or before <= 0:
        return Cell(UNKNOWN, "dim")
    times = now / before
    return Cell(f"x{times:.1f}" if times < 100 else f"x{count(times)}", "warn" if times >= _WORSE else "plain")


def changes_grid(model: Model) -> Grid:
    rows = [_change_row(row, model.now_s) for row in last_changes(model)]
    return Grid(_CHANGES, rows, "no change is remembered")


def _change_row(row: ChangeRow, now_s: float) -> GridRow:
    worse = row.after is not None and row.after > (row.before or 0.0) * _WORSE + 0.001
    effect = f"{percent(row.before)} -> {percent(row.after)}" if row.is_known else UNKNOWN
    who = row.revision.actor or row.revision.trigger
    return GridRow(
        str(row.revision.sequence),
        (Cell(when(row.at_s, now_s)), Cell(f"rev {row.revision.sequence}"), Cell(effect, "warn" if worse else "plain"),
         Cell(f"<- {who}", "dim")),
    )  # fmt: skip
