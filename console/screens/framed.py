"""The frame of every screen and how it is fed: what a screen says of itself, and the rows around its body."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.app import ComposeResult
from textual.events import Resize
from textual.geometry import Size
from textual.widget import Widget

from console.render.band import band, screen_row
from console.render.cells import Cell
from console.render.frame.hints import hint_line
from console.render.frame.refusal import refusal_line
from console.render.grid import Grid
from console.screens.hinting import hints_of
from console.screens.keys import HINTED
from console.screens.prompted import PromptedScreen
from console.state.health.looking import Unanswered, unanswered
from console.state.messages import TailWanted
from console.state.model import Model
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable
from console.widgets.prompt import Prompt
from console.widgets.styled import Styled

if TYPE_CHECKING:
    from console.screens.operations import Console


SMALLEST: Final = Size(80, 24)
"""A terminal in which the screens can be read."""


class FramedScreen(PromptedScreen):
    """What each screen says of itself, with answers for those that say nothing. OperatorScreen tells what is what."""

    NAME: ClassVar[str] = ""
    """As in the command bar: `routes`."""
    SORTS: ClassVar[tuple[str, ...]] = ()
    """What the rows can be sorted by; keys R, E and L mean `rate`, `errors` and `p99`, where they are among them."""
    WHY_FIXED: ClassVar[str] = "the order is fixed here"
    """Said where rows cannot be sorted."""
    IS_FILTERED: ClassVar[bool] = True
    """There are rows that a filter leaves out."""
    IS_FILTERED_THERE: ClassVar[bool] = False
    """The gateway looks for what satisfies the filter: it is asked once, when the filter is entered."""
    HINTS: ClassVar[tuple[str, ...]] = HINTED
    """Ids of the keys that the bottom line tells of, the most useful first."""

    DEFAULT_CSS = """
    FramedScreen {
        layout: vertical;
        #body { height: 1fr; }
        #too-small, #refusal { display: none; }
        &.-refused > #refusal { display: block; }
        &.-too-small > * { display: none; }
        &.-too-small > #too-small { display: block; }
    }
    """

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__()
        self.subject = subject
        self.filter = filter_text
        self.sort = self.SORTS[0] if self.SORTS else ""
        self.is_reversed = False
        self._look: object = None
        self.asked: tuple[AnyReading, ...] = ()
        """What was asked for it last."""
        self._last_composed: Widget | None = None
        """The last of its widgets, once it is there."""
        self.unanswered: Unanswered | None = None
        """What of that does not come, and why."""

    @property
    def console(self) -> "Console":
        """The app."""
        return cast("Console", self.app)

    @property
    def model(self) -> Model:
        """As it is shown: while frozen, as it was."""
        return self.console.model

    def compose(self) -> ComposeResult:
        yield CellLine(id="band", is_panel=True)
        yield CellLine(id="screens", is_panel=True)
        yield CellLine(id="refusal")
        yield from self.body()
        yield Prompt()
        yield CellLine(id="hints", is_panel=True)
        yield CellLine(id="too-small")

    def body(self) -> ComposeResult:
        """The widgets between the row of screens and the prompt."""
        raise NotImplementedError

    def show(self) -> None:
        """Bring what the model says to the widgets. Called when something came, and after keys that change the view."""
        raise NotImplementedError

    def readings(self) -> Sequence[AnyReading]:
        """What this screen shows."""
        return ()

    def tail(self) -> TailWanted | None:
        """The live traffic this screen shows, if it does."""
        return None

    @property
    def sorts(self) -> tuple[str, ...]:
        """What the rows can be sorted by as they are shown now."""
        return self.SORTS

    @property
    def selection(self) -> Selection | None:
        """What keys that act on a row act on."""
        return None

    def drill_to(self) -> Destination | None:
        """Where `enter` leads from the row that is selected."""
        return None

    def pivot_to(self, _where: str) -> Destination | None:
        """Where a pivot leads from here, if it is somewhere else than the selection alone tells."""
        return None

    def twin(self) -> str:
        """The command that prints what this screen shows."""
        return f"sightline {self.NAME}"

    def filter_problem(self, _text: str) -> str:
        """What is wrong with a filter, or nothing. Asked while it is being typed."""
        return ""

    def filter_column(self, _text: str) -> int | None:
        """Where it is wrong, if that is known."""
        return None

    @property
    def is_drawable(self) -> bool:
        """Whether its rows are there: not before it was composed, and not any more when the console ends."""
        return self.is_mounted and self._has_rows

    @property
    def _has_rows(self) -> bool:
        """Of a screen that Textual is still composing some children are there and others not; the line of hints comes last. It is looked
        for until it is there: to go over all widgets costs a tenth of the console."""
        if self._last_composed is None:
            found = self.query("#hints")
            self._last_composed = found.first() if found else None
        return self._last_composed is not None and self._last_composed.is_attached

    def refresh_frame(self) -> None:
        """The rows around the body. Everything is painted again where it looks otherwise than before."""
        self._tell_refusal()
        look = self.console.palette_name, self.console.is_faded, self.console.ascii_only
        if look != self._look:
            self._look = look
            for widget in self.query(Styled):
                widget.look_changed()
        self.query_one("#band", CellLine).show(*band(self.console, self.size.width))
        sort = f"{self.sort}{' reversed' if self.is_reversed else ''}"
        self.query_one("#screens", CellLine).show(
            *screen_row(self.console, self.NAME, self.filter, sort, self.size.width)
        )
        if self.query_one(Prompt).kind is None:
            self.show_hints()

    def _tell_refusal(self) -> None:
        """Why what is shown stands still, in words and at once; values fade meanwhile."""
        self.unanswered = unanswered(self.model, self.asked)
        self.set_class(self.unanswered is not None, "-refused")
        if self.unanswered is not None:
            self.query_one("#refusal", CellLine).show(refusal_line(self.unanswered, self.model.now_s))

    def refresh_all(self) -> None:
        """The frame and the body."""
        if self._has_rows:
            self.refresh_frame()
            self.show()

    def show_hints(self) -> None:
        wanted = [each for each in self.HINTS if each != "filter" or self.IS_FILTERED]
        self.query_one("#hints", CellLine).show(
            hint_line(hints_of(self, wanted, self.console.why_not), self.size.width)
        )

    def in_order(self, grid: Grid) -> Grid:
        """Turned round, where the operator wants that."""
        return grid._replace(rows=list(reversed(grid.rows))) if self.is_reversed else grid

    def apply_filter(self, text: str) -> None:
        """Show what this filter leaves."""
        self.filter = text
        self.console.screen_shown(self)
        self.refresh_all()

    def apply_sort(self, by: str, *, is_reversed: bool = False) -> None:
        """by: one of SORTS."""
        self.sort, self.is_reversed = by, is_reversed
        self.refresh_all()
        for table in self.query(LiveTable):
            if table.display:  # The list that is sorted; what belongs to its rows is behind it.
                table.to_the_first()
                return

    @on(Resize)
    def fit_terminal(self) -> None:
        """Or say that it is too small."""
        width, height = self.app.size
        is_too_small = width < SMALLEST.width or height < SMALLEST.height
        self.set_class(is_too_small, "-too-small")
        if is_too_small:
            told = f"{width}x{height} of {SMALLEST.width}x{SMALLEST.height}: enlarge, or use sightline top"
            self.query_one("#too-small", CellLine).show([Cell(told, "warn")])
        elif self.is_drawable:
            self.refresh_frame()
            if self.focused is None and not self.is_asking:  # What had the focus was hidden meanwhile.
                self.focus_body()

    def on_mount(self) -> None:
        self.refresh_all()

    def on_screen_resume(self) -> None:
        self.console.screen_shown(self)
        self.refresh_all()

    def focus_body(self) -> None:
        for widget in self.query("LiveTable, TailView"):
            widget.focus()
            return
        self.set_focus(None)
