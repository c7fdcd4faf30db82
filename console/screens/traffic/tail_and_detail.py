"""A tail, one of its exchanges beside it, and below that what makes its traffic."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from console.render.amounts import count
from console.render.cells import Cell
from console.render.grid import Grid
from console.render.traffic.beside import request_beside
from console.render.traffic.tail_rows import CHOOSABLE, COLUMNS, GRID_COLUMNS, severity_of, tail_cells
from console.render.traffic.top import SORTS, tally_of, top_grid
from console.screens.list_and_detail import ListAndDetail
from console.state.tail import Shown
from console.state.traffic.filtering import canonical, predicate_of
from console.state.traffic.remarkable import NewestRemarkable
from console.state.traffic.slowness import SlowLimits
from console.widgets.tail_view import TailView
from gateway.wire.live import AccessLine

_RANKED_BELOW: Final = 50


class TailAndDetail(ListAndDetail):
    """Subclasses yield `tail_and_detail` from their body, and show the tail's rows before they `follow_tail`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "to_remarkable", "to what failed last", id="to_remarkable"),
        Binding("left", "choose_column(-1)", "column to the left", show=False, id="column_left"),
        Binding("right", "choose_column(1)", "column to the right", show=False, id="column_right"),
    ]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self._column = CHOOSABLE[0]
        self._remarkable = NewestRemarkable()
        self._ranked: tuple[object, ...] = ()
        """What the ranking below was worked out from."""
        self._ranking = Grid((), ())
        self.limits = SlowLimits()

    def tail_and_detail(self, *others: Widget) -> ComposeResult:
        """others: what may take the place of the tail."""
        yield from self.list_and_detail(TailView[Shown](GRID_COLUMNS, self._cells, id="list"), *others)

    @property
    def is_ranking(self) -> bool:
        """Whether the cursor is in a ranking."""
        return self.is_below

    def follow_tail(self, rows: Sequence[Shown]) -> None:
        """What is beside goes with what came, and with what has gone."""
        if not self.is_split:
            return
        if self.tail_view.is_following:
            self._look_for_remarkable(rows)
        if self.tail_view.is_following or (self.followed is not None and self._followed_line(self.followed) is None):
            self.followed = self.pointed_at

    @property
    def tail_view(self) -> TailView[Shown]:
        return self.query_one(TailView)

    def _cells(self, shown: Shown) -> tuple[Cell, ...]:
        return tail_cells(shown, self.limits.of(shown.line.route), ascii_only=self.console.ascii_only)

    def on_mount(self) -> None:
        self.tail_view.marked = self._column
        super().on_mount()

    @property
    def pointed_at(self) -> str | None:
        """While it follows, the newest that did not go well: the last row is another one with every paint."""
        view = self.tail_view
        shown = self._remarkable.found if view.is_following else view.selected
        return None if shown is None else str(shown.number)

    def _look_for_remarkable(self, rows: Sequence[Shown]) -> None:
        about = self.model.tail, self.model.tail.filter, self.filter, self.limits.version
        self._remarkable.look(rows, about, lambda shown: self._is_remarkable(shown.line))

    def _is_remarkable(self, line: AccessLine) -> bool:
        return severity_of(line, self.limits.of(line.route)) != "plain"

    def _followed_line(self, key: str) -> AccessLine | None:
        number = int(key)
        return next((shown.line for shown in reversed(self.rows()) if shown.number == number), None)

    @property
    def opens_beside(self) -> bool:
        return super().opens_beside and not self.tail_view.is_following

    def beside(self, key: str, width: int, _height: int) -> Sequence[Sequence[Cell]]:
        line = self._followed_line(key)
        if line is None:
            return [[Cell(" it is not among those that are kept here any more", "dim")]]
        told = request_beside(line, width, ascii_only=self.console.ascii_only)
        if self.tail_view.is_following:
            return [[Cell(" the newest that did not go well; e goes there", "dim")], *told]
        return told

    def nothing_beside(self) -> Sequence[Sequence[Cell]]:
        number = len(self.rows())
        return [[Cell(f" all {count(number)} that are shown here went well" if number else "", "dim")]]

    def below(self, _key: str | None) -> Grid:
        """Worked out once a second: it is about the last minute."""
        tail, by, now_s = self.model.tail, self.ranked_below, self.model.now_s
        about = tail, tail.filter, by, int(now_s), bool(tail.rows)
        if about != self._ranked:
            tally, seconds = tally_of(tail, by, now_s)
            self._ranked = about
            self._ranking = top_grid(by, tally.rows(seconds, SORTS["rate"], _RANKED_BELOW), tally)
        return self._ranking

    def subject_below(self, _key: str | None) -> str:
        return self.ranked_below

    @property
    def ranked_below(self) -> str:
        return COLUMNS[self._column].field

    def rows(self) -> list[Shown]:
        tail = self.model.tail
        if tail.filter == canonical(self.filter):
            return list(tail.rows)
        # The gateway has not begun with this filter yet: what is here already is looked through meanwhile.
        holds = predicate_of(self.filter)
        return [shown for shown in tail.rows if holds(shown.line)]

    def action_to_remarkable(self) -> None:
        if self.is_ranking and not self.is_below:
            self.say("this is a ranking; esc leaves it")
            return
        self._look_for_remarkable(self.rows())
        if self._remarkable.found is not None:
            self.tail_view.move_to(self._remarkable.found.number)
            self.focus_body()
        else:
            self.say("all that is shown here went well")

    def on_tail_view_moved(self) -> None:
        if self.pointed_at == self.followed:
            self.refresh_all()  # It follows no more, or again, and that is told beside.
        else:
            self.follow_when_it_rests()

    def action_choose_column(self, step: int) -> None:
        at = CHOOSABLE.index(self._column) + step
        self._column = CHOOSABLE[at % len(CHOOSABLE)]
        self.tail_view.marked = self._column
        shown, column = self.tail_view.selected, COLUMNS[self._column]
        value = f":{column.value(shown.line)}" if shown is not None and not self.is_ranking else ""
        self.say(f"i shuts out, I asks for: {column.field}{value}")
        self.refresh_all()
