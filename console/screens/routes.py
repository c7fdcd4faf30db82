"""Routes: which is the worst by rate, errors or latency?"""

import shlex
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult

from console.render.cells import Cell
from console.render.health.beside import route_beside
from console.render.health.route_page import absence
from console.render.route_grid import ROUTE_SORTS, route_grid, routes_with
from console.screens.list_and_requests import ListAndRequests
from console.state import reading
from console.state.health.looking import routes_seen, upstream_of
from console.state.health.route_page import needed_for_route, route_page
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from gateway.wire.views import RouteView

_RESORT_S: Final = 2.0


class RoutesScreen(ListAndRequests):
    NAME: ClassVar[str] = "routes"
    SORTS: ClassVar[tuple[str, ...]] = tuple(ROUTE_SORTS)
    HINTS: ClassVar[tuple[str, ...]] = (
        "drill", "live", "traces", "failing", "sort", "wide", "explain", "act", "filter", "help",
    )  # fmt: skip

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._sorted_at_s = 0.0
        self._sorted_by = ""
        self._order: dict[str, int] = {}
        self._shown: tuple[object, object] = (None, None)
        self._shown_how: tuple[object, ...] = ()

    def body(self) -> ComposeResult:
        yield from self.list_and_detail()

    def readings(self) -> Sequence[AnyReading]:
        look = self.model.window_s, self.model.at_s
        objectives = (reading.OBJECTIVES,) if self.model.at_s is None else ()
        return list(dict.fromkeys([reading.routes(*look), *objectives, *self.readings_beside()]))

    def needed_beside(self, key: str) -> Sequence[AnyReading]:
        # The whole configuration of a large gateway is not fetched for what its page alone shows.
        return [each for each in needed_for_route(self.model, key) if each != reading.CONFIG]

    def beside(self, key: str, width: int, height: int) -> Sequence[Sequence[Cell]]:
        page = route_page(self.model, key)
        if page is None:
            problem = self.model.get(reading.route(key, self.model.window_s, self.model.at_s)).problem
            return [[Cell(f" {absence(key, [], problem)}", "dim")]]
        return route_beside(page, width, height, self.model.now_s, ascii_only=self.console.ascii_only)

    def show(self) -> None:
        model, ascii_only = self.model, self.console.ascii_only
        view = routes_seen(model)
        problem = model.get(reading.routes(model.window_s, model.at_s)).problem
        views = view, model.view(reading.OBJECTIVES)
        how = self.filter, self.sort, self.is_reversed, self.is_wide, ascii_only, problem
        # Drawn twice a second, but asked for once: rows are made where there is something else in them.
        if how == self._shown_how and all(new is old for new, old in zip(views, self._shown, strict=True)):
            return
        self._shown, self._shown_how = views, how
        found = self._in_order(routes_with(self.filter, view.routes if view is not None else ()))
        grid = route_grid(model, self.filter, found, is_wide=self.is_wide, ascii_only=ascii_only)
        self.rows.show(self.in_order(grid))

    def _in_order(self, routes: list[RouteView]) -> list[RouteView]:
        """Sorted anew at most every two seconds, unless other rows or another order are wanted."""
        now_s = self.model.now_s
        is_due = not 0 <= now_s - self._sorted_at_s < _RESORT_S
        if is_due or self.sort != self._sorted_by or any(route.name not in self._order for route in routes):
            self._sorted_at_s, self._sorted_by = now_s, self.sort
            ordered = sorted(routes, key=ROUTE_SORTS[self.sort])
            self._order = {route.name: position for position, route in enumerate(ordered)}
            return ordered
        return sorted(routes, key=lambda route: self._order[route.name])

    def requests_of(self, key: str) -> Mapping[str, str]:
        return {"route": key}

    def selected(self, key: str) -> Selection:
        return Selection("route", key, route=key, upstream=upstream_of(self.model, key))

    def drilled(self, key: str) -> Destination:
        return Destination("route", key)

    def list_twin(self) -> str:
        sort = f" --sort {self.sort}" if self.sort in ("rate", "errors", "p99", "requests", "order") else ""
        match = f" --match {shlex.quote(self.filter)}" if self.filter else ""
        return f"sightline routes{sort}{match}"

    def action_wide(self) -> None:
        self.widen()  # More columns where there is nothing beside it.
