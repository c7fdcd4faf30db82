"""Live: what is happening right now that matches?"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console.render.amounts import UNKNOWN
from console.render.cells import Cell
from console.render.grid import Grid
from console.render.traffic.beside import request_beside
from console.render.traffic.nothing import nothing_found
from console.render.traffic.tail_rows import CHOOSABLE, COLUMNS, GRID_COLUMNS, severity_of, tail_cells, tail_header
from console.render.traffic.top import KEYS, OTHERS, SORTS, tally_of, top_grid
from console.screens.list_and_detail import ListAndDetail
from console.state import reading
from console.state.messages import TailWanted
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.state.tail import Shown
from console.state.traffic.filtering import canonical, narrowed, predicate_of, problem_of, terms_of, turned
from console.state.traffic.selecting import route_traffic, selection_of
from console.state.traffic.slowness import SlowLimits
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable
from console.widgets.tail_view import TailView
from gateway.wire.live import AccessLine

_TOPS: Final = {
    "c": "client", "p": "path", "r": "route", "u": "ua", "e": "endpoint", "s": "status", "h": "host", "m": "method", "w": "reason",
}  # fmt: skip
"""Letters behind T."""
_ALSO: Final = {"consumer": "client", "agent": "ua", "user-agent": "ua"}
_ASKED_AGAIN_S: Final = 5.0
_APART: Final = 50
_ROUTES: Final = replace(reading.ROUTES, every_s=reading.ONCE)
"""For what each of them calls slow."""
_RANKED: Final = 200
_RANKED_BY: Final = {"ua": "hdr.user-agent"}
"""The fields of the filter language that are called otherwise in rankings."""


class LiveScreen(ListAndDetail):
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
        Binding("left", "choose_column(-1)", "column to the left", show=False, id="column_left"),
        Binding("right", "choose_column(1)", "column to the right", show=False, id="column_right"),
    ]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__("", filter_text)
        self._by = _ALSO.get(subject, subject) if _ALSO.get(subject, subject) in KEYS else ""
        self._column = CHOOSABLE[0]
        self._is_barren = False
        self._newest_remarkable: Shown | None = None
        self._looked_until = 0
        """Number of the last row that was looked at for it."""
        self._limits = SlowLimits()
        self.sort = "rate" if self._by else ""

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
        tail = TailView[Shown](GRID_COLUMNS, self._cells, id="list")
        yield from self.list_and_detail(tail, LiveTable(id="top"))

    def _cells(self, shown: Shown) -> tuple[Cell, ...]:
        return tail_cells(shown, self._limits.of(shown.line.route), ascii_only=self.console.ascii_only)

    def on_mount(self) -> None:
        self._tail_view.marked = self._column
        super().on_mount()

    @property
    def _tail_view(self) -> TailView[Shown]:
        return self.query_one(TailView)

    @property
    def _table(self) -> LiveTable:
        return self.query_one("#top", LiveTable)

    @property
    def pointed_at(self) -> str | None:
        """While it follows, the newest that failed or was slow: the last row is another one with every paint."""
        view = self._tail_view
        shown = self._newest_remarkable or view.selected if view.is_following else view.selected
        return None if shown is None else str(shown.number)

    def _look_for_remarkable(self, rows: Sequence[Shown]) -> None:
        """Among those that came since the last time, the newest first."""
        known, until = self._newest_remarkable, rows[-1].number if rows else 0
        if known is not None and not (rows and rows[0].number <= known.number <= until):
            known, self._looked_until = None, 0
        fresh = takewhile(lambda shown: shown.number > self._looked_until, reversed(rows))
        self._newest_remarkable = next((shown for shown in fresh if self._is_remarkable(shown.line)), known)
        self._looked_until = until

    def apply_filter(self, text: str) -> None:
        self._newest_remarkable, self._looked_until = None, 0
        super().apply_filter(text)

    def _is_remarkable(self, line: AccessLine) -> bool:
        return severity_of(line, self._limits.of(line.route)) != "plain"

    def _followed_line(self, key: str) -> AccessLine | None:
        number = int(key)
        return next((shown.line for shown in reversed(self._rows()) if shown.number == number), None)

    @property
    def is_split(self) -> bool:
        return super().is_split and not self._by

    def beside(self, key: str, width: int, _height: int) -> Sequence[Sequence[Cell]]:
        line = self._followed_line(key)
        if line is None:
            return [[Cell(" it is not among those that are kept here any more", "dim")]]
        told = request_beside(line, width, ascii_only=self.console.ascii_only)
        if self._tail_view.is_following and self._is_remarkable(line):
            return [[Cell(" the newest that did not go well", "dim")], *told]
        return told

    def below(self, _key: str) -> Grid:
        return self._ranking(COLUMNS[self._column].field, "rate")

    def _ranking(self, by: str, sort: str) -> Grid:
        tally, seconds = tally_of(self.model.tail, by, self.model.now_s)
        return top_grid(by, tally.rows(seconds, SORTS[sort])[:_RANKED], tally)

    @property
    def sorts(self) -> tuple[str, ...]:
        return self.SORTS if self._by else ()

    def tail(self) -> TailWanted | None:
        return TailWanted(self.filter)

    def readings(self) -> Sequence[AnyReading]:
        return (_ROUTES, *(() if self._rows() else self._apart()), *self.readings_beside())

    def _apart(self) -> tuple[AnyReading, ...]:
        """What is asked to find out which term of the filter finds nothing."""
        return tuple(reading.exchanges(term, _APART, _ASKED_AGAIN_S) for term in terms_of(self.filter))

    def refresh_frame(self) -> None:
        super().refresh_frame()
        came = None
        if self.console.frozen_at_s is not None:
            came = self.console.live_model.tail.newest - self.model.tail.newest
        left, right = tail_header(self.model.tail, came, is_following=self._tail_view.is_following)
        self.query_one("#head", CellLine).show(left, right if came is not None or not self._by else ())

    def show(self) -> None:
        rows, view = self._rows(), self._tail_view
        view.display, self._table.display = not self._by, bool(self._by)
        if self._by:
            self._table.show(self.in_order(self._ranking(self._by, self.sort)))
        if self._limits.look_at(self.model):
            view.look_changed()
        view.empty = nothing_found(self.model, self.filter, self._apart()) if not rows else ()
        view.show(rows)
        if view.is_following and self.is_split:
            self._look_for_remarkable(rows)
            self.followed = self.pointed_at
        if bool(rows) is self._is_barren:
            self._is_barren = not rows
            self.console.screen_shown(self)

    def _rows(self) -> list[Shown]:
        tail = self.model.tail
        if tail.filter == canonical(self.filter):
            return list(tail.rows)
        # The gateway has not begun with this filter yet: what is here already is looked through meanwhile.
        holds = predicate_of(self.filter)
        return [shown for shown in tail.rows if holds(shown.line)]

    def request_ids(self) -> Sequence[str]:
        return [shown.line.request_id for shown in self._rows()]

    @property
    def selection(self) -> Selection | None:
        shown = self._tail_view.selected
        return None if shown is None or self._by or self.is_below else selection_of(shown.line)

    def drill_to(self) -> Destination | None:
        selection = self.selection
        return None if selection is None else Destination("request", selection.request_id)

    def pivot_to(self, where: str) -> Destination | None:
        shown = self._tail_view.selected
        return None if shown is None or self._by or self.is_below else route_traffic(shown.line, where)

    def action_drill(self) -> None:
        by = COLUMNS[self._column].field if self.is_below else self._by
        key = (self.rows_below if self.is_below else self._table).cursor_key
        if by and key == OTHERS:
            self.say("these are all the others together; / narrows down what is ranked")
        elif by and key is not None:
            self._rank("")
            self.apply_filter(narrowed(self.filter, _RANKED_BY.get(by, by), "" if key == UNKNOWN else key))
        else:
            super().action_drill()

    def twin(self) -> str:
        by = COLUMNS[self._column].field if self.is_below else self._by
        if by:
            return f"sightline top {by}" + (f" --filter '{self.filter}'" if self.filter else "")
        return f"sightline tail '{self.filter}'" if self.filter else "sightline tail"

    def filter_problem(self, text: str) -> str:
        return problem_of(text)[1]

    def filter_column(self, text: str) -> int | None:
        return problem_of(text)[0]

    def action_follow(self) -> None:
        self._rank("")
        if self.console.frozen_at_s is not None:
            self.console.freeze()
        self._tail_view.action_follow()
        self.refresh_all()

    def on_tail_view_moved(self) -> None:
        self.follow_when_it_rests()

    def action_back(self) -> None:
        if self._by:
            self._rank("")
        else:
            super().action_back()

    def action_choose_column(self, step: int) -> None:
        at = CHOOSABLE.index(self._column) + step
        self._column = CHOOSABLE[at % len(CHOOSABLE)]
        self._tail_view.marked = self._column
        shown, column = self._tail_view.selected, COLUMNS[self._column]
        value = f":{column.value(shown.line)}" if shown is not None else ""
        self.say(f"i shuts out, I asks for: {column.field}{value}")
        self.refresh_all()

    def action_invert(self) -> None:
        self._change_filter(turned)

    def action_narrow(self) -> None:
        self._change_filter(narrowed)

    def _change_filter(self, change: Callable[[str, str, str], str]) -> None:
        shown, column = self._tail_view.selected, COLUMNS[self._column]
        if shown is None or self._by:
            self.say("there is no row whose value could be used; / edits the filter")
        else:
            self.apply_filter(change(self.filter, column.field, column.value(shown.line)))

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
        (self._table if self._by else self._tail_view).focus()
