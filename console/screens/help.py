"""Help: what can I do here? It is searched by typing, and needs no gateway."""

from typing import ClassVar, Final

from textual.app import ComposeResult

from console.render.cells import Cell
from console.render.frame.help import HelpContent, help_grid, section_keys
from console.render.frame.hints import Hint, hint_line
from console.screens.hinting import keys_of
from console.screens.keys import EVERYWHERE
from console.screens.operator_screen import OperatorScreen
from console.widgets.line import CellLine
from console.widgets.live_table import LiveTable
from console.widgets.prompt import Prompt

_HEAD: Final = " type to search; sections: KEYS  QUESTIONS  COMMANDS  FILTERS  SIGNS  CONNECTION"
_SEARCHING: Final = (
    Hint("up/down", "row"),
    Hint("pgup/pgdn", "page"),
    Hint("tab", "next section"),
    Hint("enter", "end the search"),
    Hint("esc esc", "back"),
)
"""What keys do while a search is typed: letters are part of it."""


class HelpScreen(OperatorScreen):
    """`subject` is the name of the screen one came from."""

    NAME: ClassVar[str] = "help"
    HINTS: ClassVar[tuple[str, ...]] = ("back", "filter", "down", "up", "page_down", "page_up", "first", "last")

    def body(self) -> ComposeResult:
        yield CellLine(id="head")
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
        self.query_one("#head", CellLine).show([Cell(_HEAD, "dim")])
        self.query_one(LiveTable).show(help_grid(content, self.filter, ascii_only=self.console.ascii_only))

    def on_screen_resume(self) -> None:
        self.query_one(Prompt).ask("/", self.filter, "search:")
        self.show_hints()

    def action_help(self) -> None:
        """The same key again."""
        self.console.back()

    def action_filter(self) -> None:
        self.on_screen_resume()

    def show_hints(self) -> None:
        if self.query_one(Prompt).kind != "/":
            super().show_hints()
        else:
            self.query_one("#hints", CellLine).show(hint_line(_SEARCHING, self.size.width))

    def on_prompt_completing(self, event: Prompt.Completing) -> None:
        """To the next section, or the one before."""
        event.stop()
        table = self.query_one(LiveTable)
        headings = section_keys(table.grid)
        keys = [row.key for row in table.grid.rows]
        if headings:
            at = keys.index(table.cursor_key) if table.cursor_key in keys else 0
            order = headings if event.step > 0 else headings[::-1]
            beyond = (each for each in order if (keys.index(each) - at) * event.step > 0)
            table.move_to(next(beyond, order[0]), at_top=True)

    def on_prompt_recalling(self, event: Prompt.Recalling) -> None:
        """Up and down while searching move through what was found."""
        event.stop()
        self.query_one(LiveTable).action_move(event.step)
