"""Rows of a view as text: columns named once, numbers to the right, nothing cut off without saying so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

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
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(_line(columns, line, widths) for line in cells)


def _line(columns: Sequence[Column[T]], cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if column.is_number else cell.ljust(width)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def plain(text: str) -> str:
    """What comes from outside must not move the cursor or break the line."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)
