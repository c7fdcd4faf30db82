"""The routes as rows of a screen."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Final

from console.render.amounts import UNKNOWN, count, milliseconds, percent, rate
from console.render.cells import Cell, Severity, glyph, spark
from console.render.grid import Grid, GridColumn, GridRow
from console.render.health.overview_grids import versus
from console.render.health.tiles import squeezed
from console.render.routes import SORTS, changed_in, leads_to, match_in_words, policies_of
from console.state import reading
from console.state.health.looking import routes_seen
from console.state.health.objectives import error_burn, fails_gravely, is_gravely_late, latency_burn, objective_of
from console.state.model import Model
from gateway.wire.views import RouteView

_SPARK: Final = 12
_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("ROUTE", 16, grows=True, most=48),
    GridColumn("RPS", 7, is_number=True),
    GridColumn("", _SPARK),
    GridColumn("4XX", 6, 5, is_number=True),
    GridColumn("5XX", 6, is_number=True),
    GridColumn("P50", 7, 6, is_number=True),
    GridColumn("P95", 7, 4, is_number=True),
    GridColumn("P99", 7, is_number=True),
    GridColumn("VS PREV", 7, 2, is_number=True),
    GridColumn("SLO LEFT", 8, 3, is_number=True),
    GridColumn("LEADS TO", 16, 7),
    GridColumn("REV", 4, 9, is_number=True),
    GridColumn("POLICIES", 20, 13, is_prose=True),
)
_WIDE: Final = (
    *_COLUMNS,
    GridColumn("P99.9", 7, 8, is_number=True),
    GridColumn("OWN P99", 7, 10, is_number=True),
    GridColumn("RUNNING", 7, 11, is_number=True),
    GridColumn("REQUESTS", 10, 12, is_number=True),
    GridColumn("MATCHES", 30, 14, grows=True),
    GridColumn("DEFINED AT", 20, 15),
)
_OFTEN: Final = 0.05

RouteKey = Callable[[RouteView], tuple[float | int | str, ...]]
ROUTE_SORTS: Final[dict[str, RouteKey]] = {
    "errors": SORTS["errors"],
    "rate": SORTS["rate"],
    "p99": SORTS["p99"],
    "requests": SORTS["requests"],
    "order": SORTS["order"],
    "p99 vs before": lambda route: (-_times(route), route.index),
    "name": lambda route: (route.name,),
    "changed last": lambda route: (-route.changed_in, route.index),
}
"""What the rows can be sorted by, the worst first."""


def route_grid(
    model: Model, wanted: str, routes: Sequence[RouteView], *, is_wide: bool = False, ascii_only: bool = False
) -> Grid:
    """wanted: part of a name, of a match or of an upstream; empty for all. routes: those that have it, in the order to be shown."""
    columns = _WIDE if is_wide else _COLUMNS
    view = routes_seen(model)
    if view is None:
        problem = model.get(reading.routes(model.window_s, model.at_s)).problem
        return Grid(columns, (), f"waiting for the gateway's routes{f': {problem}' if problem else ''}")
    budgets = _budgets(model)
    rows = [_row(route, budgets.get(route.name), is_wide=is_wide, ascii_only=ascii_only) for route in routes]
    return Grid(columns, rows, _nothing(wanted, [route.name for route in view.routes]))


def routes_with(wanted: str, routes: Sequence[RouteView]) -> list[RouteView]:
    """Whose name, match or upstream has it."""
    return [
        route
        for route in routes
        if wanted in route.name or wanted in match_in_words(route) or wanted in leads_to(route)
    ]


def _nothing(wanted: str, names: Sequence[str]) -> str:
    """`No route matches 'ordrs'. Did you mean orders? 42 hidden by filter`."""
    if not names:
        return "the configuration has no route"
    near = get_close_matches(wanted, names, 1, 0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"No route matches {wanted!r}.{hint} {count(len(names))} hidden by filter"


def _budgets(model: Model) -> dict[str, float]:
    """The least that is left, by route."""
    view, least = model.view(reading.OBJECTIVES), dict[str, float]()
    for each in view.objectives if view is not None else ():
        if each.budget_left is not None:
            least[each.route] = min(each.budget_left, least.get(each.route, 1.0))
    return least


def _times(route: RouteView) -> float:
    before = route.previous.p99_ms if route.previous is not None else None
    return route.recent.p99_ms / before if before and route.recent.p99_ms else 0.0


def _row(route: RouteView, budget: float | None, *, is_wide: bool, ascii_only: bool) -> GridRow:
    recent, health = route.recent, health_of(route)
    has_rate = bool(recent.rate)
    before = route.previous.p99_ms if route.previous is not None else None
    cells = [
        glyph(health, ascii_only=ascii_only),
        Cell(route.name, "strong" if health == "crit" else "plain"),
        Cell(rate(recent.rate) if route.is_counted else UNKNOWN, "plain" if has_rate else "dim"),
        Cell(spark(squeezed(route.spark, _SPARK), _SPARK, ascii_only=ascii_only), "accent"),
        Cell(percent(recent.client_error_ratio)),
        Cell(percent(recent.error_ratio), health if recent.error_ratio and health in ("warn", "crit") else "plain"),
        Cell(milliseconds(recent.p50_ms)),
        Cell(milliseconds(recent.p95_ms)),
        Cell(milliseconds(recent.p99_ms)),
        versus(before, recent.p99_ms),
        _left(budget),
        Cell(leads_to(route), "dim"),
        Cell(changed_in(route), "dim"),
        Cell(policies_of(route), "warn" if "faults" in route.policies else "dim"),
    ]
    if is_wide:
        cells += [
            Cell(milliseconds(recent.p999_ms)),
            Cell(milliseconds(recent.overhead_p99_ms)),
            Cell(count(route.traffic.in_flight)),
            Cell(count(route.traffic.requests)),
            Cell(match_in_words(route), "dim"),
            Cell(f"{route.place.file.rpartition('/')[2]}:{route.place.line}", "dim"),
        ]
    return GridRow(route.name, tuple(cells))


def _left(budget: float | None) -> Cell:
    if budget is None:
        return Cell(UNKNOWN, "dim")
    return Cell("spent", "crit") if budget <= 0 else Cell(percent(budget), "warn" if budget < 0.25 else "plain")


def health_of(route: RouteView) -> Severity:
    """By how fast it uses up what its objectives allow, over the window. What fails as often as that is looked at, whatever was
    promised."""
    if route.recent.error_ratio is None:
        return "unknown"
    objective = objective_of(route)
    of_errors, of_latency = error_burn(route.recent.error_ratio, objective), latency_burn(route.recent, objective)
    if fails_gravely(route.recent.error_ratio, objective) or is_gravely_late(route.recent, objective):
        return "crit"
    return "warn" if max(of_errors, of_latency) >= 1.0 or route.recent.error_ratio >= _OFTEN else "ok"
