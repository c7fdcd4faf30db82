"""Live traffic as rows: each exchange a line, and the line above them that says how much of it this is."""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from console.render.amounts import UNKNOWN, clock_millis, count, milliseconds, percent, rate
from console.render.cells import Cell, Severity, glyph
from console.render.grid import GridColumn
from console.render.table import plain
from console.render.traffic.exchanges import cause
from console.state.tail import Shown, Tail
from gateway.wire.filter.predicate import SLOW_MS
from gateway.wire.live import AccessLine, is_fault

BAR_WIDTH: Final = 8
_NONE: Final = "none"
_TUNNEL: Final = 101


class TailColumn(NamedTuple):
    """A column, and the field of the filter language that its cell is a value of; empty where there is none."""

    column: GridColumn
    field: str
    value: Callable[[AccessLine], str]


COLUMNS: Final = (
    TailColumn(GridColumn("TIME", 12, 3), "", lambda _line: ""),
    TailColumn(GridColumn("", 1), "", lambda _line: ""),
    TailColumn(GridColumn("ST", 3, is_number=True), "status", lambda line: str(line.status)),
    TailColumn(GridColumn("METHOD", 6, 4), "method", lambda line: line.method),
    TailColumn(GridColumn("ROUTE", 10, 2, grows=True, most=28), "route", lambda line: line.route),
    TailColumn(GridColumn("PATH", 16, grows=True), "path", lambda line: line.path),
    TailColumn(GridColumn("LATENCY", 7, is_number=True), "", lambda _line: ""),
    TailColumn(GridColumn("", BAR_WIDTH, 6), "", lambda _line: ""),
    TailColumn(GridColumn("ENDPOINT", 15, 5), "endpoint", lambda line: line.endpoint),
    TailColumn(GridColumn("BY REASON", 24, 1, grows=True, most=42), "reason", lambda line: line.reason),
    TailColumn(GridColumn("CLIENT", 15, 7), "client", lambda line: line.client),
    TailColumn(GridColumn("STANDS FOR", 10, 8, is_number=True), "", lambda _line: ""),
)
GRID_COLUMNS: Final = tuple(each.column for each in COLUMNS)
CHOOSABLE: Final = tuple(position for position, each in enumerate(COLUMNS) if each.field)
"""Positions of the columns that can be filtered by."""


def tail_cells(shown: Shown, slow_ms: float = SLOW_MS, *, ascii_only: bool = False) -> tuple[Cell, ...]:
    """As many as COLUMNS. slow_ms: from when it is slow."""
    line = shown.line
    severity = severity_of(line, slow_ms)
    health: Severity = severity if severity != "plain" else "ok"
    return (
        Cell(clock_millis(line.at), "dim"),
        glyph(health, ascii_only=ascii_only),
        Cell(str(line.status or UNKNOWN), severity),
        Cell(plain(line.method) or UNKNOWN),
        Cell(line.route),
        Cell(plain(line.path)),
        Cell(milliseconds(line.duration_ms), "warn" if is_slow(line, slow_ms) else "plain"),
        Cell(latency_bar(line.duration_ms, ascii_only=ascii_only), "warn" if is_slow(line, slow_ms) else "accent"),
        Cell(line.endpoint or UNKNOWN, "dim"),
        Cell(cause(line), severity),
        Cell(line.client, "dim"),
        Cell(f"{shown.weight:.3g}" if shown.weight != 1.0 else "", "dim"),
    )


def severity_of(line: AccessLine, slow_ms: float = SLOW_MS) -> Severity:
    """An error of the gateway or the upstream is critical; one of the client, a slow or a retried exchange is to be noticed."""
    if is_fault(line):
        return "crit"
    return (
        "warn"
        if line.status >= 400 or line.reason != _NONE or is_slow(line, slow_ms) or len(line.attempts) > 1
        else "plain"
    )


def is_slow(line: AccessLine, slow_ms: float = SLOW_MS) -> bool:
    """slow_ms: what its route promises. A tunnel is not slow for being long."""
    return line.duration_ms > slow_ms and line.status != _TUNNEL


def latency_bar(duration_ms: float, *, ascii_only: bool = False) -> str:
    """Logarithmic: a half of it is some 30 ms, the whole from 3 s on."""
    length = 1 if duration_ms <= 0.5 else min(BAR_WIDTH, max(1, round(2 * math.log10(duration_ms) + 1)))
    return ("=" if ascii_only else "━") * length


def tail_header(tail: Tail, came: int | None, *, is_following: bool) -> tuple[list[Cell], list[Cell]]:
    """`20/s shown of 10 012/s matched (0.2%)  all errors shown  lost 0`, and how the view moves. Rows that came before the
    seconds that are counted are said to be so.

    came: how many have come since the view was frozen; None where it is not.
    """
    state = [Cell("following " if is_following else "F follows ", "dim" if is_following else "accent")]
    if came is not None:
        state = [Cell(f"FROZEN, {count(came)} came since ", "accent")]
    rates = tail.rates()
    if rates is None:
        return [Cell(" counting what comes ..", "dim")], state
    share = percent(min(1.0, rates.shown / rates.matched)) if rates.matched else UNKNOWN
    lost = tail.counts.lost if tail.counts is not None else 0
    lost += tail.missing if not lost else 0
    told = [Cell(f" {rate(rates.shown)}/s", "strong"), Cell(f" shown of {rate(rates.matched)}/s matched ({share})  ")]
    if not rates.matched and tail.rows:
        told = [Cell(" nothing matches now", "strong"), Cell("; what is here came before  ")]
    return [
        *told,
        Cell("all errors shown  " if not lost else "not all errors shown  ", "plain" if not lost else "warn"),
        Cell(f"lost {count(lost)}", "plain" if not lost else "warn"),
        Cell(f"  {rate(rates.scanned)}/s looked at", "dim"),
    ], state
