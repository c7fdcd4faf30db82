"""Some lines of cells: figures, bars and plots that are no table."""

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip

from console.render.cells import Cell
from console.widgets.styled import Styled


class CellBlock(Styled):
    """Shows lines of cells; what does not fit is cut. Only lines that changed are painted."""

    DEFAULT_CSS = "CellBlock { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: list[tuple[Cell, ...]] = []

    @property
    def text(self) -> str:
        """All of it, as it reads."""
        return "\n".join("".join(cell.text for cell in line).rstrip() for line in self._lines)

    def show(self, lines: Sequence[Sequence[Cell]]) -> None:
        told = [tuple(line) for line in lines]
        before, self._lines = self._lines, told
        changed = [y for y in range(max(len(told), len(before))) if told[y : y + 1] != before[y : y + 1]]
        regions = [Region(0, y, self.size.width, 1) for y in changed if y < self.size.height]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        styles, width = self.styles_of_cells, self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, styles.plain)
        return Strip(styles.segments(self._lines[y])).adjust_cell_length(width, styles.plain)
