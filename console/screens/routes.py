"""Routes: which is the worst by rate, errors or latency?"""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console.render.route_grid import route_grid
from console.render.routes import SORTS
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.widgets.live_table import LiveTable


class RoutesScreen(OperatorScreen):
    NAME: ClassVar[str] = "routes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "sort('rate')", "by rate", id="by_rate"),
        Binding("E", "sort('errors')", "by errors", id="by_errors"),
        Binding("L", "sort('p99')", "by latency", id="by_latency"),
    ]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._sort = "errors"

    def body(self) -> ComposeResult:
        yield LiveTable(id="body")

    def readings(self) -> Sequence[AnyReading]:
        return (reading.ROUTES,)

    def show(self) -> None:
        grid = route_grid(self.model, self.filter, SORTS[self._sort], ascii_only=self.console.ascii_only)
        self.query_one(LiveTable).show(grid)

    @property
    def selection(self) -> Selection | None:
        key = self.query_one(LiveTable).cursor_key
        return None if key is None else Selection("route", key, route=key)

    def drill_to(self) -> Destination | None:
        key = self.query_one(LiveTable).cursor_key
        return None if key is None else Destination("route", key)

    def twin(self) -> str:
        return f"sightline routes --sort {self._sort}"

    def action_sort(self, by: str) -> None:
        self._sort = by
        self.refresh_all()
