"""Help: what can I do here? It is searched by typing, and needs no gateway."""

from typing import ClassVar

from textual.app import ComposeResult

from console.render.frame.help import HelpContent, help_grid
from console.screens.hinting import keys_of
from console.screens.keys import EVERYWHERE
from console.screens.operator_screen import OperatorScreen
from console.widgets.live_table import LiveTable
from console.widgets.prompt import Prompt


class HelpScreen(OperatorScreen):
    """`subject` is the name of the screen one came from."""

    NAME: ClassVar[str] = "help"
    HINTS: ClassVar[tuple[str, ...]] = ("back", "filter", "down", "up")

    def body(self) -> ComposeResult:
        yield LiveTable(id="body")

    def show(self) -> None:
        origin = self.console.behind
        content = HelpContent(
            screen=origin.NAME if isinstance(origin, OperatorScreen) else "this console",
            keys=keys_of(origin if origin is not None else self, self.console.why_not),
            everywhere=EVERYWHERE,
            commands=self.console.commands,
            facts=self.console.facts(),
        )
        self.query_one(LiveTable).show(help_grid(content, self.filter, ascii_only=self.console.ascii_only))

    def on_screen_resume(self) -> None:
        self.query_one(Prompt).ask("/", self.filter, "search:")

    def on_prompt_recalling(self, event: Prompt.Recalling) -> None:
        """Up and down while searching move through what was found."""
        event.stop()
        self.query_one(LiveTable).action_move(event.step)
