"""A list, and where there is room what is known of the row under the cursor beside it."""

from collections.abc import Sequence
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.timer import Timer

from console.render.cells import Cell
from console.screens.operator_screen import OperatorScreen
from console.state.reading import AnyReading
from console.widgets.cell_block import CellBlock
from console.widgets.live_table import LiveTable

ROOMY: Final = 160
"""Columns from which on both are readable."""
_REST_S: Final = 0.25
"""The cursor has to stay so long on a row before the gateway is asked about it: who moves on is not followed, and at most four
rows are asked about in a second."""


class ListAndDetail(OperatorScreen):
    """Subclasses yield `list_and_detail` from their body, add `readings_beside` to what they ask for, and say what is `beside`."""

    DEFAULT_CSS = """
    ListAndDetail {
        #both { height: 1fr; }
        #list { width: 1fr; height: 100%; }
        #beside { display: none; width: 40%; min-width: 70; height: 100%; margin-left: 1; }
        &.-split #beside { display: block; }
    }
    """

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._followed: str | None = None
        self._rest: Timer | None = None

    def list_and_detail(self) -> ComposeResult:
        with Horizontal(id="both"):
            yield LiveTable(id="list")
            yield CellBlock(id="beside")

    def needed_beside(self, _key: str) -> Sequence[AnyReading]:
        """What is to be asked about a row."""
        raise NotImplementedError

    def beside(self, _key: str, _width: int, _height: int) -> Sequence[Sequence[Cell]]:
        """What is shown of a row, in so many columns and lines."""
        raise NotImplementedError

    @property
    def is_split(self) -> bool:
        """Whether there is room for both, and both are wanted."""
        return self.app.size.width >= ROOMY

    def readings_beside(self) -> Sequence[AnyReading]:
        followed = self._followed
        return self.needed_beside(followed) if self.is_split and followed is not None else ()

    def refresh_all(self) -> None:
        super().refresh_all()
        if self.is_drawable:
            self._show_beside()

    def _show_beside(self) -> None:
        if self.has_class("-split") is not self.is_split:
            self.set_class(self.is_split, "-split")
            self.call_after_refresh(self._show_beside)  # When it has been laid out, and its width is known.
        table, block = self.query_one("#list", LiveTable), self.query_one("#beside", CellBlock)
        if self._followed is None or table.cursor_key is None:
            self._followed = table.cursor_key
        (width, height), key = block.size, self._followed if self.is_split else None
        block.show(self.beside(key, width, height) if key is not None and width else [])
        if self.is_current and self.asked and set(self.readings()) != set(self.asked):
            self.console.screen_shown(self)

    def on_live_table_moved(self, event: LiveTable.Moved) -> None:
        if self._rest is not None:
            self._rest.stop()
        if event.key != self._followed:
            self._rest = self.set_timer(_REST_S, self._follow)

    def _follow(self) -> None:
        if self.is_drawable:
            self._followed = self.query_one("#list", LiveTable).cursor_key
            self._show_beside()

    @on(Resize)
    def split_anew(self) -> None:
        """The width of what is beside is known only once all was laid out."""
        self.call_after_refresh(self.refresh_all)
