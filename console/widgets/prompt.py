"""The row at the bottom that is always there: what was said last, or a command, a filter or a confirmation being typed."""

from typing import ClassVar, Literal, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from console.render.cells import Cell, Severity
from console.widgets.line import CellLine

PromptKind: TypeAlias = Literal[":", "/", "?"]
"""A command, a filter, or an answer that is asked for."""


class _Typing(Input):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False, id="leave_prompt")]

    def action_leave(self) -> None:
        self.post_message(Prompt.Left())


class Prompt(Horizontal):
    """Says `say`; after `ask` it takes text and posts Given, or Left."""

    DEFAULT_CSS = """
    Prompt { height: 1; }
    Prompt > CellLine { width: 1fr; }
    Prompt > Input { display: none; border: none; height: 1; padding: 0; width: 1fr; background: transparent; }
    Prompt.-asking > Input { display: block; }
    Prompt.-asking > CellLine { width: auto; min-width: 2; }
    """

    class Given(Message):
        """`text` was entered."""

        def __init__(self, kind: PromptKind, text: str) -> None:
            super().__init__()
            self.kind = kind
            self.text = text

    class Changed(Message):
        """`text` is being typed."""

        def __init__(self, kind: PromptKind, text: str) -> None:
            super().__init__()
            self.kind = kind
            self.text = text

    class Left(Message):
        """Nothing was entered after all."""

    def __init__(self) -> None:
        super().__init__()
        self.kind: PromptKind | None = None
        self._said: tuple[Cell, ...] = ()

    def compose(self) -> ComposeResult:
        yield CellLine()
        yield _Typing(select_on_focus=False, compact=True)

    def say(self, text: str, severity: Severity = "dim") -> None:
        """Shown until something else is said."""
        self._said = (Cell(f" {text}", severity),)
        if self.kind is None:
            self.query_one(CellLine).show(self._said)

    def ask(self, kind: PromptKind, text: str = "", question: str = "") -> None:
        """Take a line of text; the focus is here until it is given or left."""
        self.kind = kind
        line = self.query_one(CellLine)
        lead = f" {question} " if question else f" {kind}"
        line.styles.width = len(lead)
        line.show((Cell(lead, "accent"),))
        self.add_class("-asking")
        typing = self.query_one(_Typing)
        typing.value = text
        typing.cursor_position = len(text)
        typing.focus()

    def close(self) -> None:
        """Back to what was said."""
        self.kind = None
        self.remove_class("-asking")
        line = self.query_one(CellLine)
        line.styles.width = "1fr"
        line.show(self._said)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.kind is not None:
            self.post_message(self.Changed(self.kind, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.kind is not None:
            kind = self.kind
            self.close()
            self.post_message(self.Given(kind, event.value))
