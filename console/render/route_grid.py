"""The routes as rows of a screen, worst first."""

from collections.abc import Callable
from typing import Final

from console.render.amounts import milliseconds, percent, rate
from console.render.cells import Cell, Severity, glyph
from console.render.grid import Grid, GridColumn, GridRow
from console.render.routes import leads_to
from console.state import reading
from console.state.model import Model
from gateway.wire.views import RouteView

_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("ROUTE", 18, grows=True),
    GridColumn("RATE/S", 8, 1, is_number=True),
    GridColumn("5XX", 6, 1, is_number=True),
    GridColumn("P50", 7, 4, is_number=True),
    GridColumn("P95", 7, 3, is_number=True),
    GridColumn("P99", 7, 1, is_number=True),
    GridColumn("LEADS TO", 16, 5),
)
_BAD: Final = 0.01


def route_grid(
    model: Model, wanted: str, sort: Callable[[RouteView], tuple[float | int, ...]], *, ascii_only: bool
) -> Grid:
    """wanted: part of a name; empty for all."""
    view = model.view(reading.ROUTES)
    if view is None:
        return Grid(_COLUMNS, (), "waiting for the gateway's routes" + _why(model))
    routes = [route for route in view.routes if wanted in route.name]
    rows = [_row(route, ascii_only=ascii_only) for route in sorted(routes, key=sort)]
    return Grid(_COLUMNS, rows, f"No route matches {wanted!r}. {len(view.routes)} hidden by the filter")


def _why(model: Model) -> str:
    problem = model.get(reading.ROUTES).problem
    return f": {problem}" if problem else ""


def _row(route: RouteView, *, ascii_only: bool) -> GridRow:
    recent, health = route.recent, health_of(route)
    return GridRow(
        route.name,
        (
            glyph(health, ascii_only=ascii_only),
            Cell(route.name, "strong" if health == "crit" else "plain"),
            Cell(rate(recent.rate)),
            Cell(percent(recent.error_ratio), health if health != "ok" else "plain"),
            Cell(milliseconds(recent.p50_ms)),
            Cell(milliseconds(recent.p95_ms)),
            Cell(milliseconds(recent.p99_ms)),
            Cell(leads_to(route), "dim"),
        ),
    )


def health_of(route: RouteView) -> Severity:
    """By its errors of the window."""
    ratio = route.recent.error_ratio
    if ratio is None:
        return "unknown"
    return "crit" if ratio >= _BAD else "warn" if ratio > 0 else "ok"
