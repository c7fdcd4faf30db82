"""Live: what is happening right now that matches?"""

import shlex
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console.render.amounts import UNKNOWN
from console.render.traffic.nothing import nothing_found
from console.render.traffic.tail_rows import COLUMNS, tail_header
from console.render.traffic.top import KEYS, OTHERS, SORTS, tally_of, top_grid
from console.screens.traffic.tail_and_detail import TailAndDetail
from console.state import reading
from console.state.messages import TailWanted
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.state.traffic.filtering import narrowed, problem_of, terms_of, turned
from console.state.traffic.selecting import route_traffic, selection_of
from console.state.traffic.slowness import ROUTES_ONCE
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable

_TOPS: Final = {
    "c": "client", "p": "path", "r": "route", "u": "ua", "e": "endpoint", "s": "status", "h": "host", "m": "method", "w": "reason",
}  # fmt: skip
"""Letters behind T."""
_ALSO: Final = {"consumer": "client", "agent": "ua", "user-agent": "ua"}
_ASKED_AGAIN_S: Final = 5.0
_APART: Final = 50
_RANKED: Final = 200
_RANKED_BELOW: Final = 50
_RANKED_BY: Final = {"ua": "hdr.user-agent"}
"""The fields of the filter language that are called otherwise in rankings."""


