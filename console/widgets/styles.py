"""From what a cell means to how it looks, by the palette in use."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from rich.segment import Segment
from rich.style import Style

from console.render.cells import Cell, Severity
from console.render.palette import PALETTES, Look, Palette, PaletteName
from console.render.table import plain

_COLOURED: Final = frozenset({"ok", "warn", "crit", "accent", "dim", "unknown"})
"""That are told from others by their colour, which they keep under the cursor."""
_NO_LINE: Final = Style(underline=False)


def _style(look: Look, palette: Palette, *, is_faded: bool) -> Style:
    return Style(
        color=look.colour or palette.text, bgcolor=look.background or palette.surface, bold=look.bold or None, dim=look.dim or is_faded or None,
        reverse=look.reverse or None, underline=look.underline or None,
    )  # fmt: skip


class Styles:
    """Rich styles of one palette; made once, compared by identity. `is_faded`: of values that are not to be trusted."""

    def __init__(self, palette: Palette, *, is_faded: bool = False) -> None:
        self.palette = palette
        self.plain = Style(color=palette.text, bgcolor=palette.surface, dim=is_faded or None)
        self.panel = Style(color=palette.text, bgcolor=palette.panel)
        self._cursor = _style(palette.cursor, palette, is_faded=is_faded)
        self._looks = {severity: _style(look, palette, is_faded=is_faded) for severity, look in palette.looks.items()}
        self._marks = {
            severity: Style(
                color=style.color, bold=style.bold, dim=style.dim, reverse=style.reverse, underline=style.underline
            )
            for severity, style in self._looks.items()
        }

    def of(self, severity: Severity, *, is_cursor: bool = False) -> Style:
        """Under the cursor the meaning keeps its colour, on the cursor's ground. Where that is turned round, a colour would be the ground, and
        a spark look like its opposite: there the meaning keeps its weight and its line."""
        style = self._looks.get(severity, self.plain)
        if is_cursor and severity in _COLOURED:
            kept = Style(underline=style.underline) if self.palette.cursor.reverse else Style(color=style.color)
            return self._cursor + kept + Style(bold=True)
        return self._cursor if is_cursor else style

    def segments(self, cells: Iterable[Cell]) -> list[Segment]:
        return [each for cell in cells for each in _segments(cell, self.of(cell.severity), self.plain)]

    def on_panel(self, cells: Iterable[Cell]) -> list[Segment]:
        """For the frame, which has a ground of its own."""
        styled = ((cell, self._marks.get(cell.severity)) for cell in cells)
        return [
            each for cell, mark in styled
            for each in _segments(cell, self.panel if mark is None else self.panel + mark, self.panel)
        ]  # fmt: skip

    def gap(self, text: str, *, is_cursor: bool = False) -> Segment:
        return Segment(text, self._cursor if is_cursor else self.plain)


def lined(text: str, style: Style) -> Style:
    """Words are underlined, and not what is drawn: a line under each row of a plot would be taken for the plot."""
    return style + _NO_LINE if style.underline and not any(map(str.isalnum, text)) else style


def pieces(text: str, look: Style, ground: Style) -> list[tuple[str, Style]]:
    """The text, and where it is underlined the blanks around it apart: they are not."""
    core = text.strip()
    if not look.underline or core == text:
        return [(text, look)]
    start = text.index(core) if core else len(text)
    parts = [(text[:start], ground), (core, look), (text[start + len(core) :], ground)]
    return [part for part in parts if part[0]]


def _segments(cell: Cell, style: Style, ground: Style) -> list[Segment]:
    text = plain(cell.text)
    return [Segment(part, look) for part, look in pieces(text, lined(text, style), ground)]


@lru_cache(maxsize=16)
def styles_of(palette_name: PaletteName, *, is_faded: bool = False) -> Styles:
    """Of a palette by its name."""
    return Styles(PALETTES[palette_name], is_faded=is_faded)
