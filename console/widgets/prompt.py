"""The two rows at the bottom that are always there: what was said last or something being typed, and under it keys or hints."""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Key
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from console.render.cells import Cell, Severity
from console.render.frame.hints import choice_line
from console.widgets.line import CellLine

PromptKind: TypeAlias = Literal[":", "/", "?"]
"""A command, a filter, or an answer that is asked for."""


class _Typing(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, id="leave_prompt"),
        Binding("tab", "complete(1)", show=False, id="complete"),
        Binding("shift+tab", "complete(-1)", show=False, id="complete_back"),
        Binding("up", "recall(-1)", show=False, id="recall"),
        Binding("down", "recall(1)", show=False, id="recall_newer"),
        Binding("pagedown,ctrl+f", "page(1)", show=False, id="page_down_typing"),
        Binding("pageup,ctrl+b", "page(-1)", show=False, id="page_up_typing"),
    ]

    def action_leave(self) -> None:
        self.post_message(Prompt.Left())

    def action_complete(self, step: int) -> None:
        self.post_message(Prompt.Completing(step))

    def action_recall(self, step: int) -> None:
        self.post_message(Prompt.Recalling(step))

    def action_page(self, pages: int) -> None:
        self.post_message(Prompt.Paging(pages))


class _Choosing(Widget, can_focus=True):
    """Takes one key."""

    DEFAULT_CSS = "_Choosing { width: 0; height: 1; }"

    def on_key(self, event: Key) -> None:
        if event.key == "ctrl+c":
            return
        event.stop()
        event.prevent_default()
        self.post_message(Prompt.Left() if event.key == "escape" else Prompt.Pressed(event.key, event.character or ""))


class Prompt(Horizontal):
    """Says `say`; after `ask` it takes text and posts Given, or Left; after `choose` it takes one key and posts Chosen, or Left."""

    SAID_S: ClassVar[float] = 15.0
    """How long what was said is there."""

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

    class Completing(Message):
        """The next completion is wanted, or the one before (-1)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Recalling(Message):
        """An older line is wanted (-1), or a newer one."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Paging(Message):
        """A page further down in the rows is wanted, or up (-1)."""

        def __init__(self, pages: int) -> None:
            super().__init__()
            self.pages = pages

    class Pressed(Message):
        """A key while one was to be chosen."""

        def __init__(self, key: str, character: str) -> None:
            super().__init__()
            self.key = key
            self.character = character

    class Chosen(Message):
        """One of the options."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Left(Message):
        """Nothing was entered after all."""

    def __init__(self) -> None:
        super().__init__()
        self.kind: PromptKind | None = None
        self.asked_from: Widget | None = None
        """What had the focus before something was asked."""
        self.lead = 2
        """Cells before the text that is typed."""
        self._said: tuple[Cell, ...] = ()
        self._fading: Timer | None = None
        self._options: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        yield CellLine()
        yield _Typing(select_on_focus=False, compact=True)
        yield _Choosing()

    @property
    def text(self) -> str:
        """What is being typed."""
        return self.query_one(_Typing).value

    @property
    def is_busy(self) -> bool:
        """Whether something is being asked."""
        return self.kind is not None or bool(self._options)

    def say(self, text: str, severity: Severity = "dim") -> None:
        """Shown until something else is said, and not for long: a message belongs to its moment."""
        if self._fading is not None:
            self._fading.stop()
        self._fading = self.set_timer(self.SAID_S, lambda: self.say("")) if text else None
        self._said = (Cell(f" {text}", severity),) if text else ()
        if self.kind is None and not self._options:
            self.query_one(CellLine).show(self._said)

    def ask(self, kind: PromptKind, text: str = "", question: str = "") -> None:
        """Take a line of text; the focus is here until it is given or left."""
        self._note_focus()
        self.close()
        self.kind = kind
        line = self.query_one(CellLine)
        lead = f" {question} " if question else f" {kind}"
        self.lead = len(lead)
        line.styles.width = self.lead
        line.show((Cell(lead, "accent"),))
        self.add_class("-asking")
        self.write(text)
        self.query_one(_Typing).focus()

    def choose(self, question: str, options: Mapping[str, str]) -> None:
        """Take one of these keys; the focus is here until then."""
        self._note_focus()
        self.close()
        self._options = frozenset(options)
        self.query_one(CellLine).show(choice_line(question, tuple(options.items())))
        self.query_one(_Choosing).focus()

    def _note_focus(self) -> None:
        focused = self.screen.focused
        if focused not in self.children:
            self.asked_from = focused

    def write(self, text: str) -> None:
        """Replace what is being typed."""
        typing = self.query_one(_Typing)
        typing.value = text
        typing.cursor_position = len(text)

    def close(self) -> None:
        """Back to what was said."""
        self.kind, self._options = None, frozenset()
        self.remove_class("-asking")
        line = self.query_one(CellLine)
        line.styles.width = "1fr"
        line.show(self._said)

    def on_prompt_pressed(self, event: Pressed) -> None:
        event.stop()
        for name in (event.key, event.character):
            if name in self._options:
                self.close()
                self.post_message(self.Chosen(name))
                return

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
