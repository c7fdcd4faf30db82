"""Rows that come and go at the bottom: a fixed window onto the newest, drawn line by line, without a scrollbar that would move."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from console.render.cells import Cell
from console.render.grid import Fitted, Grid, GridColumn, GridRow, fit
from console.render.grid_text import grid_text
from console.widgets.row import row_strip
from console.widgets.styled import Styled

_HEADER: Final = 1
_STRIPS: Final = 512


class Numbered(Protocol):
    """A row. Numbers grow, and none is given twice."""

    @property
    def number(self) -> int: ...


R = TypeVar("R", bound=Numbered)


class TailView(Styled, Widget, Generic[R], can_focus=True):
    """Shows the newest rows, oldest on top, until the cursor leaves the last one; then it stays with the cursor's row."""

    DEFAULT_CSS = "TailView { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "newer", show=False, id="down"),
        Binding("k,up", "move(-1)", "older", show=False, id="up"),
        Binding("ctrl+f,pagedown", "page(1)", "page down", show=False, id="page_down"),
        Binding("ctrl+b,pageup", "page(-1)", "page up", show=False, id="page_up"),
        Binding("g,home", "oldest", "oldest", show=False, id="first"),
        Binding("G,end", "follow", "newest", show=False, id="last"),
    ]

    class Moved(Message):
        """The cursor was put on another row, or follows the newest again."""

    def __init__(
        self,
        columns: Sequence[GridColumn],
        cells: Callable[[R], tuple[Cell, ...]],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.marked: int | None = None
        """Position of the column whose title is marked."""
        self.empty: Sequence[str] = ()
        """What is said where there are no rows."""
        self._columns = columns
        self._cells = cells
        self._rows: Sequence[R] = ()
        self._fitted = Fitted((), ())
        self._strips: dict[tuple[int, bool], Strip] = {}
        self._cursor: int | None = None
        """Number of the row it is on; None while it follows the newest."""
        self._top = 0
        self._top_number = 0
        self._seen: tuple[object, ...] = ()

    @property
    def is_following(self) -> bool:
        return self._cursor is None

    @property
    def selected(self) -> R | None:
        """The row under the cursor: while it follows, the newest."""
        return self._rows[self._position()] if self._rows else None

    @property
    def row_text(self) -> str:
        """The row under the cursor, under its titles; empty where there is none."""
        selected = self.selected
        return (
            grid_text(Grid(tuple(self._columns), [GridRow("", self._cells(selected))])) if selected is not None else ""
        )

    def show(self, rows: Sequence[R]) -> None:
        """What there is now, oldest first."""
        self._rows = rows
        self._paint()

    def move_to(self, number: int) -> None:
        """Put the cursor on a row, and follow no more."""
        self._put(number)

    def action_follow(self) -> None:
        self._put(None)

    def action_oldest(self) -> None:
        self._go(0)

    def action_move(self, step: int) -> None:
        self._go(self._position() + step)

    def action_page(self, pages: int) -> None:
        self._go(self._position() + pages * max(1, self._room - 1))

    def on_click(self, event: Click) -> None:
        if event.y >= _HEADER:
            self._go(self._top + event.y - _HEADER)

    def on_resize(self, _event: Resize) -> None:
        self.look_changed()

    def look_changed(self) -> None:
        self._fitted = fit(self._columns, self.size.width)
        self._strips.clear()
        self._seen = ()
        self._paint()

    def render_line(self, y: int) -> Strip:
        width, styles = self.size.width, self.styles_of_cells
        if y < _HEADER:
            titles = [
                Cell(column.title, "accent" if at == self.marked else "dim") for at, column in enumerate(self._columns)
            ]
            return self._strip(tuple(titles), is_cursor=False)
        position = self._top + y - _HEADER
        if position < len(self._rows):
            return self._line(position)
        said = y - _HEADER - 1
        if not self._rows and 0 <= said < len(self.empty):
            told = styles.segments([Cell(f" {self.empty[said]}", "dim")])
            return Strip(told).adjust_cell_length(width, styles.plain)
        return Strip.blank(width, styles.plain)

    @property
    def _room(self) -> int:
        return max(1, self.size.height - _HEADER)

    def _position(self) -> int:
        """Of the cursor; where its row has been forgotten, of the oldest there is."""
        newest = max(0, len(self._rows) - 1)
        return newest if self._cursor is None else min(self._position_of(self._cursor), newest)

    def _position_of(self, number: int) -> int:
        return bisect_left(self._rows, number, key=lambda row: row.number)

    def _go(self, position: int) -> None:
        if not self._rows:
            return
        newest = len(self._rows) - 1
        position = max(0, min(position, newest))
        # To go down from the newest is to follow again.
        self._put(None if position == newest else self._rows[position].number)

    def _put(self, cursor: int | None) -> None:
        if cursor != self._cursor:
            self._cursor = cursor
            self.post_message(self.Moved())
        self._paint()

    def _paint(self) -> None:
        """Draw again if anything is somewhere else: all lines move when one comes."""
        position = self._position()
        highest = max(0, len(self._rows) - self._room)
        top = highest if self._cursor is None else min(self._position_of(self._top_number), highest)
        self._top = max(min(top, position), position - self._room + 1)
        self._top_number = self._rows[self._top].number if self._rows else 0
        newest = self._rows[-1].number if self._rows else 0
        said = () if self._rows else tuple(self.empty)
        seen = (self._top_number, newest, position - self._top, self.marked, said, self.size)
        if seen != self._seen:
            self._seen = seen
            self.refresh()

    def _line(self, position: int) -> Strip:
        row, is_cursor = self._rows[position], position == self._position()
        key = (row.number, is_cursor)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) >= _STRIPS:
                self._strips.clear()
            strip = self._strips[key] = self._strip(self._cells(row), is_cursor=is_cursor)
        return strip

    def _strip(self, cells: Sequence[Cell], *, is_cursor: bool) -> Strip:
        columns = self._columns
        return row_strip(self.styles_of_cells, columns, self._fitted, cells, self.size.width, is_cursor=is_cursor)
