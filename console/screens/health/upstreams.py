"""Upstreams: which endpoint is bad, why, and since when?"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult

from console.render.cells import Cell
from console.render.grid import Grid
from console.render.health.beside import endpoint_beside
from console.render.health.upstream_grid import upstream_grid
from console.screens.list_and_requests import ListAndRequests
from console.state import reading
from console.state.health.endpoint_page import endpoint_page, needed_for_endpoint
from console.state.health.endpoints import FAILED_LATELY, courses_of_endpoints, health_of_endpoints
from console.state.health.looking import upstreams_seen
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.widgets.cell_block import CellBlock


class UpstreamsScreen(ListAndRequests):
    NAME: ClassVar[str] = "upstreams"

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text or subject)
        self._wanted: set[AnyReading] = set()

    def body(self) -> ComposeResult:
        yield CellBlock(id="head")
        yield from self.list_and_detail()

    def readings(self) -> Sequence[AnyReading]:
        look = self.model.window_s, self.model.at_s
        wanted: list[AnyReading] = [reading.upstreams(*look)]
        view = upstreams_seen(self.model)
        if self.model.at_s is None:
            wanted.append(FAILED_LATELY)
            if view is not None:
                wanted += courses_of_endpoints(health_of_endpoints(self.model, view.upstreams))
        wanted = list(dict.fromkeys([*wanted, *self.readings_beside()]))
        self._wanted = set(wanted)
        return wanted

    def needed_beside(self, key: str) -> Sequence[AnyReading]:
        upstream, _, address = key.partition("/")
        return needed_for_endpoint(self.model, upstream, address)

    def beside(self, key: str, width: int, height: int) -> Sequence[Sequence[Cell]]:
        upstream, _, address = key.partition("/")
        page = endpoint_page(self.model, upstream, address)
        if page is None:
            return [[Cell(f" {key} is not there any more", "dim")]]
        return endpoint_beside(page, width, height, self.model.now_s, ascii_only=self.console.ascii_only)

    def show(self) -> None:
        grid = self._grid()
        told = grid.note.splitlines()
        is_wide = self.size.width > len("  ".join(told)) + 1
        head = self.query_one("#head", CellBlock)
        head.styles.height = 1 if is_wide else max(1, len(told))
        head.show([[Cell(f" {line}", "dim")] for line in (["  ".join(told)] if is_wide else told)])
        self.rows.show(self.in_order(grid))
        before = self._wanted
        if self.is_current and before and set(self.readings()) != before:
            self.console.screen_shown(self)

    def _grid(self) -> Grid:
        return upstream_grid(self.model, self.filter, ascii_only=self.console.ascii_only)

    def requests_of(self, key: str) -> Mapping[str, str]:
        upstream, _, address = key.partition("/")
        return {"upstream": upstream, "endpoint": address}

    def selected(self, key: str) -> Selection:
        return selection_of(key)

    def drilled(self, key: str) -> Destination:
        return Destination("endpoint", key)

    def list_twin(self) -> str:
        return "sightline upstreams"


def selection_of(key: str) -> Selection:
    """key: upstream/address."""
    upstream, _, address = key.partition("/")
    return Selection("endpoint", address, upstream=upstream, endpoint=address)
