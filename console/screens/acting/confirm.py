"""Before something is done: what the gateway says it would do, and the question, by a key or by name."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult

from console.render.band import band
from console.render.cells import Cell
from console.render.changes.effects import wrapped
from console.screens.prompted import PromptedScreen
from console.state.changing.acting import Tier
from console.widgets.line import CellLine
from console.widgets.prompt import Prompt
from console.widgets.text_view import TextView

if TYPE_CHECKING:
    from console.screens.operations import Console


class ConfirmScreen(PromptedScreen):
    """Calls `then` with the operator's reason, which may be empty, once it is confirmed. Opaque: what is behind it would be
    painted with every change."""

    CSS: ClassVar[str] = (
        "ConfirmScreen { layout: vertical; } ConfirmScreen #title { margin: 1 0; } ConfirmScreen #preview { height: 1fr; }"
    )

    def __init__(
        self,
        title: str,
        lines: Sequence[Sequence[Cell]],
        tier: Tier,
        target: str,
        then: Callable[[str], None],
        *,
        reason: str = "",
    ) -> None:
        """target: what is to be typed in the second tier. reason: what was given before, where it is asked again."""
        super().__init__()
        self._title = title
        self._lines = [(Cell(" "), *line) for line in lines]
        """The first cell is the margin."""
        self._tier = tier
        self._target = target
        self._then = then
        self._reason = reason

    def compose(self) -> ComposeResult:
        yield CellLine(id="band", is_panel=True)
        yield CellLine(id="title")
        yield TextView(id="preview")
        yield Prompt()
        yield CellLine(id="hints", is_panel=True)

    def on_mount(self) -> None:
        self.query_one("#band", CellLine).show(*band(cast("Console", self.app), self.size.width))
        self.query_one("#title", CellLine).show((Cell(f" {self._title}", "accent"),))
        self._show_lines()
        self.call_after_refresh(self._put_question)

    def on_text_view_reshaped(self, _event: TextView.Reshaped) -> None:
        self._show_lines()

    def _show_lines(self) -> None:
        self.query_one(TextView).show(wrapped(self._lines, self.app.size.width - 1))

    def _put_question(self) -> None:
        if self._tier == 1:
            self.choose("do it?", {"y": "yes", "r": "yes, and say why", "n": "no"}, self._chosen)
        else:
            self.ask(f"type {self._target} to do it, and after it why{self._as_before}:", self._typed)

    @property
    def _as_before(self) -> str:
        return f" (or as before: {self._reason})" if self._reason else ""

    def focus_body(self) -> None:
        self.query_one(TextView).focus()

    def show_hints(self) -> None:
        self.query_one("#hints", CellLine).show((Cell(" esc", "accent"), Cell(" leave, nothing is done")))

    def on_prompt_given(self, event: Prompt.Given) -> None:
        event.stop()
        self._answer(event.text)

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        event.stop()

    def on_prompt_left(self, event: Prompt.Left) -> None:
        event.stop()
        self._leave("nothing was done")

    def _chosen(self, key: str) -> None:
        if key == "y":
            self._do(self._reason)
        elif key == "r":
            self.ask("why:", self._do, self._reason)
        else:
            self._leave("nothing was done")

    def _typed(self, text: str) -> None:
        name, _, reason = text.strip().partition(" ")
        if name == self._target:
            self._do(reason.strip() or self._reason)
        else:
            self._leave(f"nothing was done: {self._target} was to be typed")

    def _do(self, reason: str) -> None:
        _ = self.app.pop_screen()
        self._then(reason)

    def _leave(self, said: str) -> None:
        _ = self.app.pop_screen()
        cast("Console", self.app).say(said)
