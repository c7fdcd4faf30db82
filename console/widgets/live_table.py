"""A table that is told its rows again and again: only lines that changed are painted, and the cursor stays on its row."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from console.render.cells import Cell
from console.render.grid import Fitted, Grid, GridRow, fit
from console.render.grid_text import grid_text
from console.widgets.row import row_strip
from console.widgets.styled import Styled

_HEADER: Final = 1


class LiveTable(Styled, Widget, can_focus=True):
    """Shows a Grid. `cursor_key` is the key of the selected row, or None while there is none."""

    DEFAULT_CSS = "LiveTable { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "down", show=False, id="down"),
        Binding("k,up", "move(-1)", "up", show=False, id="up"),
        Binding("ctrl+f,pagedown", "page(1)", "page down", show=False, id="page_down"),
        Binding("ctrl+b,pageup", "page(-1)", "page up", show=False, id="page_up"),
        Binding("g,home", "end(-1)", "first", show=False, id="first"),
        Binding("G,end", "end(1)", "last", show=False, id="last"),
    ]

    cursor_key: reactive[str | None] = reactive(None, repaint=False)

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, table: "LiveTable", key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "LiveTable":
            return self.table

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._grid = Grid((), ())
        self._fitted = Fitted((), ())
        self._drawn: list[tuple[GridRow, bool] | None] = []
        self._strips: dict[int, Strip] = {}
        self._top = 0
        self._cursor = 0
        self._is_chosen = False

    @property
    def grid(self) -> Grid:
        return self._grid

    def show(self, grid: Grid) -> None:
        """Other rows, or other values in them. The cursor stays on its key; if that is gone, where it was."""
        is_new_shape = grid.columns != self._grid.columns or bool(grid.rows) != bool(self._grid.rows)
        is_new_shape = is_new_shape or (not grid.rows and grid.empty != self._grid.empty)
        self._grid = grid
        keys = [row.key for row in grid.rows]
        if self.cursor_key in keys:
            self._cursor = keys.index(self.cursor_key)
        else:
            self._cursor = min(self._cursor, max(0, len(keys) - 1))
        self._set_cursor_key()
        self._keep_in_view()
        if is_new_shape:
            self._lay_out()
        self._paint_changes()

    @property
    def row_text(self) -> str:
        """The row under the cursor, under its titles; empty where there is none."""
        grid = self._grid
        return grid_text(Grid(grid.columns, [grid.rows[self._cursor]])) if grid.rows else ""

    def to_the_first(self) -> None:
        """Another order was asked for: to the row that is first in it, unless the operator has chosen one."""
        if not self._is_chosen:
            self._go(0)

    def move_to(self, key: str, *, at_top: bool = False) -> None:
        """Put the cursor on a row, if it is there. at_top: what follows it is to be seen too."""
        for position, row in enumerate(self._grid.rows):
            if row.key == key:
                if at_top:
                    self._top = position
                self._go(position)
                return

    def move_to_match(self, text: str, step: int) -> bool:
        """To the next row one of whose cells has that text, or the one before (-1); round the end. False if there is none."""
        count = len(self._grid.rows)
        for distance in range(1, count + 1):
            position = (self._cursor + step * distance) % count
            if any(text in cell.text for cell in self._grid.rows[position].cells):
                self._go(position)
                return True
        return False

    def action_move(self, step: int) -> None:
        self._go(self._cursor + step)

    def action_page(self, pages: int) -> None:
        self._go(self._cursor + pages * max(1, self._room - 1))

    def action_end(self, side: int) -> None:
        self._go(len(self._grid.rows) - 1 if side > 0 else 0)

    def on_resize(self, _event: Resize) -> None:
        self._keep_in_view()
        self._lay_out()

    def on_click(self, event: Click) -> None:
        self._go(self._top + event.y - _HEADER)

    def render_line(self, y: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._draw(y)
        return strip

    @property
    def _room(self) -> int:
        return max(1, self.size.height - _HEADER)

    def _go(self, position: int) -> None:
        if not self._grid.rows:
            return
        self._cursor = max(0, min(position, len(self._grid.rows) - 1))
        self._is_chosen = self._cursor > 0
        self._set_cursor_key()
        self._keep_in_view()
        self._paint_changes()

    def _set_cursor_key(self) -> None:
        key = self._grid.rows[self._cursor].key if self._grid.rows else None
        if key != self.cursor_key:
            self.cursor_key = key
            self.post_message(self.Moved(self, key))

    def _keep_in_view(self) -> None:
        highest = max(0, len(self._grid.rows) - self._room)
        self._top = min(self._top, highest, self._cursor)
        self._top = max(self._top, self._cursor - self._room + 1)

    def _lay_out(self) -> None:
        """Everything is somewhere else."""
        self._fitted = fit(self._grid.columns, self.size.width)
        self._strips.clear()
        self._drawn = [self._row_at(y) for y in range(self.size.height)]
        self.refresh()

    def look_changed(self) -> None:
        self._lay_out()

    def _row_at(self, y: int) -> tuple[GridRow, bool] | None:
        position = self._top + y - _HEADER
        if y < _HEADER or position >= len(self._grid.rows):
            return None
        return self._grid.rows[position], position == self._cursor

    def _paint_changes(self) -> None:
        drawn, height = self._drawn, self.size.height
        if len(drawn) != height:
            self._lay_out()
            return
        changed = []
        for y in range(height):
            row = self._row_at(y)
            if row != drawn[y]:
                drawn[y] = row
                self._strips.pop(y, None)
                changed.append(Region(0, y, self.size.width, 1))
        if changed:
            self.refresh(*changed)

    def _draw(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            titles = [Cell(column.title, "dim") for column in self._grid.columns]
            return self._strip(titles, is_cursor=False)
        found = self._row_at(y)
        if found is not None:
            row, is_cursor = found
            return self._strip(row.cells, is_cursor=is_cursor)
        if not self._grid.rows and y == _HEADER + 1:
            return Strip(self.styles_of_cells.segments([Cell(f" {self._grid.empty}", "dim")])).adjust_cell_length(
                width, self.styles_of_cells.plain
            )
        return Strip.blank(width, self.styles_of_cells.plain)

    def _strip(self, cells: Sequence[Cell], *, is_cursor: bool) -> Strip:
        columns = self._grid.columns
        return row_strip(self.styles_of_cells, columns, self._fitted, cells, self.size.width, is_cursor=is_cursor)
