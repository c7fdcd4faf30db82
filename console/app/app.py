"""The console as a whole: what its parts leave open, and how it starts."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.app.commands import RUNS
from console.app.destinations import BY_NAME
from console.app.files import Files
from console.app.linking import Linking
from console.app.pivots import PIVOTS
from console.render.palette import PaletteName
from console.sources.source import Source
from console.state.commands import Parsed
from console.state.selection import Destination, Selection


class ConsoleApp(Linking):
    """Implements console.screens.operations.Console."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"go('{key}')", show=False, id=f"screen_{key}") for key in "123456789"),
        Binding("ctrl+c", "quit", show=False, id="quit"),
    ]

    def __init__(self, source: Source, *, context_name: str = "local", is_production: bool = False,
                 is_read_only: bool = False, palette: PaletteName = "dark", ascii_only: bool = False,
                 first: Destination | None = None, files: Files | None = None) -> None:  # fmt: skip
        super().__init__()
        self.source = source
        self.context_name = context_name
        self.is_production = is_production
        self.was_started_read_only = is_read_only
        self.palette_name: PaletteName = palette
        self.ascii_only = ascii_only
        self.files = files or Files(None)
        self._first = first or Destination("overview" if "overview" in BY_NAME else "routes")

    def on_mount(self) -> None:
        self.start_looks()
        self.start_at(self._first)
        self.start_feeding()

    def run_parsed(self, given: Parsed) -> None:
        RUNS[given.command.name](self, given)

    def leave(self) -> None:
        self.exit()

    def pivot(self, where: str, selection: Selection | None) -> None:
        if selection is None:
            self.say("nothing is selected")
            return
        way = PIVOTS.get(where)
        destination = way(selection) if way is not None else None
        if destination is None:
            self.say(f"nothing is known of {selection.name} there")
        else:
            self.open(destination)

    def act(self, selection: Selection | None) -> None:
        if selection is None:
            self.say("nothing is selected")
        elif reason := self.why_not("act"):
            self.say(reason)

    def copy(self, text: str) -> None:
        self.copy_to_clipboard(text)
        self.say(f"copied: {text}")
