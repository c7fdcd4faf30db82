"""Exchanges that run, the oldest first."""

from typing import Final

from console.render.amounts import UNKNOWN, count, milliseconds, size
from console.render.cells import Cell, Severity
from console.render.grid import Grid, GridColumn, GridRow
from console.render.table import plain
from gateway.wire.filter.predicate import SLOW_MS
from gateway.wire.live import InFlightListView, InFlightView

_COLUMNS: Final = (
    GridColumn("AGE", 7, is_number=True),
    GridColumn("WAITS FOR", 12),
    GridColumn("ROUTE", 12, 1, grows=True, most=28),
    GridColumn("METHOD", 6, 2),
    GridColumn("PATH", 18, grows=True),
    GridColumn("CLIENT", 15, 5),
    GridColumn("ENDPOINT", 15, 1),
    GridColumn("TRY", 3, 3, is_number=True),
    GridColumn("ST", 3, 3, is_number=True),
    GridColumn("IN", 7, 4, is_number=True),
    GridColumn("OUT", 7, 4, is_number=True),
    GridColumn("WORKER", 6, 6, is_number=True),
    GridColumn("REQUEST", 32, 7),
)
_TUNNEL: Final = "tunnel"


def in_flight_grid(view: InFlightListView | None, problem: str = "") -> Grid:
    """The table, and how many more there are."""
    if view is None:
        return Grid(_COLUMNS, (), f"asking the workers what runs{f': {problem}' if problem else ' ..'}")
    told = f"{count(view.total)} running, {count(len(view.exchanges))} shown"
    if view.filter:
        told += f", filter {view.filter} asked of {count(view.known)}"
    if not view.is_complete:
        told += "; younger than a second are left out"
    return Grid(_COLUMNS, [_row(row) for row in view.exchanges], told, told)


def _row(row: InFlightView) -> GridRow:
    waits: Severity = "warn" if row.age_ms > SLOW_MS and row.phase != _TUNNEL else "plain"
    return GridRow(
        row.request_id,
        (
            Cell(milliseconds(row.age_ms), waits),
            Cell(row.phase.replace("_", " "), waits),
            Cell(row.route or UNKNOWN),
            Cell(plain(row.method)),
            Cell(plain(row.path)),
            Cell(row.client, "dim"),
            Cell(row.endpoint or UNKNOWN),
            Cell(count(row.attempt), "warn" if row.attempt > 1 else "plain"),
            Cell(str(row.status) if row.status else UNKNOWN, "dim"),
            Cell(size(row.bytes_in), "dim"),
            Cell(size(row.bytes_out), "dim"),
            Cell(str(row.worker), "dim"),
            Cell(row.request_id, "dim"),
        ),
    )
