"""The command bar: lines that are given, completed, recalled, and read as commands of the table."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from console.app.commanding.commands import COMMANDS
from console.app.commanding.names import names_in
from console.app.feeding import Feeding
from console.app.kept.files import Files, UnusableFile
from console.screens.operator_screen import OperatorScreen
from console.state.commands import History, Kind, Misread, Parsed, complete, parse
from console.widgets.prompt import Prompt

_LISTED: Final = 12


class CommandBar(Feeding):
    """The part of the app that takes command lines."""

    files: Files

    def __init__(self) -> None:
        super().__init__()
        self._history: History | None = None
        self._aliases: dict[str, str] | None = None
        self._completions: list[str] = []
        self._completed = -1
        self.given: list[str] = []
        """Command lines of this session."""

    @property
    def history(self) -> History:
        if self._history is None:
            lines: list[str] = []
            with suppress(UnusableFile):
                lines = self.files.history()
            self._history = History(lines)
        return self._history

    @property
    def aliases(self) -> dict[str, str]:
        """Read when a command line is used first."""
        if self._aliases is None:
            try:
                self._aliases = self.files.aliases()
            except UnusableFile as problem:
                self._aliases = {}
                self.say(str(problem))
        return self._aliases

    def run_command(self, text: str) -> None:
        self._completions, self._completed = [], -1
        given = parse(text, COMMANDS, self.aliases)
        if given is None:
            return
        self.history.add(text.strip())
        self.given = [*self.given, text.strip()][-1_000:]
        with suppress(UnusableFile):  # A history that cannot be kept is no reason to say so at every command.
            self.files.keep_history(self.history.lines)
        if isinstance(given, Misread):
            suggestion = f"; did you mean :{given.suggestion}?" if given.suggestion else "; ? shows what there is"
            self.say(f"{given.message}{suggestion}")
        elif not given.context or self.switch_context(given.context):
            self.run_parsed(given)

    def use_alias(self, name: str, line: str) -> None:
        """Give a line a name; with no line, say which it has."""
        if not line:
            self.say(f"{name} = {self.aliases[name]}" if name in self.aliases else f"there is no alias {name!r}")
            return
        try:
            self.files.keep_aliases({**self.aliases, name: line})
        except UnusableFile as problem:
            self.say(str(problem))
            return
        self.aliases[name] = line
        self.say(f"{name} = {line}")

    def run_parsed(self, given: Parsed) -> None:
        """Do what it says."""
        raise NotImplementedError

    def switch_context(self, name: str) -> bool:
        """Go over to another gateway; False where there is none of that name."""
        raise NotImplementedError

    def context_names(self) -> list[str]:
        raise NotImplementedError

    def names(self, kind: Kind) -> Sequence[str]:
        """Live names of a kind, for completion."""
        if kind == "field":
            return self.front.SORTS if self.front is not None else ()
        if kind == "context":
            return self.context_names()
        return names_in(self.live_model, kind)

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        if event.kind != ":" or event.text in self._completions:
            return
        self._completions, self._completed = [], -1
        self._show_completions(complete(event.text, COMMANDS, self.names) if event.text else [])

    def on_prompt_completing(self, event: Prompt.Completing) -> None:
        prompt = self._prompt
        if prompt is None or prompt.kind != ":":
            return
        if not self._completions:
            self._completions, self._completed = complete(prompt.text, COMMANDS, self.names), -1
        if self._completions:
            self._completed = (self._completed + event.step) % len(self._completions)
            prompt.write(self._completions[self._completed])
            self._show_completions(self._completions[self._completed :])

    def on_prompt_recalling(self, event: Prompt.Recalling) -> None:
        prompt = self._prompt
        if prompt is not None and prompt.kind == ":":
            prompt.write(self.history.recall(event.step, prompt.text))

    def on_prompt_left(self, _event: Prompt.Left) -> None:
        self.history.rest()
        self._completions, self._completed = [], -1

    @property
    def _prompt(self) -> Prompt | None:
        return self.screen.query_one(Prompt) if isinstance(self.screen, OperatorScreen) else None

    def _show_completions(self, lines: Sequence[str]) -> None:
        if isinstance(self.screen, OperatorScreen):
            words = [line.strip().rpartition(" ")[2] for line in lines[:_LISTED]]
            self.screen.hint_choices(words)
