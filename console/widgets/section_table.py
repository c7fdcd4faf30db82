"""A table that is one of several on a screen: the cursor goes on in the next where one ends, and is seen in one of them only."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Blur, Focus

from console.render.grid import GridRow
from console.widgets.live_table import LiveTable


class SectionTable(LiveTable):
    """The order of sections is that of the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "section(1)", "next list", show=False, id="next_section"),
        Binding("shift+tab", "section(-1)", "list before", show=False, id="section_before"),
    ]

    def action_move(self, step: int) -> None:
        before = self.cursor_key
        super().action_move(step)
        if self.cursor_key == before:
            self.action_section(step)

    def action_section(self, step: int) -> None:
        if step > 0:
            self.screen.focus_next(SectionTable)
        else:
            self.screen.focus_previous(SectionTable)

    def on_focus(self, _event: Focus) -> None:
        self._paint_changes()

    def on_blur(self, _event: Blur) -> None:
        self._paint_changes()

    def _row_at(self, y: int) -> tuple[GridRow, bool] | None:
        found = super()._row_at(y)
        return found if found is None else (found[0], found[1] and self.has_focus)
