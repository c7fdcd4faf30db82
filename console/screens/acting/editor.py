"""One route or upstream as text: edited, checked by the gateway, and run once what would differ has been seen."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from console.render.band import band
from console.render.cells import Cell
from console.render.changes.effects import error_lines
from console.screens.prompted import PromptedScreen
from console.widgets.line import CellLine
from console.widgets.prompt import Prompt
from console.widgets.text_view import TextView
from gateway.wire.actions import ObjectTextView
from gateway.wire.views import ConfigErrorView

if TYPE_CHECKING:
    from console.screens.operations import Console


class EditorScreen(PromptedScreen):
    """Calls `check` with the text whenever the operator has it checked; `tell_errors` shows what is wrong with it."""

    CSS: ClassVar[str] = """
    EditorScreen { layout: vertical; }
    EditorScreen TextArea { height: 1fr; border: none; padding: 0; }
    EditorScreen #errors { height: auto; max-height: 6; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "check", "check", priority=True, id="check_text"),
        Binding("escape", "leave", "leave", priority=True, id="leave_editor"),
    ]

    def __init__(self, of: ObjectTextView, check: Callable[[ObjectTextView, str], None]) -> None:
        super().__init__()
        self._of = of
        self._check = check

    def compose(self) -> ComposeResult:
        yield CellLine(id="band", is_panel=True)
        yield CellLine(id="title")
        yield TextArea(self._of.text, show_line_numbers=True, tab_behavior="indent", soft_wrap=False, compact=True)
        yield TextView(id="errors")
        yield Prompt()
        yield CellLine(id="hints", is_panel=True)

    def on_mount(self) -> None:
        of = self._of
        self.query_one("#band", CellLine).show(*band(cast("Console", self.app), self.size.width))
        title = f" edit {of.kind} {of.name}"
        self.query_one("#title", CellLine).show(
            (Cell(title, "accent"), Cell(f"   {of.file}:{of.line}, sequence {of.sequence}", "dim"))
        )
        self.query_one("#errors", TextView).display = False
        self.show_hints()
        self.focus_body()

    @property
    def text(self) -> str:
        return self.query_one(TextArea).text

    def tell_errors(self, errors: Sequence[ConfigErrorView], detail: str) -> None:
        """The cursor goes to the first that is in this text."""
        lines = [(Cell(" "), *line) for line in error_lines(list(errors))] or [(Cell(f" {detail}", "crit"),)]
        view = self.query_one("#errors", TextView)
        view.display = True
        view.show(lines, from_top=True)
        here = [error.line for error in errors if error.file == f"{self._of.kind} {self._of.name}"]
        if here:
            self.query_one(TextArea).move_cursor((here[0] - 1, 0))
        self.say(detail, "crit")

    def action_check(self) -> None:
        self.query_one("#errors", TextView).display = False
        self.say("the gateway checks it ..")
        self._check(self._of, self.text)

    def action_leave(self) -> None:
        if self.query_one(Prompt).is_busy:
            self.query_one(Prompt).close()
            self.focus_body()
        elif self.text == self._of.text:
            self._leave()
        else:
            self.choose("leave, and lose what was written?", {"y": "yes", "n": "no"}, self._chosen)

    def _chosen(self, key: str) -> None:
        if key == "y":
            self._leave()

    def _leave(self) -> None:
        _ = self.app.pop_screen()

    def focus_body(self) -> None:
        self.query_one(TextArea).focus()

    def show_hints(self) -> None:
        told = (
            Cell(" ^s", "accent"),
            Cell(" check and see what would differ  "),
            Cell("esc", "accent"),
            Cell(" leave"),
        )
        self.query_one("#hints", CellLine).show(told)
