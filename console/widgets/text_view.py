"""Lines of cells that can be scrolled: what one thing is, from top to bottom."""

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message
from textual.strip import Strip

from console.render.cells import Cell
from console.widgets.styled import Styled

Line: TypeAlias = tuple[Cell, ...]


class TextView(Styled, can_focus=True):
    """Shows the lines it is told; where they are more than fit, keys move over them. Tells when it is wider or narrower."""

    DEFAULT_CSS = "TextView { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll(1)", "down", show=False, id="down"),
        Binding("k,up", "scroll(-1)", "up", show=False, id="up"),
        Binding("ctrl+f,pagedown", "page(1)", "page down", show=False, id="page_down"),
        Binding("ctrl+b,pageup", "page(-1)", "page up", show=False, id="page_up"),
        Binding("g,home", "end(-1)", "first", show=False, id="first"),
        Binding("G,end", "end(1)", "last", show=False, id="last"),
    ]

    class Reshaped(Message):
        """It has another width."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()
        self._top = 0
        self._width = 0

    @property
    def text(self) -> str:
        """All of it, as it reads."""
        return "\n".join("".join(cell.text for cell in line).rstrip() for line in self._lines)

    def show(self, lines: Sequence[Line], *, from_top: bool = False) -> None:
        """from_top: it is about another thing, and begins at its beginning."""
        told = tuple(lines)
        top = 0 if from_top else min(self._top, self._lowest(len(told)))
        if (told, top) != (self._lines, self._top):
            self._lines, self._top = told, top
            self.refresh()

    def _lowest(self, number: int) -> int:
        return max(0, number - self.size.height)

    def _move_to(self, top: int) -> None:
        top = max(0, min(top, self._lowest(len(self._lines))))
        if top != self._top:
            self._top = top
            self.refresh()

    def action_scroll(self, step: int) -> None:
        self._move_to(self._top + step)

    def action_page(self, pages: int) -> None:
        self._move_to(self._top + pages * max(1, self.size.height - 1))

    def action_end(self, side: int) -> None:
        self._move_to(len(self._lines) if side > 0 else 0)

    def on_mouse_scroll_down(self, _event: MouseScrollDown) -> None:
        self._move_to(self._top + 3)

    def on_mouse_scroll_up(self, _event: MouseScrollUp) -> None:
        self._move_to(self._top - 3)

    def on_resize(self, event: Resize) -> None:
        self._move_to(self._top)
        if event.size.width != self._width:
            self._width = event.size.width
            self.post_message(self.Reshaped())

    def render_line(self, y: int) -> Strip:
        styles, width, at = self.styles_of_cells, self.size.width, self._top + y
        if at >= len(self._lines):
            return Strip.blank(width, styles.plain)
        is_cut_above = y == 0 and self._top > 0
        is_cut_below = y == self.size.height - 1 and at < len(self._lines) - 1
        strip = Strip(styles.segments(self._lines[at])).adjust_cell_length(width, styles.plain)
        if is_cut_above or is_cut_below:
            more = at if is_cut_above else len(self._lines) - 1 - at
            mark = Strip(styles.segments([Cell(f" {more} more line{'' if more == 1 else 's'} ", "accent")]))
            room = width - mark.cell_length
            if strip.crop(room - 1).text.strip():  # What the mark would cover is seen to be cut.
                dots = Strip(styles.segments([Cell(" ..")]))
                strip = Strip.join([strip.crop(0, room - dots.cell_length), dots])
            strip = Strip.join([strip.crop(0, room), mark])
        return strip
