"""A table that is one of several on a screen: the cursor goes on in the next where one ends."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.widgets.focused_table import FocusedTable


class SectionTable(FocusedTable):
    """The order of sections is that of the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "section(1)", "next list or pane", show=False, id="next_section"),
        Binding("shift+tab", "section(-1)", "list or pane before", show=False, id="section_before"),
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
