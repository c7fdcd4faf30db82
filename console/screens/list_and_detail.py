"""A list, and where there is room what is known of the row under its cursor beside it; with still more room a third part."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.timer import Timer
from textual.widget import Widget

from console.render.cells import Cell
from console.render.grid import Grid
from console.screens.operator_screen import OperatorScreen
from console.state.reading import AnyReading
from console.widgets.cell_block import CellBlock
from console.widgets.focused_table import FocusedTable
from console.widgets.live_table import LiveTable

ROOMY: Final = 160
"""Columns from which on both are readable."""
SPACIOUS: Final = 220
"""Columns from which on there is room for a third."""
_REST_S: Final = 0.25
"""The cursor has to stay so long on a row before the gateway is asked about it: who moves on is not followed, and at most four
rows are asked about in a second."""
_MORE: Final = (Cell(" .. enter opens all of it", "dim"),)
_CUT: Final = (Cell(" ..", "dim"),)


class ListAndDetail(OperatorScreen):
    """Subclasses yield `list_and_detail` from their body, add `readings_beside` to what they ask for, and say which row is
    `pointed_at`, what is `beside` it and what is `below` that."""

    DEFAULT_CSS = """
    ListAndDetail {
        #both { height: 1fr; }
        #list { width: 1fr; height: 100%; }
        #aside { display: none; width: 40%; min-width: 70; height: 100%; margin-left: 1; }
        #beside { height: 3fr; }
        #below { display: none; height: 2fr; margin-top: 1; }
        &.-split #aside { display: block; }
        &.-three #below { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "wide", "wide", id="wide"),
        Binding("tab", "section", "next list or pane", show=False, id="next_section"),
        Binding("shift+tab", "section", "list or pane before", show=False, id="section_before"),
    ]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__(subject, filter_text)
        self.followed: str | None = None
        """Key of the row that is shown beside."""
        self.is_wide = False
        """The operator wants the list to have it all."""
        self._rest: Timer | None = None
        self._below_of: str | None = None

    def list_and_detail(self, *lists: Widget) -> ComposeResult:
        """lists: one of them has the id `list`; a LiveTable where none is given."""
        with Horizontal(id="both"):
            yield from lists or (LiveTable(id="list"),)
            with Vertical(id="aside"):
                yield CellBlock(id="beside")
                yield FocusedTable(id="below")

    def needed_beside(self, _key: str) -> Sequence[AnyReading]:
        """What is to be asked about a row, for what is beside."""
        return ()

    def needed_below(self, _key: str) -> Sequence[AnyReading]:
        """The same, for what is below that."""
        return ()

    def beside(self, _key: str, _width: int, _height: int) -> Sequence[Sequence[Cell]]:
        """What is shown of a row, in so many columns and lines."""
        raise NotImplementedError

    def below(self, _key: str | None) -> Grid:
        """A list that belongs to the row; None where there is no row."""
        raise NotImplementedError

    def subject_below(self, key: str | None) -> str | None:
        """What that list is about: where it is about something else, it begins at its beginning."""
        return key

    def nothing_beside(self) -> Sequence[Sequence[Cell]]:
        """What is said where there is no row."""
        return ()

    @property
    def pointed_at(self) -> str | None:
        """Key of the row that is to be shown beside: as a rule the one under the cursor."""
        raise NotImplementedError

    @property
    def opens_beside(self) -> bool:
        """Whether `enter` opens what is shown beside."""
        return not self.is_below

    @property
    def rows_below(self) -> FocusedTable:
        return self.query_one("#below", FocusedTable)

    @property
    def is_split(self) -> bool:
        """Whether there is room for both, and both are wanted."""
        return self.app.size.width >= ROOMY and not self.is_wide

    @property
    def has_three(self) -> bool:
        """Whether there is room for a third."""
        return self.is_split and self.app.size.width >= SPACIOUS

    @property
    def is_below(self) -> bool:
        """Whether the keys go to the third."""
        return self.focused is not None and self.focused.id == "below"

    def readings_beside(self) -> Sequence[AnyReading]:
        followed = self.followed
        if not self.is_split or followed is None:
            return ()
        return [*self.needed_beside(followed), *(self.needed_below(followed) if self.has_three else ())]

    def refresh_frame(self) -> None:
        super().refresh_frame()
        if self.is_below and not self.has_three:  # Textual gives the focus back to what had it, shown or not.
            self.focus_body()

    def refresh_all(self) -> None:
        super().refresh_all()
        if self.is_drawable:
            self._show_beside()

    def _show_beside(self) -> None:
        if self.has_class("-split") is not self.is_split or self.has_class("-three") is not self.has_three:
            self.set_class(self.is_split, "-split")
            self.set_class(self.has_three, "-three")
            self.call_after_refresh(self._show_beside)  # When it has been laid out, and its width is known.
        pointed_at = self.pointed_at
        if self.followed is None or pointed_at is None:
            self.followed = pointed_at
        if self.is_split:
            self._show_row()
        if self.has_three:
            self._show_below()
        if self.is_current and self.asked and set(self.readings()) != set(self.asked):
            self.console.screen_shown(self)

    def _show_row(self) -> None:
        block = self.query_one("#beside", CellBlock)
        width, height = block.size
        if not width:
            return
        told = self.beside(self.followed, width, height) if self.followed is not None else self.nothing_beside()
        more = _MORE if self.opens_beside else _CUT
        block.show(told if len(told) <= height else [*told[: height - 1], more])

    def _show_below(self) -> None:
        subject = self.subject_below(self.followed)
        if subject != self._below_of:
            self._below_of = subject
            self.rows_below.begin_anew()
        self.rows_below.show(self.below(self.followed))

    @on(LiveTable.Moved, "#list")
    def follow_when_it_rests(self) -> None:
        """Who moves on is not followed."""
        if self._rest is not None:
            self._rest.stop()
        if self.pointed_at != self.followed:
            self._rest = self.set_timer(_REST_S, self._follow)

    def _follow(self) -> None:
        if self.is_drawable:
            self.followed = self.pointed_at
            self._show_beside()

    @on(Resize)
    def split_anew(self) -> None:
        """The width of what is beside is known only once all was laid out."""
        self.call_after_refresh(self.refresh_all)

    def action_section(self) -> None:
        if self.is_below or self.focused is None:
            self.focus_body()
        elif self.has_three:
            self.rows_below.focus()
        elif self.app.size.width < SPACIOUS:
            self.say(f"there is one list here; from {SPACIOUS} columns on there is another that belongs to its row")
        else:
            self.say(self.why_alone())

    def why_alone(self) -> str:
        """Why the list has all the room there is, where there would be more."""
        return "the list has all the room; z shows what belongs to its row"

    def action_wide(self) -> None:
        if self.app.size.width >= ROOMY:
            self.widen()
        else:
            self.say(f"the list has all the room there is; from {ROOMY} columns on its row is shown beside it")

    def widen(self) -> None:
        """Give the list all the room, or not any more."""
        self.is_wide = not self.is_wide
        self.refresh_all()

    def action_back(self) -> None:
        if self.is_below:
            self.focus_body()
        else:
            super().action_back()
