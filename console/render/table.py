"""Rows of a view as text: columns named once, numbers to the right, nothing cut off without saying so."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from unicodedata import combining, east_asian_width

T = TypeVar("T")


@dataclass(frozen=True)
class Column(Generic[T]):
    """`cell` gives the text of a row. `is_number` aligns to the right."""

    title: str
    cell: Callable[[T], str]
    is_number: bool = False


def render_table(columns: Sequence[Column[T]], rows: Sequence[T]) -> str:
    """The titles and a line for each row, each column as wide as its widest cell; lines have no spaces at their ends."""
    cells = [[column.title for column in columns], *([plain(column.cell(row)) for column in columns] for row in rows)]
    widths = [max(width_of(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(_line(columns, line, widths) for line in cells)


def _line(columns: Sequence[Column[T]], cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        padded_to(width, cell, is_number=column.is_number)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def padded_to(width: int, text: str, *, is_number: bool = False) -> str:
    """With blanks, of numbers in front. The width is in cells of a terminal."""
    blanks = " " * (width - width_of(text))
    return blanks + text if is_number else text + blanks


def width_of(text: str) -> int:
    """Cells it takes in a terminal: a letter of an eastern script takes two, an accent none."""
    if text.isascii() or not _ODD.search(text):
        return len(text)
    return sum(cells_of(each) for each in text)


def cells_of(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1


_ODD: Final = re.compile("[^\x00-\u02ff\u2010-\u20cf\u2190-\u2319\u2500-\u25fc]")
"""What may take more or less than one cell. Bars, signs and letters of the west are none of it, and are looked at no further."""


def plain(text: str) -> str:
    """What comes from outside must not move the cursor or break the line."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def plain_lines(text: str) -> str:
    """The same for what has lines."""
    return text if text.isprintable() else "\n".join(plain(line) for line in text.split("\n"))
