"""A table that is not the only one on its screen: its cursor is seen only while it has the focus."""

from textual.events import Blur, Focus

from console.render.grid import Grid, GridRow
from console.widgets.live_table import LiveTable


class FocusedTable(LiveTable):
    """The keys that move the focus are the screen's, or a subclass's. Until somebody chooses a row in it, its first rows are seen."""

    def show(self, grid: Grid) -> None:
        if not self.has_focus and not self._is_chosen and grid.rows:
            self._cursor = self._top = 0
            self.cursor_key = grid.rows[0].key
        super().show(grid)

    def begin_anew(self) -> None:
        """What is shown next is about something else."""
        self._cursor = self._top = 0
        self._is_chosen = False
        self.cursor_key = None

    def on_focus(self, _event: Focus) -> None:
        self._paint_changes()

    def on_blur(self, _event: Blur) -> None:
        self._paint_changes()

    def _row_at(self, y: int) -> tuple[GridRow, bool] | None:
        found = super()._row_at(y)
        return found if found is None else (found[0], found[1] and self.has_focus)
