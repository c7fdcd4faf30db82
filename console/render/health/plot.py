"""A course as a line, four dots high in each row and two wide in each cell; in ASCII as columns."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from console.render.cells import Cell, Severity

Course: TypeAlias = tuple[str, list[float | None], Callable[[float | None], str]]
"""A title, the values, and how one is told."""

_BLANK: Final = 0x2800
_DOTS: Final = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""By column and by height within a cell, from below."""
_ASCII: Final = " .:|"
GUTTER: Final = 8
"""Cells for the labels at the left; a blank follows."""


def plot(
    title: str,
    values: Sequence[float | None],
    width: int,
    height: int,
    told: Callable[[float | None], str],
    *,
    severity: Severity = "accent",
    ascii_only: bool = False,
) -> list[list[Cell]]:
    """A title line and `height` lines of the course, the largest value at the top and 0 at the bottom.

    values: oldest first; None for a gap. told: a value in words.
    """  # fmt: skip
    known = [value for value in values if value is not None]
    newest = next((value for value in reversed(values) if value is not None), None)
    head = [
        Cell(f" {title} ", "dim"),
        Cell(told(newest), "strong"),
        Cell(f"  most {told(max(known, default=None))}", "dim"),
    ]
    top, room = max(known, default=0.0), max(1, width - GUTTER - 1)
    draw = _columns if ascii_only else _braille
    rows = draw(fitted(values, room if ascii_only else room * 2), room, height, top or 1.0)
    labels = [told(top if known else None), *[""] * (height - 2), "0"] if height > 1 else [told(top if known else None)]
    return [
        head,
        *([Cell(f"{label:>{GUTTER}} ", "dim"), Cell(row, severity)] for label, row in zip(labels, rows, strict=True)),
    ]


def fitted(values: Sequence[float | None], width: int) -> list[float | None]:
    """Exactly so many: the highest of each few where there are more, each held for a while where there are fewer."""
    if not values:
        return [None] * width
    if len(values) <= width:
        return [values[position * len(values) // width] for position in range(width)]
    edges = [position * len(values) // width for position in range(width + 1)]
    return [
        max((value for value in values[edges[each] : edges[each + 1]] if value is not None), default=None)
        for each in range(width)
    ]


def _braille(values: Sequence[float | None], width: int, height: int, top: float) -> list[str]:
    cells = [[0] * width for _ in range(height)]
    highest, before = height * 4 - 1, None
    for position, value in enumerate(values[: width * 2]):
        if value is None:
            before = None
            continue
        level = min(highest, round(value / top * highest))
        for dot in _between(before, level):
            row = height - 1 - dot // 4
            cells[row][position // 2] |= _DOTS[position % 2][dot % 4]
        before = level
    return ["".join(chr(_BLANK + dots) for dots in row) for row in cells]


def _between(before: int | None, level: int) -> range:
    """The heights to be drawn, so that the line has no holes."""
    if before is None or before == level:
        return range(level, level + 1)
    return range(before + 1, level + 1) if before < level else range(level, before)


def _columns(values: Sequence[float | None], width: int, height: int, top: float) -> list[str]:
    rows = []
    for row in range(height):
        floor = (height - 1 - row) / height
        parts = [
            0.0 if value is None else max(0.0, min(1.0, (value / top - floor) * height)) for value in values[:width]
        ]
        rows.append("".join(_ASCII[0 if part <= 0 else max(1, round(part * (len(_ASCII) - 1)))] for part in parts))
    return rows
