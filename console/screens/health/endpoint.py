"""One endpoint: how it does, since when, and what happened to it."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.events import Resize

from console.render.cells import Cell
from console.render.grid import Grid
from console.render.health.endpoint_page import endpoint_lines, endpoint_plots, incident_grid
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.health.endpoint_page import endpoint_page, needed_for_endpoint
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.widgets.cell_block import CellBlock
from console.widgets.live_table import LiveTable


class EndpointScreen(OperatorScreen):
    """`subject` is upstream/address."""

    NAME: ClassVar[str] = "endpoint"
    IS_FILTERED: ClassVar[bool] = False
    CSS = "#figures { height: 4; } #plot { height: 2fr; } #incidents { height: 1fr; min-height: 4; }"

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._upstream, _, self._address = subject.partition("/")

    def body(self) -> ComposeResult:
        yield CellBlock(id="figures")
        yield CellBlock(id="plot")
        yield LiveTable(id="incidents")

    def readings(self) -> Sequence[AnyReading]:
        return needed_for_endpoint(self.model, self._upstream, self._address)

    def show(self) -> None:
        model, ascii_only = self.model, self.console.ascii_only
        page = endpoint_page(model, self._upstream, self._address)
        figures, plot = self.query_one("#figures", CellBlock), self.query_one("#plot", CellBlock)
        if page is None:
            figures.show([[Cell(f" {self._absence()}", "dim")]])
            plot.show([])
            self.query_one(LiveTable).show(Grid((), ()))
            return
        told = endpoint_lines(page, model.now_s, ascii_only=ascii_only)
        figures.styles.height = len(told)
        figures.show(told)
        plot.show(endpoint_plots(page, self.size.width, max(2, plot.size.height), ascii_only=ascii_only))
        self.query_one(LiveTable).show(incident_grid(page, model.now_s))

    def _absence(self) -> str:
        answer = self.model.get(reading.upstreams(self.model.window_s, self.model.at_s))
        if answer.view is None:
            return f"waiting for the gateway's upstreams{f': {answer.problem}' if answer.problem else ''}"
        known = [of.address for each in answer.view.upstreams if each.name == self._upstream for of in each.endpoints]
        told = f"it has {', '.join(known[:5])}" if known else "there is no such upstream either"
        return f"upstream {self._upstream!r} has no endpoint {self._address!r}: {told}"

    @property
    def selection(self) -> Selection | None:
        return Selection("endpoint", self._address, upstream=self._upstream, endpoint=self._address)

    def drill_to(self) -> Destination | None:
        return Destination("live", filter=f"endpoint:{self._address} err")

    def twin(self) -> str:
        return f"sightline upstreams {self._upstream}"

    def on_resize(self, _event: Resize) -> None:
        self.call_after_refresh(self.refresh_all)
