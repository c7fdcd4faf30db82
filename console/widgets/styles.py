"""From what a cell means to how it looks, by the palette in use."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style

from console.render.cells import Cell, Severity
from console.render.palette import PALETTES, Look, Palette, PaletteName


def _style(look: Look, surface: str | None) -> Style:
    return Style(
        color=look.colour, bgcolor=look.background or surface, bold=look.bold or None, dim=look.dim or None,
        reverse=look.reverse or None, underline=look.underline or None,
    )  # fmt: skip


class Styles:
    """Rich styles of one palette; made once, compared by identity."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.plain = Style(color=palette.text, bgcolor=palette.surface)
        self.panel = Style(color=palette.text, bgcolor=palette.panel)
        self._cursor = _style(palette.cursor, palette.surface)
        self._looks = {severity: _style(look, palette.surface) for severity, look in palette.looks.items()}

    def of(self, severity: Severity, *, is_cursor: bool = False) -> Style:
        """Under the cursor the meaning keeps its colour, on the cursor's ground."""
        style = self._looks.get(severity, self.plain)
        if is_cursor:
            return self._cursor + Style(color=style.color, bold=True) if severity in self._looks else self._cursor
        return style

    def segment(self, cell: Cell, *, is_cursor: bool = False) -> Segment:
        return Segment(cell.text, self.of(cell.severity, is_cursor=is_cursor))

    def gap(self, text: str, *, is_cursor: bool = False) -> Segment:
        return Segment(text, self._cursor if is_cursor else self.plain)


@lru_cache(maxsize=8)
def styles_of(palette_name: PaletteName) -> Styles:
    """Of a palette by its name."""
    return Styles(PALETTES[palette_name])
