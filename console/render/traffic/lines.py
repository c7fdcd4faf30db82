"""Pieces that views of one thing are made of: wrapped sentences, named facts, headings."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from console.render.cells import Cell, Severity
from console.render.table import plain

Line: TypeAlias = tuple[Cell, ...]

NAME_WIDTH: Final = 11
BLANK: Final[Line] = ()


def sentence(text: str, width: int, severity: Severity = "plain", indent: int = 1, hanging: int = 0) -> list[Line]:
    """Wrapped to the width. hanging: how much further in all lines but the first begin."""
    room = max(20, width - indent - 1)
    wrapped = textwrap.wrap(plain(text), room, subsequent_indent=" " * hanging, break_on_hyphens=False)
    return [(Cell(" " * indent), Cell(line, severity)) for line in wrapped]


def fact(name: str, text: str, width: int, severity: Severity = "plain") -> list[Line]:
    """A name and what it is, wrapped beside it; nothing where nothing is known."""
    if not text:
        return []
    wrapped = textwrap.wrap(plain(text), max(20, width - NAME_WIDTH - 3), break_on_hyphens=False) or [""]
    names = [name, *[""] * (len(wrapped) - 1)]
    return [
        (Cell(f" {label:<{NAME_WIDTH}} ", "dim"), Cell(line, severity))
        for label, line in zip(names, wrapped, strict=True)
    ]


def heading(text: str, beside: str = "") -> Line:
    return (Cell(f" {text}", "strong"), Cell(f"  {beside}" if beside else "", "dim"))


def text_of(lines: Iterable[Sequence[Cell]]) -> str:
    """For whoever has no screen."""
    return "\n".join(plain("".join(cell.text for cell in line)).rstrip() for line in lines)
