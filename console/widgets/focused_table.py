"""A table that is not the only one on its screen: its cursor is seen only while it has the focus."""

from textual.events import Blur, Focus

from console.render.grid import GridRow
from console.widgets.live_table import LiveTable


class FocusedTable(LiveTable):
    """The keys that move the focus are the screen's, or a subclass's."""

    def on_focus(self, _event: Focus) -> None:
        self._paint_changes()

    def on_blur(self, _event: Blur) -> None:
        self._paint_changes()

    def _row_at(self, y: int) -> tuple[GridRow, bool] | None:
        found = super()._row_at(y)
        return found if found is None else (found[0], found[1] and self.has_focus)
