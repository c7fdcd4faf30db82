"""Requests that no route took, the most frequent first."""

from console.render.amounts import clock, count
from console.render.table import Column, render_table
from gateway.wire.live import UnmatchedListView, UnmatchedView

_COLUMNS = (
    Column[UnmatchedView]("REQUESTS", lambda row: count(row.count), is_number=True),
    Column[UnmatchedView]("REASON", lambda row: row.reason),
    Column[UnmatchedView]("METHOD", lambda row: row.last_method),
    Column[UnmatchedView]("HOST", lambda row: row.host),
    Column[UnmatchedView]("PATH", lambda row: row.path),
    Column[UnmatchedView]("LAST", lambda row: clock(row.last_at)),
)


def render_unmatched(view: UnmatchedListView) -> str:
    """The table, and how much of it is exact. Method and time are those of the last of each."""
    if not view.paths:
        return "every request has found a route so far"
    told = f"{count(view.seen)} requests without a route, of {count(view.distinct)} kinds"
    if not view.is_exact:
        worst = max(row.error for row in view.paths)
        told += f"; rare ones were forgotten, numbers are at most {count(worst)} too high"
    if view.unseen:
        told += f"; {count(view.unseen)} more came too fast to be looked at"
    return f"{render_table(_COLUMNS, view.paths)}\n\n{told}"
