"""A table as values: columns, rows and how they fit a width. Widgets draw it, and nothing here knows how."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from console.render.cells import Cell
from console.render.table import cells_of, padded_to, plain, width_of

_ELLIPSIS: Final = ".."
_GAP: Final = 1


class GridColumn(NamedTuple):
    """`width`: cells it takes; with `grows` at least that, and its share of what is left over. `priority`: columns with the highest
    number go first when there is no room."""

    title: str
    width: int
    priority: int = 0
    is_number: bool = False
    grows: bool = False
    is_prose: bool = False
    """Sentences: cut at their end, where names are cut in the middle."""
    most: int = 0
    """It does not grow beyond; 0 for no end."""


class GridRow(NamedTuple):
    """`key` names the object for as long as it lives, so that the cursor can stay on it. As many cells as columns."""

    key: str
    cells: tuple[Cell, ...]


class Grid(NamedTuple):
    """`empty`: what is said where there are no rows: what was searched, and how much. `note`: one line about what is not shown."""

    columns: tuple[GridColumn, ...]
    rows: Sequence[GridRow]
    empty: str = ""
    note: str = ""


class Fitted(NamedTuple):
    """Positions of the columns there is room for, and the width of each."""

    positions: tuple[int, ...]
    widths: tuple[int, ...]


def fit(columns: Sequence[GridColumn], width: int) -> Fitted:
    """Drop columns of the highest priority number, the rightmost first, until the rest fits; growing ones share what is left."""
    kept = list(range(len(columns)))
    while len(kept) > 1 and _needed(columns, kept) > width:
        worst = max(kept, key=lambda position: (columns[position].priority, position))
        kept.remove(worst)
    left = max(0, width - _needed(columns, kept))
    growing = [position for position in kept if columns[position].grows]
    # Those that take less than their share leave the rest to the others.
    growing.sort(key=lambda position: columns[position].most or math.inf)
    widths = {position: columns[position].width for position in kept}
    for turn, position in enumerate(growing):
        share = left // (len(growing) - turn)
        if columns[position].most:
            share = min(share, max(0, columns[position].most - columns[position].width))
        widths[position] += share
        left -= share
    return Fitted(tuple(kept), tuple(widths[position] for position in kept))


def _needed(columns: Sequence[GridColumn], kept: Sequence[int]) -> int:
    return sum(columns[position].width for position in kept) + _GAP * (len(kept) - 1)


def shorten(text: str, width: int) -> str:
    """In the middle, so that names which end differently stay apart: `orders-v2..-canary`."""
    if width_of(text) <= width:
        return text
    if width <= len(_ELLIPSIS):
        return _first(text, width)
    left = (width - len(_ELLIPSIS) + 1) // 2
    right = width - len(_ELLIPSIS) - left
    return _first(text, left) + _ELLIPSIS + _last(text, right)


def cut(text: str, width: int) -> str:
    """At the end."""
    return (
        text if width_of(text) <= width else _first(text, max(0, width - len(_ELLIPSIS))) + _ELLIPSIS[: max(0, width)]
    )


def place(cell: Cell, width: int, *, is_number: bool, is_prose: bool = False) -> Cell:
    """The cell, exactly so wide; what comes from outside and would move the cursor or change its colour is not in it."""
    text = plain(cell.text)
    text = cut(text, width) if is_prose else shorten(text, width)
    return Cell(padded_to(width, text, is_number=is_number), cell.severity)


def _first(text: str, width: int) -> str:
    """As much of it as fits."""
    if text.isascii():
        return text[:width]
    used = 0
    for at, each in enumerate(text):
        used += cells_of(each)
        if used > width:
            return text[:at]
    return text


def _last(text: str, width: int) -> str:
    return text[len(text) - len(_first(text[::-1], width)) :]
