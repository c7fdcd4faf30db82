"""Requests of one route or endpoint as rows, where there is less room than in Live."""

from collections.abc import Mapping
from typing import Final

from console.render.amounts import UNKNOWN, clock, count, milliseconds, short_clock
from console.render.cells import Cell, Severity, glyph
from console.render.grid import Grid, GridColumn, GridRow
from console.render.table import plain
from console.render.traffic.exchanges import cause
from console.render.traffic.tail_rows import is_slow, severity_of
from console.state.traffic.slowness import SlowLimits
from gateway.wire.live import AccessLine
from gateway.wire.views import ExchangeListView

_COLUMNS: Final = (
    GridColumn("", 1),
    GridColumn("TIME", 8),
    GridColumn("ST", 3, is_number=True),
    GridColumn("FAILED, SLOW OR RETRIED", 23, grows=True),
    GridColumn("LATENCY", 7, is_number=True),
    GridColumn("ENDPOINT", 15, 2),
    GridColumn("BY REASON", 24, 1, grows=True, most=42),
)

NOT_THEN: Final = Grid(_COLUMNS, (), "requests are known of now alone; :now comes back")
"""What is said where another time is looked at."""


def requests_grid(
    lines: Mapping[str, AccessLine],
    answer: ExchangeListView | None,
    problem: str,
    limits: SlowLimits,
    *,
    ascii_only: bool,
) -> Grid:
    """lines: by the key of their row, in the order of the rows; answer: where they are from, None before it came."""
    rows = [_row(key, line, limits.of(line.route), ascii_only=ascii_only) for key, line in lines.items()]
    empty = f"asking the gateway for its requests .. {problem}".strip()
    if answer is not None:
        since = f" since {clock(answer.since)}" if answer.since else ""
        empty = f"none of the {count(answer.scanned)} exchanges kept{since} is one"
    return Grid(_COLUMNS, rows, empty)


def _row(key: str, line: AccessLine, slow_ms: float, *, ascii_only: bool) -> GridRow:
    severity = severity_of(line, slow_ms)
    health: Severity = "ok" if severity == "plain" else severity
    return GridRow(
        key,
        (
            glyph(health, ascii_only=ascii_only),
            Cell(short_clock(line.at), "dim"),
            Cell(str(line.status or UNKNOWN), severity),
            Cell(plain(f"{line.method or UNKNOWN} {line.path}")),
            Cell(milliseconds(line.duration_ms), "warn" if is_slow(line, slow_ms) else "plain"),
            Cell(line.endpoint or UNKNOWN, "dim"),
            Cell(cause(line), severity),
        ),
    )
