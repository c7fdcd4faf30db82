"""Records of the operational log as rows and lines, and what is said where there are none."""

import json
from collections.abc import Sequence
from typing import Any, Final

from console.render.amounts import UNKNOWN, clock, clock_millis, count, counted
from console.render.cells import Cell, Severity, glyph
from console.render.grid import Grid, GridColumn, GridRow
from console.render.table import plain
from console.state.inside.log_book import LogBook, Logged
from gateway.wire.logs import LogLevel, LogRecordView

COLUMNS: Final = (
    GridColumn("TIME", 12, 1),
    GridColumn("", 1),
    GridColumn("LEVEL", 8),
    GridColumn("EVENT", 21),
    GridColumn("WHO", 9, 2),
    GridColumn("WHAT", 24, grows=True, is_prose=True),
    GridColumn("LOGGER", 20, 4),
    GridColumn("NODE", 20, 5),
)
_FIELD_COLUMNS: Final = (GridColumn("FIELD", 18), GridColumn("VALUE", 40, grows=True, is_prose=True))
_SEVERITIES: Final[dict[LogLevel, Severity]] = {
    "debug": "dim", "info": "plain", "warning": "warn", "error": "crit", "critical": "crit",
}  # fmt: skip
_FIRST: Final[tuple[str, ...]] = ("exception", "error", "reason", "text")
"""Fields that say most, which stand before the others."""
_IDS: Final = frozenset({"trace_id", "span_id"})
_LINES: Final = 200


def log_cells(row: Logged, *, ascii_only: bool = False) -> tuple[Cell, ...]:
    """As many as COLUMNS."""
    record = row.record
    severity = _SEVERITIES[record.level]
    return (
        Cell(clock_millis(record.at) if record.at else UNKNOWN, "dim"),
        glyph(severity, ascii_only=ascii_only),
        Cell(record.level, severity),
        Cell(plain(record.event), "strong" if severity in {"warn", "crit"} else "plain"),
        Cell(plain(record.actor), "accent"),
        Cell(details(record)),
        Cell(record.logger, "dim"),
        Cell(record.node, "dim"),
    )


def log_line(record: LogRecordView) -> str:
    """For whoever has no screen: `14:02:31.042  error    worker_died  worker=2 how=SIGKILL`."""
    who = f"  by {plain(record.actor)}" if record.actor else ""
    told = f"{clock_millis(record.at)}  {record.level:<8}  {plain(record.event)}{who}"
    return f"{told}  {details(record)}".rstrip()


def details(record: LogRecordView) -> str:
    """Its fields beside each other, those first that say most; of a traceback the last line. Ids are for who opens the record."""
    names = sorted(record.fields.keys() - _IDS, key=list(record.fields).index)
    names.sort(key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    return "  ".join(f"{plain(name)}={_short(record.fields[name])}" for name in names)


def record_grid(record: LogRecordView) -> Grid:
    """All of one record, a line for each line of its fields."""
    told: list[tuple[str, str]] = [
        ("time", record.at), ("level", record.level), ("event", record.event), ("logger", record.logger),
        ("node", record.node), ("by", record.actor), *((name, text_of(value)) for name, value in record.fields.items()),
    ]  # fmt: skip
    lines = [
        (name if number == 0 else "", line)
        for name, text in told
        if text
        for number, line in enumerate(text.splitlines() or [""])
    ]
    rows = [
        GridRow(str(number), (Cell(plain(name), "dim"), Cell(plain(line)))) for number, (name, line) in enumerate(lines)
    ]
    return Grid(_FIELD_COLUMNS, rows[:_LINES])


def header(
    book: LogBook, shown: Sequence[Logged], came: int | None, *, is_following: bool
) -> tuple[list[Cell], list[Cell]]:
    """How many records there are, what is missing among them, and how the view moves. came: since it was frozen."""
    since = f" since {clock(book.rows[0].record.at)}" if book.rows else ""
    left = [Cell(f" {count(len(shown))}", "strong"), Cell(f" of {count(len(book.rows))} records{since}  ")]
    errors = sum(row.record.level in {"error", "critical"} for row in shown)
    warnings = sum(row.record.level == "warning" for row in shown)
    left += [Cell(f"{counted(errors, 'error')}  ", "crit" if errors else "dim")]
    left += [Cell(f"{counted(warnings, 'warning')}  ", "warn" if warnings else "dim")]
    if book.dropped:
        left.append(Cell(f"{count(book.dropped)} older ones dropped  ", "dim"))
    if book.lost:
        left.append(Cell(f"{count(book.lost)} lost  ", "warn"))
    if came is not None:
        return left, [Cell(f"FROZEN, {count(came)} came since ", "accent")]
    return left, [Cell("following " if is_following else "F follows ", "dim" if is_following else "accent")]


def nothing_said(book: LogBook, asked: str, problem: str) -> list[str]:
    """Why there is no row."""
    if problem and not book.rows:
        return [f"the gateway does not tell its log: {problem}"]
    if not book.is_known and not book.rows:
        return ["waiting for the gateway's log .."]
    if not book.rows:
        return ["the gateway has said nothing yet that it remembers"]
    return [
        f"0 of {count(len(book.rows))} records since {clock(book.rows[0].record.at)} match {asked}",
        "a level stands for itself and all that are worse; words are looked for in every field; esc or an empty filter shows all",
    ]


def text_of(value: Any) -> str:
    """A value as it is read."""
    return value if isinstance(value, str) else json.dumps(value)


def _short(value: Any) -> str:
    lines = text_of(value).splitlines() or [""]
    return plain(lines[-1].strip() if len(lines) > 1 else lines[0])
