"""The requests of a row that an operator would look at, as the third part of a screen: asked for, told and acted upon."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from console.render.grid import Grid
from console.render.traffic.request_rows import NOT_THEN, requests_grid
from console.state.model import Model
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.state.traffic.selecting import route_traffic, selection_of
from console.state.traffic.slowness import ROUTES_ONCE, SlowLimits
from console.state.traffic.traces import lines_of
from console.state.traffic.worth_a_look import newest, those_of, twin_of
from gateway.wire.live import AccessLine
from gateway.wire.views import ExchangeListView, RouteListView


class RequestsBelow:
    """Of one row at a time. Whose requests they are is said by fields of the filter language and their values."""

    def __init__(self) -> None:
        self.lines: Mapping[str, AccessLine] = {}
        """What was told, by the key of its row."""
        self._limits = SlowLimits()
        self._told: tuple[ExchangeListView | None, float | None] = None, None

    def needed(self, whose: Mapping[str, str], model: Model) -> Sequence[AnyReading]:
        """What is to be asked for them; they are known of now alone."""
        if model.at_s is not None:
            return ()
        limits = () if model.latest(RouteListView) is not None else (ROUTES_ONCE,)
        return (newest(those_of(whose)), *limits)

    def grid(self, whose: Mapping[str, str], model: Model, frozen_at_s: float | None, *, ascii_only: bool) -> Grid:
        """whose: empty for a row that is gone."""
        if not whose or model.at_s is not None:
            self._told, self.lines = (None, None), {}
            return NOT_THEN if whose else Grid((), ())
        answer = model.get(newest(those_of(whose)))
        if self._told != (answer.view, frozen_at_s):
            self._told = answer.view, frozen_at_s
            lines = lines_of(answer.view.exchanges) if answer.view is not None else []
            self.lines = {
                f"{line.request_id} {line.at}": line
                for line in lines
                if frozen_at_s is None or datetime.fromisoformat(line.at).timestamp() <= frozen_at_s
            }
        self._limits.look_at(model)
        return requests_grid(self.lines, answer.view, answer.problem, self._limits, ascii_only=ascii_only)

    def selection(self, key: str | None) -> Selection | None:
        """What keys act on at a row."""
        line = self._line(key)
        return None if line is None else selection_of(line)

    def pivot_to(self, key: str | None, where: str) -> Destination | None:
        """Where a pivot leads from a row."""
        line = self._line(key)
        return None if line is None else route_traffic(line, where)

    def drilled(self, key: str | None) -> Destination | None:
        """Where `enter` leads from a row."""
        line = self._line(key)
        return None if line is None else Destination("request", line.request_id)

    def twin(self, whose: Mapping[str, str]) -> str:
        """The command that prints them."""
        return twin_of(those_of(whose))

    def _line(self, key: str | None) -> AccessLine | None:
        return self.lines.get(key) if key is not None else None
