"""A list, what is known of the row under its cursor, and the requests of that row that an operator would look at."""

from collections.abc import Mapping, Sequence

from console.render.grid import Grid
from console.render.traffic.request_rows import requests_grid
from console.screens.list_and_detail import ListAndDetail
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.state.traffic.selecting import route_traffic, selection_of
from console.state.traffic.slowness import SlowLimits
from console.state.traffic.traces import lines_of
from console.state.traffic.worth_a_look import newest, twin_of
from gateway.wire.live import AccessLine
from gateway.wire.views import ExchangeListView


class ListAndRequests(ListAndDetail):
    """Subclasses say besides what is selected in the list, where that leads, and which requests are `worth_a_look`."""

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._limits = SlowLimits()
        self._told: ExchangeListView | None = None
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

    def needed_below(self, key: str) -> Sequence[AnyReading]:
        wanted = self.worth_a_look(key)
        return (newest(wanted),) if wanted else ()

    def below(self, key: str) -> Grid:
        wanted = self.worth_a_look(key)
        if not wanted:
            return Grid((), ())
        answer = self.model.get(newest(wanted))
        view = answer.view
        if view is not self._told:
            self._told = view
            lines = lines_of(view.exchanges) if view is not None else []
            self._requests = {f"{line.request_id} {line.at}": line for line in lines}
        self._limits.look_at(self.model)
        return requests_grid(self._requests, view, answer.problem, self._limits, ascii_only=self.console.ascii_only)

    @property
    def _request(self) -> AccessLine | None:
        """Under the cursor, where that is among the requests."""
        key = self.rows_below.cursor_key if self.is_below else None
        return self._requests.get(key) if key is not None else None

    @property
    def selection(self) -> Selection | None:
        line, key = self._request, self.rows.cursor_key
        if line is not None:
            return selection_of(line)
        return None if key is None else self.selected(key)

    def drill_to(self) -> Destination | None:
        line, key = self._request, self.rows.cursor_key
        if line is not None:
            return Destination("request", line.request_id)
        return None if key is None else self.drilled(key)

    def pivot_to(self, where: str) -> Destination | None:
        line = self._request
        return None if line is None else route_traffic(line, where)

    def request_ids(self) -> Sequence[str]:
        return [line.request_id for line in self._requests.values()]

    def twin(self) -> str:
        if self.is_below and self.followed is not None:
            return twin_of(self.worth_a_look(self.followed))
        return self.list_twin()
