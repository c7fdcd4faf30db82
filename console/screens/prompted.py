"""A screen that asks: for a line of text, or for one key of several."""

from collections.abc import Callable, Mapping, Sequence

from textual.screen import Screen

from console.render.cells import Cell, Severity
from console.render.frame.hints import caret_line
from console.widgets.line import CellLine
from console.widgets.prompt import Prompt


class PromptedScreen(Screen[None]):
    """Has a Prompt and, under it, a CellLine `#hints`."""

    def __init__(self) -> None:
        super().__init__()
        self._answered: Callable[[str], None] | None = None

    @property
    def is_asking(self) -> bool:
        """Whether the next key answers something, or is text."""
        return self.query_one(Prompt).is_busy

    def say(self, text: str, severity: Severity = "dim") -> None:
        """In the row above the keys, until something else is said."""
        self.query_one(Prompt).say(text, severity)

    def ask(self, question: str, then: Callable[[str], None], text: str = "") -> None:
        """Ask for a line of text. `then` is called with it, and not at all where the operator leaves the question."""
        self._answered = then
        self.query_one(Prompt).ask("?", text, question)

    def choose(self, question: str, options: Mapping[str, str], then: Callable[[str], None]) -> None:
        """Ask for one key; options are keys as Textual or as the keyboard names them, with what they mean."""
        self._answered = then
        self.query_one(Prompt).choose(question, options)

    def hint(self, column: int | None, message: str) -> None:
        """Under what is being typed: a problem, and the column of it."""
        line = self.query_one("#hints", CellLine)
        line.show(caret_line(column, message, self.query_one(Prompt).lead))

    def hint_choices(self, words: Sequence[str]) -> None:
        """Under what is being typed: what it may become, the likeliest first."""
        lead = " " * self.query_one(Prompt).lead
        first = [Cell(f"{lead}{words[0]}", "accent")] if words else []
        self.query_one("#hints", CellLine).show([*first, *(Cell(f"  {word}", "dim") for word in words[1:])])

    def focus_body(self) -> None:
        """Back to where keys move the cursor."""
        raise NotImplementedError

    def focus_back(self) -> None:
        """Where the focus was before the question, if that can still be seen."""
        before = self.query_one(Prompt).asked_from
        if before is not None and before.is_attached and before.focusable and before.region:
            before.focus()
        else:
            self.focus_body()

    def show_hints(self) -> None:
        """The keys again, where a hint was."""
        raise NotImplementedError

    def _answer(self, text: str) -> None:
        then, self._answered = self._answered, None
        self.focus_back()
        self.show_hints()
        if then is not None:
            then(text)

    def on_prompt_chosen(self, event: Prompt.Chosen) -> None:
        event.stop()
        self._answer(event.key)

    def on_prompt_left(self, _event: Prompt.Left) -> None:
        self._answered = None
        self.query_one(Prompt).close()
        self.focus_back()
        self.show_hints()
