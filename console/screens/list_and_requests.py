"""A list, what is known of the row under its cursor, and the requests of that row that an operator would look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from console.render.grid import Grid
from console.render.traffic.request_rows import NOT_THEN, requests_grid
from console.screens.list_and_detail import ListAndDetail
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.state.traffic.selecting import route_traffic, selection_of
from console.state.traffic.slowness import ROUTES_ONCE, SlowLimits
from console.state.traffic.traces import lines_of
from console.state.traffic.worth_a_look import newest, twin_of
from console.widgets.live_table import LiveTable
from gateway.wire.live import AccessLine
from gateway.wire.views import ExchangeListView, RouteListView


class ListAndRequests(ListAndDetail):
    """Subclasses say besides what is selected in the list, where that leads, and which requests are `worth_a_look`."""

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._limits = SlowLimits()
        self._told: tuple[ExchangeListView | None, float | None] = None, None
        self._requests: Mapping[str, AccessLine] = {}
        """What was told, by the key of its row."""

    def worth_a_look(self, _key: str) -> str:
        """The filter of those of a row; empty for one that is gone."""
        raise NotImplementedError

    def selected(self, _key: str) -> Selection | None:
        """What keys that act on a row of the list act on."""
        raise NotImplementedError

    def drilled(self, _key: str) -> Destination:
        """Where `enter` leads from a row of the list."""
        raise NotImplementedError

    def list_twin(self) -> str:
        """The command that prints the list."""
        raise NotImplementedError

    @property
    def rows(self) -> LiveTable:
        return self.query_one("#list", LiveTable)

    @property
    def pointed_at(self) -> str | None:
        return self.rows.cursor_key

    def needed_below(self, key: str) -> Sequence[AnyReading]:
        wanted = self.worth_a_look(key)
        if not wanted or self.model.at_s is not None:
            return ()
        limits = () if self.model.latest(RouteListView) is not None else (ROUTES_ONCE,)
        return (newest(wanted), *limits)

    def below(self, key: str | None) -> Grid:
        wanted = self.worth_a_look(key) if key is not None else ""
        if not wanted or self.model.at_s is not None:
            self._told, self._requests = (None, None), {}
            return NOT_THEN if wanted else Grid((), ())
        answer, frozen_at_s = self.model.get(newest(wanted)), self.console.frozen_at_s
        if self._told != (answer.view, frozen_at_s):
            self._told = answer.view, frozen_at_s
            lines = lines_of(answer.view.exchanges) if answer.view is not None else []
            self._requests = {
                f"{line.request_id} {line.at}": line
                for line in lines
                if frozen_at_s is None or datetime.fromisoformat(line.at).timestamp() <= frozen_at_s
            }
        self._limits.look_at(self.model)
        return requests_grid(
            self._requests, answer.view, answer.problem, self._limits, ascii_only=self.console.ascii_only
        )

    @property
    def _request(self) -> AccessLine | None:
        """Under the cursor among the requests."""
        key = self.rows_below.cursor_key
        return self._requests.get(key) if key is not None else None

    @property
    def selection(self) -> Selection | None:
        if self.is_below:
            line = self._request
            return None if line is None else selection_of(line)
        key = self.rows.cursor_key
        return None if key is None else self.selected(key)

    def drill_to(self) -> Destination | None:
        if self.is_below:
            line = self._request
            return None if line is None else Destination("request", line.request_id)
        key = self.rows.cursor_key
        return None if key is None else self.drilled(key)

    def pivot_to(self, where: str) -> Destination | None:
        line = self._request if self.is_below else None
        return None if line is None else route_traffic(line, where)

    def request_ids(self) -> Sequence[str]:
        return [line.request_id for line in self._requests.values()]

    def twin(self) -> str:
        wanted = self.worth_a_look(self.followed) if self.is_below and self.followed is not None else ""
        return twin_of(wanted) if wanted else self.list_twin()
