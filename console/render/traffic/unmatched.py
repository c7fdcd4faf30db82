"""Requests that no route took, the most frequent first."""

from typing import Final

from console.render.amounts import count, short_clock
from console.render.cells import Cell
from console.render.grid import Grid, GridColumn, GridRow
from console.render.table import plain
from gateway.wire.live import UnmatchedListView, UnmatchedView

_COLUMNS: Final = (
    GridColumn("REQUESTS", 9, is_number=True),
    GridColumn("REASON", 18, 2),
    GridColumn("METHOD", 7, 1),
    GridColumn("HOST", 16, 1, grows=True, most=40),
    GridColumn("PATH", 24, grows=True),
    GridColumn("LAST", 8, 1),
)
_BETWEEN: Final = "\x1f"


def unmatched_grid(view: UnmatchedListView | None, wanted: str = "", problem: str = "") -> Grid:
    """The table, and how much of it is exact. Method and time are those of the last of each. wanted: part of host or path."""
    if view is None:
        return Grid(_COLUMNS, (), f"asking the gateway for requests without a route{f': {problem}' if problem else ''}")
    if not view.paths:
        return Grid(_COLUMNS, (), "every request has found a route so far")
    shown = [row for row in view.paths if wanted in f"{row.host}{row.path}"]
    return Grid(
        _COLUMNS, [_row(row) for row in shown], f"none of {count(len(view.paths))} paths has {wanted!r}", _told(view)
    )


def _told(view: UnmatchedListView) -> str:
    told = f"{count(view.seen)} requests without a route, of {count(view.distinct)} kinds"
    if not view.is_exact:
        worst = max(row.error for row in view.paths)
        told += f"; rare ones were forgotten, numbers are at most {count(worst)} too high"
    if view.unseen:
        told += f"; {count(view.unseen)} more came too fast to be looked at"
    return told


def _row(row: UnmatchedView) -> GridRow:
    return GridRow(
        _BETWEEN.join((row.host, row.path, row.reason)),
        (
            Cell(count(row.count), "strong"),
            Cell(row.reason, "warn"),
            Cell(plain(row.last_method)),
            Cell(plain(row.host)),
            Cell(plain(row.path)),
            Cell(short_clock(row.last_at), "dim"),
        ),
    )


def split_key(key: str) -> tuple[str, str, str]:
    """Host, path and reason of a row."""
    host, path, reason = key.split(_BETWEEN)
    return host, path, reason
