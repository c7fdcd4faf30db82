"""One route: why is it slow, why does it fail?"""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize

from console.render.cells import Cell
from console.render.grid import Grid
from console.render.health.route_page import (
    COMPARED_IN,
    HEAD,
    absence,
    comparison_grid,
    comparison_told,
    endpoint_grid,
    head_lines,
    plots,
    settings_grid,
)
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.health.route_page import RoutePage, needed_for_route, route_page
from console.state.reading import AnyReading
from console.state.selection import COMPARED, Destination, Selection
from console.widgets.cell_block import CellBlock
from console.widgets.section_table import SectionTable
from gateway.wire.views import RouteListView

_MOST_ENDPOINTS: Final = 6


class RouteDetailScreen(OperatorScreen):
    """`subject` is the route's name."""

    NAME: ClassVar[str] = "route"
    IS_FILTERED: ClassVar[bool] = False
    HINTS: ClassVar[tuple[str, ...]] = (
        "drill", "failing", "live", "traces", "upstream", "changes", "explain", "compare", "act", "copy_twin", "help",
    )  # fmt: skip
    CSS = f"""
    #verdict {{ height: {HEAD}; }}
    #endpoints {{ height: 3; }}
    #rest {{ height: 1fr; }}
    #plot {{ width: 1fr; height: 100%; margin-right: 1; }}
    #settings {{ width: 1fr; height: 100%; }}
    """

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject)
        self._compares = filter_text == COMPARED
        self._wanted: set[AnyReading] = set()

    def body(self) -> ComposeResult:
        yield CellBlock(id="verdict")
        yield SectionTable(id="endpoints")
        with Horizontal(id="rest"):
            yield CellBlock(id="plot")
            yield SectionTable(id="settings")

    def readings(self) -> Sequence[AnyReading]:
        wanted = needed_for_route(self.model, self.subject)
        self._wanted = set(wanted)
        return wanted

    def show(self) -> None:
        page = route_page(self.model, self.subject)
        if page is None:
            self._show_absence()
        else:
            self._show_page(page)
        before = self._wanted
        if self.is_current and before and set(self.readings()) != before:
            self.console.screen_shown(self)

    def _show_page(self, page: RoutePage) -> None:
        width, ascii_only = self.size.width, self.console.ascii_only
        head = head_lines(page, width, self.model.now_s, ascii_only=ascii_only)
        verdict = self.query_one("#verdict", CellBlock)
        verdict.styles.height = len(head)
        verdict.show(head)
        endpoints = self.query_one("#endpoints", SectionTable)
        endpoints.styles.height = 1 + max(2, min(len(page.places), _MOST_ENDPOINTS))
        endpoints.show(endpoint_grid(page, ascii_only=ascii_only))
        plot = self.query_one("#plot", CellBlock)
        plot.show(plots(page, max(20, plot.size.width), max(2, plot.size.height), ascii_only=ascii_only))
        plot.display = not self._compares or width >= 2 * COMPARED_IN
        right = comparison_grid(page) if self._compares else settings_grid(page)
        self.query_one("#settings", SectionTable).show(right)

    def _show_absence(self) -> None:
        known = self.model.latest(RouteListView)
        names = [route.name for route in known.routes] if known is not None else []
        problem = self.model.get(reading.route(self.subject, self.model.window_s, self.model.at_s)).problem
        self.query_one("#verdict", CellBlock).show([[Cell(f" {absence(self.subject, names, problem)}", "dim")]])
        self.query_one("#endpoints", SectionTable).show(Grid((), ()))

    @property
    def selection(self) -> Selection | None:
        page = route_page(self.model, self.subject)
        upstream = page.route.upstreams[0].upstream if page is not None and page.route.upstreams else ""
        return Selection("route", self.subject, route=self.subject, upstream=upstream)

    def drill_to(self) -> Destination | None:
        endpoints = self.query_one("#endpoints", SectionTable)
        if endpoints.cursor_key is not None:
            return Destination("endpoint", endpoints.cursor_key)
        return Destination("live", filter=f"route:{self.subject}")

    def action_pivot(self, where: str) -> None:
        if where != "compare":
            super().action_pivot(where)
            return
        self._compares = not self._compares
        self.refresh_all()
        page = route_page(self.model, self.subject)
        if self._compares and page is not None:
            self.say(comparison_told(page, self.model.window_s))

    def twin(self) -> str:
        return f"sightline routes {self.subject}"

    def on_resize(self, _event: Resize) -> None:
        self.call_after_refresh(self.refresh_all)
