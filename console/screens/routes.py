"""Routes: which is the worst by rate, errors or latency?"""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from console.render.route_grid import route_grid
from console.render.routes import SORTS
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.widgets.live_table import LiveTable


class RoutesScreen(OperatorScreen):
    NAME: ClassVar[str] = "routes"
    SORTS: ClassVar[tuple[str, ...]] = ("errors", "rate", "p99", "requests", "order")

    def body(self) -> ComposeResult:
        yield LiveTable(id="body")

    def readings(self) -> Sequence[AnyReading]:
        return (reading.ROUTES,)

    def show(self) -> None:
        grid = route_grid(self.model, self.filter, SORTS[self.sort], ascii_only=self.console.ascii_only)
        self.query_one(LiveTable).show(self.in_order(grid))

    @property
    def selection(self) -> Selection | None:
        key = self.query_one(LiveTable).cursor_key
        return None if key is None else Selection("route", key, route=key)

    def drill_to(self) -> Destination | None:
        key = self.query_one(LiveTable).cursor_key
        return None if key is None else Destination("route", key)

    def twin(self) -> str:
        return f"sightline routes --sort {self.sort}"
