"""Errors over time in one row, and under it, on the same axis, when something changed."""

from collections.abc import Sequence
from typing import Final

from console.render.amounts import age, percent
from console.render.cells import Cell, Severity, spark
from console.state.changing.timeline import Change, seconds
from gateway.wire.history import HistoryView

_MARKS: Final[dict[str, tuple[str, str]]] = {
    "revision": ("▲", "^"),
    "crit": ("✖", "x"),
    "draining": ("◆", "d"),
    "plain": ("·", "."),
}
_ORDER: Final = ("plain", "draining", "crit", "revision")
"""What is seen where several fall into one cell: the last of these."""


def error_strip(
    history: HistoryView | None, changes: Sequence[Change], severities: Sequence[Severity], width: int, *,
    selected: str = "", ascii_only: bool = False,
) -> tuple[list[Cell], list[Cell]]:  # fmt: skip
    """Two lines of so many cells. severities: of each change."""
    if history is None or width < 1:
        return [Cell(" errors: waiting for the gateway's history", "dim")], [Cell("")]
    begin_s, end_s = seconds(history.start), seconds(history.end)
    span_s = max(1.0, end_s - begin_s)
    ratios = [0.0] * width
    for point in history.points:
        at = _cell(seconds(point.at), begin_s, span_s, width)
        if at is not None:
            ratios[at] = max(ratios[at], point.error_ratio or 0.0)
    highest = max(ratios)
    lead = f" err, highest {percent(highest)} of {age(span_s)}  "
    room = max(1, width - len(lead))
    shrunk = [
        max(ratios[at * width // room : max((at + 1) * width // room, at * width // room + 1)]) for at in range(room)
    ]
    bars = [Cell(lead, "dim"), Cell(spark(shrunk, room, ascii_only=ascii_only), "crit" if highest else "dim")]
    marks = list[tuple[str, str]]([("", "")] * room)
    for change, severity in zip(changes, severities, strict=True):
        at = _cell(change.at_s, begin_s, span_s, room)
        if at is not None and _outranks((kind := _kind_of(change, severity)), change.key, marks[at], selected):
            marks[at] = (kind, change.key)
    cells = [Cell(" " * len(lead))]
    for kind, key in marks:
        sign = _MARKS[kind][ascii_only] if kind else " "
        cells.append(Cell(sign, "accent" if key and key == selected else _severity(kind)))
    return bars, cells


def _kind_of(change: Change, severity: Severity) -> str:
    if change.revision is not None:
        return "revision"
    return severity if severity in _MARKS else "plain"


def _outranks(kind: str, key: str, there: tuple[str, str], selected: str) -> bool:
    """What is selected is always seen."""
    if key == selected or not there[0]:
        return True
    return there[1] != selected and _ORDER.index(kind) > _ORDER.index(there[0])


def _cell(at_s: float, begin_s: float, span_s: float, width: int) -> int | None:
    at = int((at_s - begin_s) / span_s * width)
    return at if 0 <= at < width else None


def _severity(kind: str) -> Severity:
    return "crit" if kind == "crit" else "strong" if kind == "revision" else "dim"
