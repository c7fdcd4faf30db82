"""Live: what is happening right now that matches?"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console.render.amounts import UNKNOWN, count
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
from console.state.traffic.filtering import canonical, narrowed, predicate_of, problem_of, quoted, terms_of, turned
from console.state.traffic.remarkable import NewestRemarkable
from console.state.traffic.selecting import route_traffic, selection_of
from console.state.traffic.slowness import ROUTES_ONCE, SlowLimits
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
_RANKED: Final = 200
_RANKED_BELOW: Final = 50
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
        Binding("e", "to_remarkable", "to what failed last", id="to_remarkable"),
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
        self._newest_remarkable = NewestRemarkable()
        self._remarkable: Shown | None = None
        self._ranked: tuple[object, ...] = ()
        """What the ranking below was worked out from."""
        self._ranking = Grid((), ())
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
        """While it follows, the newest that did not go well: the last row is another one with every paint."""
        view = self._tail_view
        shown = self._remarkable if view.is_following else view.selected
        return None if shown is None else str(shown.number)

    def _look_for_remarkable(self, rows: Sequence[Shown]) -> None:
        about = self.model.tail, self.model.tail.filter, self.filter, self._limits.version
        self._remarkable = self._newest_remarkable.among(rows, about, lambda shown: self._is_remarkable(shown.line))

    def _is_remarkable(self, line: AccessLine) -> bool:
        return severity_of(line, self._limits.of(line.route)) != "plain"

    def _followed_line(self, key: str) -> AccessLine | None:
        number = int(key)
        return next((shown.line for shown in reversed(self._rows()) if shown.number == number), None)

    @property
    def is_split(self) -> bool:
        return super().is_split and not self._by

    @property
    def opens_beside(self) -> bool:
        return super().opens_beside and not self._tail_view.is_following

    def beside(self, key: str, width: int, _height: int) -> Sequence[Sequence[Cell]]:
        line = self._followed_line(key)
        if line is None:
            return [[Cell(" it is not among those that are kept here any more", "dim")]]
        told = request_beside(line, width, ascii_only=self.console.ascii_only)
        if self._tail_view.is_following:
            return [[Cell(" the newest that did not go well; e goes there", "dim")], *told]
        return told

    def nothing_beside(self) -> Sequence[Sequence[Cell]]:
        number = len(self._rows())
        return [[Cell(f" all {count(number)} that are shown here went well" if number else "", "dim")]]

    def below(self, _key: str | None) -> Grid:
        """Worked out once a second: it is about the last minute."""
        tail, by, now_s = self.model.tail, self._ranked_below, self.model.now_s
        about = tail, tail.filter, by, int(now_s), bool(tail.rows)
        if about != self._ranked:
            tally, seconds = tally_of(tail, by, now_s)
            self._ranked = about
            self._ranking = top_grid(by, tally.rows(seconds, SORTS["rate"], _RANKED_BELOW), tally)
        return self._ranking

    def subject_below(self, _key: str | None) -> str:
        return self._ranked_below

    @property
    def _ranked_below(self) -> str:
        return COLUMNS[self._column].field

    @property
    def sorts(self) -> tuple[str, ...]:
        return self.SORTS if self._by else ()

    def tail(self) -> TailWanted | None:
        return TailWanted(self.filter)

    def readings(self) -> Sequence[AnyReading]:
        return (ROUTES_ONCE, *(() if self._rows() else self._apart()), *self.readings_beside())

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
            tally, seconds = tally_of(self.model.tail, self._by, self.model.now_s)
            ranked = tally.rows(seconds, SORTS[self.sort])[:_RANKED]
            self._table.show(self.in_order(top_grid(self._by, ranked, tally)))
        if self._limits.look_at(self.model):
            view.look_changed()
        view.empty = nothing_found(self.model, self.filter, self._apart()) if not rows else ()
        view.show(rows)
        if self.is_split:
            if view.is_following:
                self._look_for_remarkable(rows)
            if view.is_following or (self.followed is not None and self._followed_line(self.followed) is None):
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
        return None if shown is None or self._is_ranking else selection_of(shown.line)

    def drill_to(self) -> Destination | None:
        selection = self.selection
        return None if selection is None else Destination("request", selection.request_id)

    def pivot_to(self, where: str) -> Destination | None:
        shown = self._tail_view.selected
        return None if shown is None or self._is_ranking else route_traffic(shown.line, where)

    def action_drill(self) -> None:
        if not self._is_ranking:
            super().action_drill()
        elif (chosen := self._value_at_cursor()) is not None:
            self._rank("")
            self.apply_filter(narrowed(self.filter, *chosen))

    @property
    def _is_ranking(self) -> bool:
        """Whether the cursor is in a ranking."""
        return bool(self._by) or self.is_below

    def _value_at_cursor(self) -> tuple[str, str] | None:
        """The field and value under the cursor, by which the filter can be changed; where there is none it is said why."""
        if self._is_ranking:
            by, table = (self._ranked_below, self.rows_below) if self.is_below else (self._by, self._table)
            key = table.cursor_key
            if key == OTHERS:
                self.say("these are all the others together; / narrows down what is ranked")
            elif key is not None:
                return _RANKED_BY.get(by, by), "" if key == UNKNOWN else key
            else:
                self.say("there is nothing in the ranking")
            return None
        shown, column = self._tail_view.selected, COLUMNS[self._column]
        if shown is not None:
            return column.field, column.value(shown.line)
        self.say("there is no row whose value could be used; / edits the filter")
        return None

    def twin(self) -> str:
        if self._is_ranking:
            by = self._ranked_below if self.is_below else self._by
            return f"sightline top {by}" + (f" --filter {quoted(self.filter)}" if self.filter else "")
        return f"sightline tail {quoted(self.filter)}" if self.filter else "sightline tail"

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

    def action_to_remarkable(self) -> None:
        if self._by:
            self.say("this is a ranking; esc leaves it")
            return
        self._look_for_remarkable(self._rows())
        if self._remarkable is not None:
            self._tail_view.move_to(self._remarkable.number)
            self.focus_body()
        else:
            self.say("all that is shown here went well")

    def why_alone(self) -> str:
        return "this is a ranking; esc leaves it" if self._by else super().why_alone()

    def action_wide(self) -> None:
        if self._by:
            self.say(self.why_alone())
        else:
            super().action_wide()

    def on_tail_view_moved(self) -> None:
        if self.pointed_at == self.followed:
            self.refresh_all()  # It follows no more, or again, and that is told beside.
        else:
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
        value = f":{column.value(shown.line)}" if shown is not None and not self._is_ranking else ""
        self.say(f"i shuts out, I asks for: {column.field}{value}")
        self.refresh_all()

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
        (self._table if self._by else self._tail_view).focus()