class LiveScreen(TailAndDetail):
    """`subject`: what is ranked, as in `client`; empty for the tail itself."""

    NAME: ClassVar[str] = "live"
    IS_FILTERED_THERE: ClassVar[bool] = True
    SORTS: ClassVar[tuple[str, ...]] = tuple(SORTS)
    WHY_FIXED: ClassVar[str] = "they come in the order in which they ended; T ranks them"
    HINTS: ClassVar[tuple[str, ...]] = (
        "drill", "filter", "freeze", "follow", "invert", "top", "in_flight", "traces", "explain", "help",
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("F", "follow", "follow", id="follow"),
        Binding("i", "invert", "shut out", id="invert"),
        Binding("I", "narrow", "only such", id="narrow"),
        Binding("T", "top", "top", id="top"),
        Binding("p", "in_flight", "in flight", id="in_flight"),
    ]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__("", filter_text)
        self._by = _ALSO.get(subject, subject) if _ALSO.get(subject, subject) in KEYS else ""
        self._is_barren = False
        self._narrowed: list[tuple[str, str]] = []
        """Filters before and after a row of a ranking was opened, the last one last."""
        self.sort = "rate" if self._by else ""

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        yield from self.tail_and_detail(LiveTable(id="top"))

    @property
    def _table(self) -> LiveTable:
        return self.query_one("#top", LiveTable)

    @property
    def is_split(self) -> bool:
        return super().is_split and not self._by

    @property
    def sorts(self) -> tuple[str, ...]:
        return self.SORTS if self._by else ()

    def tail(self) -> TailWanted | None:
        return TailWanted(self.filter)

    def readings(self) -> Sequence[AnyReading]:
        return (ROUTES_ONCE, *(() if self.rows() else self._apart()), *self.readings_beside())

    def _apart(self) -> tuple[AnyReading, ...]:
        """What is asked to find out which term of the filter finds nothing."""
        return tuple(reading.exchanges(term, _APART, _ASKED_AGAIN_S) for term in terms_of(self.filter))

    def refresh_frame(self) -> None:
        super().refresh_frame()
        came = None
        if self.console.frozen_at_s is not None:
            came = self.console.live_model.tail.newest - self.model.tail.newest
        left, right = tail_header(self.model.tail, came, is_following=self.tail_view.is_following)
        self.query_one("#head", CellLine).show(left, right if came is not None or not self._by else ())

    def show(self) -> None:
        rows, view = self.rows(), self.tail_view
        view.display, self._table.display = not self._by, bool(self._by)
        if self._by:
            tally, seconds = tally_of(self.model.tail, self._by, self.model.now_s)
            ranked = tally.rows(seconds, SORTS[self.sort])[:_RANKED]
            self._table.show(self.in_order(top_grid(self._by, ranked, tally)))
        if self.limits.look_at(self.model):
            view.look_changed()
        view.empty = nothing_found(self.model, self.filter, self._apart()) if not rows else ()
        view.show(rows)
        self.follow_tail(rows)
        if bool(rows) is self._is_barren:
            self._is_barren = not rows
            self.console.screen_shown(self)

    def request_ids(self) -> Sequence[str]:
        return [shown.line.request_id for shown in self.rows()]

    @property
    def selection(self) -> Selection | None:
        shown = self.tail_view.selected
        return None if shown is None or self.is_ranking else selection_of(shown.line)

    def drill_to(self) -> Destination | None:
        selection = self.selection
        return None if selection is None else Destination("request", selection.request_id)

    def pivot_to(self, where: str) -> Destination | None:
        shown = self.tail_view.selected
        return None if shown is None or self.is_ranking else route_traffic(shown.line, where)

    def action_drill(self) -> None:
        if not self.is_ranking:
            super().action_drill()
        elif (chosen := self._value_at_cursor()) is not None:
            wider, narrower = self.filter, narrowed(self.filter, *chosen)
            self._narrowed.append((wider, narrower))
            self._rank("")
            self.apply_filter(narrower)

    @property
    def is_ranking(self) -> bool:
        """Whether the cursor is in a ranking."""
        return bool(self._by) or self.is_below

    def _value_at_cursor(self) -> tuple[str, str] | None:
        """The field and value under the cursor, by which the filter can be changed; where there is none it is said why."""
        if self.is_ranking:
            by, table = (self.ranked_below, self.rows_below) if self.is_below else (self._by, self._table)
            key = table.cursor_key
            if key == OTHERS:
                self.say("these are all the others together; / narrows down what is ranked")
            elif key is not None:
                return _RANKED_BY.get(by, by), "" if key == UNKNOWN else key
            else:
                self.say("there is nothing in the ranking")
            return None
        shown, column = self.tail_view.selected, COLUMNS[self._column]
        if shown is not None:
            return column.field, column.value(shown.line)
        self.say("there is no row whose value could be used; / edits the filter")
        return None

    def twin(self) -> str:
        if self.is_ranking:
            by = self.ranked_below if self.is_below else self._by
            return f"sightline top {by}" + (f" --filter {shlex.quote(self.filter)}" if self.filter else "")
        return f"sightline tail {shlex.quote(self.filter)}" if self.filter else "sightline tail"

    def filter_problem(self, text: str) -> str:
        return problem_of(text)[1]

    def filter_column(self, text: str) -> int | None:
        return problem_of(text)[0]

    def action_follow(self) -> None:
        self._rank("")
        if self.console.frozen_at_s is not None:
            self.console.freeze()
        self.tail_view.action_follow()
        self.refresh_all()

    def why_alone(self) -> str:
        return "this is a ranking; esc leaves it" if self._by else super().why_alone()

    def action_wide(self) -> None:
        if self._by:
            self.say(self.why_alone())
        else:
            super().action_wide()

    def action_back(self) -> None:
        if self._by:
            self._rank("")
        elif self._narrowed and self._narrowed[-1][1] == self.filter and not self.is_below:
            self.apply_filter(self._narrowed.pop()[0])
        else:
            super().action_back()

    def action_invert(self) -> None:
        self._change_filter(turned)

    def action_narrow(self) -> None:
        self._change_filter(narrowed)

    def _change_filter(self, change: Callable[[str, str, str], str]) -> None:
        chosen = self._value_at_cursor()
        if chosen is not None:
            self.apply_filter(change(self.filter, *chosen))

    def action_top(self) -> None:
        self.choose("top by", _TOPS, lambda key: self._rank(_TOPS[key]))

    def _rank(self, by: str) -> None:
        self._by = by
        self.sort = (self.sort or self.SORTS[0]) if by else ""
        self.refresh_all()
        self.focus_body()

    def action_in_flight(self) -> None:
        self.console.open(Destination("inflight", filter=self.filter))

    def focus_body(self) -> None:
        (self._table if self._by else self.tail_view).focus()
