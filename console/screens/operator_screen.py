"""What all screens have in common: the frame, the keys that mean the same everywhere, and how they are fed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from console.render.band import band, screen_row
from console.render.cells import Severity
from console.state.messages import TailWanted
from console.state.model import Model
from console.state.reading import AnyReading
from console.state.selection import Destination, Selection
from console.widgets.line import CellLine
from console.widgets.prompt import Prompt

if TYPE_CHECKING:
    from console.screens.operations import Console


class OperatorScreen(Screen[None]):
    """Subclasses fill `body` and `show`, and say what they need. All they show comes from the model.

    `subject` is what the screen is about where there are many of its kind: a route, a request. `filter` is what the operator typed.
    """

    NAME: ClassVar[str] = ""
    """As in the command bar: `routes`."""

    CSS = "OperatorScreen { layout: vertical; } #body { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "drill", "open", id="drill"),
        Binding("escape,backspace,h", "back", "back", id="back"),
        Binding("minus", "previous", "previous screen", show=False, id="previous"),
        Binding("colon", "command", "command", id="command"),
        Binding("slash", "filter", "filter", id="filter"),
        Binding("space", "freeze", "freeze", id="freeze"),
        Binding("full_stop", "refetch", "ask again", show=False, id="refetch"),
        Binding("question_mark", "help", "help", id="help"),
        Binding("l", "pivot('live')", "live", id="live"),
        Binding("f", "pivot('failing')", "failing", id="failing"),
        Binding("t", "pivot('traces')", "traces", id="traces"),
        Binding("u", "pivot('upstream')", "upstream", id="upstream"),
        Binding("c", "pivot('changes')", "changes", id="changes"),
        Binding("x", "pivot('explain')", "explain", id="explain"),
        Binding("d", "pivot('raw')", "raw", id="raw"),
        Binding("equals_sign", "pivot('compare')", "compare", id="compare"),
        Binding("o", "pivot('open')", "open in browser", id="open"),
        Binding("y", "copy_twin", "copy command", id="copy_twin"),
        Binding("Y", "copy_id", "copy id", id="copy_id"),
        Binding("a", "act", "act", id="act"),
        Binding("w", "window(1)", "longer window", id="window"),
        Binding("W", "window(-1)", "shorter window", show=False, id="window_back"),
    ]

    def __init__(self, subject: str = "", filter_text: str = "") -> None:
        super().__init__()
        self.subject = subject
        self.filter = filter_text

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
        yield from self.body()
        yield Prompt()

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
    def selection(self) -> Selection | None:
        """What keys that act on a row act on."""
        return None

    def drill_to(self) -> Destination | None:
        """Where `enter` leads from the row that is selected."""
        return None

    def twin(self) -> str:
        """The command that prints what this screen shows."""
        return f"sightline {self.NAME}"

    def filter_problem(self, _text: str) -> str:
        """What is wrong with a filter, or nothing. Asked while it is being typed."""
        return ""

    def refresh_all(self) -> None:
        """The frame and the body."""
        self.query_one("#band", CellLine).show(*band(self.console))
        self.query_one("#screens", CellLine).show(*screen_row(self.console, self.NAME, self.filter))
        self.show()

    def say(self, text: str, severity: Severity = "dim") -> None:
        self.query_one(Prompt).say(text, severity)

    def on_mount(self) -> None:
        self.refresh_all()

    def on_screen_resume(self) -> None:
        self.console.screen_shown(self)
        self.refresh_all()

    def action_drill(self) -> None:
        destination = self.drill_to()
        if destination is not None:
            self.console.open(destination)

    def action_back(self) -> None:
        self.console.back()

    def action_previous(self) -> None:
        self.console.previous()

    def action_command(self) -> None:
        self.query_one(Prompt).ask(":")

    def action_filter(self) -> None:
        self.query_one(Prompt).ask("/", self.filter)

    def action_freeze(self) -> None:
        self.console.freeze()

    def action_refetch(self) -> None:
        self.console.source.refetch()

    def action_help(self) -> None:
        self.console.open(Destination("help", self.NAME))

    def action_pivot(self, where: str) -> None:
        self.console.pivot(where, self.selection)

    def action_copy_twin(self) -> None:
        self.console.copy(self.twin())

    def action_copy_id(self) -> None:
        if self.selection is not None:
            self.console.copy(self.selection.request_id or self.selection.name)

    def action_act(self) -> None:
        self.console.act(self.selection)

    def action_window(self, step: int) -> None:
        self.console.change_window(step)

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        if event.kind == "/" and not self.filter_problem(event.text):
            self.filter = event.text
            self.refresh_all()

    def on_prompt_given(self, event: Prompt.Given) -> None:
        self.focus_body()
        if event.kind == ":":
            self.console.run_command(event.text)
        elif event.kind == "/":
            problem = self.filter_problem(event.text)
            if problem:
                self.say(problem, "crit")
                return
            self.filter = event.text
            self.console.screen_shown(self)
            self.refresh_all()

    def on_prompt_left(self, _event: Prompt.Left) -> None:
        self.query_one(Prompt).close()
        self.focus_body()

    def focus_body(self) -> None:
        """Back to where keys move the cursor."""
        for widget in self.query("LiveTable, TailView"):
            widget.focus()
            return
        self.set_focus(None)
