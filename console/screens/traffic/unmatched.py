"""Unmatched: where do requests go that no route takes?"""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from console.render.cells import Cell
from console.render.traffic.unmatched import split_key, unmatched_grid
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.state.traffic.filtering import narrowed
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable


class UnmatchedScreen(OperatorScreen):
    NAME: ClassVar[str] = "unmatched"
    HINTS: ClassVar[tuple[str, ...]] = ("drill", "explain", "filter", "freeze", "back", "copy_twin", "help")

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        yield LiveTable(id="body")

    def readings(self) -> Sequence[AnyReading]:
        return (reading.UNMATCHED,)

    def show(self) -> None:
        answer = self.model.get(reading.UNMATCHED)
        grid = unmatched_grid(answer.view, self.filter, answer.problem)
        self.query_one("#head", CellLine).show((Cell(f" {grid.note}", "dim"),))
        self.query_one(LiveTable).show(grid)

    def drill_to(self) -> Destination | None:
        """Those that came just now, in the tail."""
        key = self.query_one(LiveTable).cursor_key
        if key is None:
            return None
        host, path, reason = split_key(key)
        wanted = narrowed(narrowed("", "reason", reason), "host", host)
        start = path.split("*", 1)[0]
        return Destination("live", filter=f'{wanted} path~"^{_escaped(start)}"' if start != "/" else wanted)

    @property
    def selection(self) -> Selection | None:
        key = self.query_one(LiveTable).cursor_key
        if key is None:
            return None
        host, path, _ = split_key(key)
        return Selection("unmatched", f"http://{host}{path}")

    def pivot_to(self, where: str) -> Destination | None:
        key = self.query_one(LiveTable).cursor_key
        if where in {"live", "failing"}:
            return self.drill_to()
        if where != "explain" or key is None:
            return None
        host, path, _ = split_key(key)
        return Destination("explain", f"GET http://{host}{path.replace('*', '1')}")


def _escaped(text: str) -> str:
    return "".join(character if character.isalnum() or character in "/_-" else "." for character in text)
