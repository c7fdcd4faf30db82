"""One line of cells: the band, the row of screens, a screen's own header."""

from collections.abc import Sequence

from textual.strip import Strip

from console.render.cells import Cell
from console.widgets.styled import Styled


class CellLine(Styled):
    """Shows cells beside each other, `right` at the right edge; what does not fit is cut at the end of the left part."""

    DEFAULT_CSS = "CellLine { height: 1; }"
    FADES = False

    def __init__(self, *, id: str | None = None, is_panel: bool = False) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._left: tuple[Cell, ...] = ()
        self._right: tuple[Cell, ...] = ()
        self._is_panel = is_panel

    @property
    def text(self) -> str:
        """All of it, as it reads."""
        return "".join(cell.text for cell in (*self._left, *self._right))

    def show(self, left: Sequence[Cell], right: Sequence[Cell] = ()) -> None:
        told = tuple(left), tuple(right)
        if told != (self._left, self._right):
            self._left, self._right = told
            self.refresh()

    def render_line(self, y: int) -> Strip:
        styles, width = self.styles_of_cells, self.size.width
        ground = styles.panel if self._is_panel else styles.plain
        segments = styles.on_panel if self._is_panel else styles.segments
        if y:
            return Strip.blank(width, ground)
        right = Strip(segments(self._right))
        room = max(0, width - right.cell_length)
        left = Strip(segments(self._left))
        if right.cell_length and left.cell_length >= room:  # Cut: a blank tells where the other begins.
            left = left.crop(0, max(0, room - 1))
        left = left.adjust_cell_length(room, ground)
        return Strip.join([left, right]).adjust_cell_length(width, ground)
