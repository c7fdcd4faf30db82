"""The console as a whole: what its parts leave open, and how it starts."""

import os
import sys
from collections.abc import Sequence
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from console.app.commanding.commands import COMMANDS, RUNS
from console.app.destinations import BY_NAME, load_screens
from console.app.handing import Handing
from console.app.kept.files import Files, UnusableFile
from console.app.kept.keymap import keymap_of
from console.app.pivots import PIVOTS, why_nowhere
from console.render.band import link_state
from console.render.palette import PaletteName
from console.screens.muting import offer
from console.sources.source import Source
from console.state.commands import Command, Parsed
from console.state.selection import Destination, Selection
from gateway.wire.exit_codes import ExitCode

_LOOK_S: Final = 1.0
"""How often it is looked whether the terminal is still there."""


class ConsoleApp(Handing):
    """Implements console.screens.operations.Console."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"go('{key}')", f"screen {key}", show=False, id=f"screen_{key}") for key in "123456789"),
        Binding("ctrl+c", "quit", "leave", show=False, id="quit"),
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
        self.use_keys()
        self.start_at(self._first)
        self.start_feeding()
        if _has_terminal():
            self.set_interval(_LOOK_S, self._leave_without_terminal)

    def _leave_without_terminal(self) -> None:
        # Where no signal tells of it, Textual would go on reading nothing, on a whole core.
        if not _has_terminal():
            self.exit(return_code=ExitCode.FAILED)

    def run_parsed(self, given: Parsed) -> None:
        RUNS[given.command.name](self, given)

    def use_keys(self) -> None:
        """Those of keys.yaml, where there is one."""
        try:
            wanted = self.files.keys()
        except UnusableFile as problem:
            self.complaints.append(str(problem))
            return
        if not wanted:
            return
        load_screens()  # Their keys are among those that may be others.
        keymap = keymap_of(wanted)
        self.set_keymap(keymap.keys)
        self.complaints += [f"keys.yaml: {problem}" for problem in keymap.problems]

    @property
    def commands(self) -> Sequence[Command]:
        return COMMANDS

    def facts(self) -> Sequence[tuple[str, str]]:
        model, me = self.live_model, self.me
        heard = "".join(cell.text for cell in link_state(self)).strip()
        return (
            ("context", self.context_name),
            ("admin API", self.context.target.shown if self.context is not None else "a recording"),
            ("gateway", f"{model.status.service_name} {model.status.version}" if model.status is not None else "not heard yet"),
            ("link", f"{heard}; {model.link.problem}" if model.link.problem else heard),
            ("who", f"{me.name}, {me.role}" if me is not None else "not known"),
            ("may act", self.why_not("act") or "yes"),
            ("theme", self.palette_name + (", ASCII signs" if self.ascii_only else "")),
            ("terminal", f"{self.size.width}x{self.size.height}, {self.console.color_system or 'no colours'}"),
        )  # fmt: skip

    def leave(self) -> None:
        self.exit()

    def pivot(self, where: str, selection: Selection | None) -> None:
        if selection is None:
            self.say("nothing is selected")
            return
        if where == "open":
            self.open_link(selection)
            return
        way = PIVOTS.get(where)
        destination = way(selection) if way is not None else None
        if destination is None:
            self.say(why_nowhere(where, selection))
        else:
            self.open(destination)

    def mute(self, alert: str, duration: str) -> None:
        offer(self, alert, duration, f"{os.environ.get('USER', 'an operator')} in the console")


def _has_terminal() -> bool:
    return sys.__stdin__ is not None and not sys.__stdin__.closed and os.isatty(sys.__stdin__.fileno())
