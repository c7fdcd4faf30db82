"""In flight: what is running right now, for how long, and what does it wait for?"""

import shlex
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from console.render.cells import Cell
from console.render.traffic.in_flight import in_flight_grid
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.state.traffic.filtering import problem_of
from console.state.traffic.selecting import selection_of
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable


class InFlightScreen(OperatorScreen):
    NAME: ClassVar[str] = "inflight"
    IS_FILTERED_THERE: ClassVar[bool] = True
    HINTS: ClassVar[tuple[str, ...]] = (
        "drill",
        "filter",
        "freeze",
        "live",
        "upstream",
        "explain",
        "back",
        "copy_twin",
        "help",
    )

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        yield LiveTable(id="body")

    def readings(self) -> Sequence[AnyReading]:
        return (reading.in_flight(self.filter),)

    def show(self) -> None:
        answer = self.model.get(reading.in_flight(self.filter))
        grid = in_flight_grid(answer.view, answer.problem)
        self.query_one("#head", CellLine).show((Cell(f" {grid.note}", "dim"),))
        self.query_one(LiveTable).show(grid)

    def request_ids(self) -> Sequence[str]:
        return [row.key for row in self.query_one(LiveTable).grid.rows]

    def filter_problem(self, text: str) -> str:
        return problem_of(text)[1]

    def filter_column(self, text: str) -> int | None:
        return problem_of(text)[0]

    @property
    def selection(self) -> Selection | None:
        key = self.query_one(LiveTable).cursor_key
        view = self.model.view(reading.in_flight(self.filter))
        found = next((each for each in view.exchanges if each.request_id == key), None) if view is not None else None
        return None if found is None else selection_of(found)

    def drill_to(self) -> Destination | None:
        key = self.query_one(LiveTable).cursor_key
        return None if key is None else Destination("request", key)

    def twin(self) -> str:
        return f"sightline inflight {shlex.quote(self.filter)}" if self.filter else "sightline inflight"
