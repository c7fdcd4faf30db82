"""The console. It holds the model, feeds it from the source, and draws the screen in front."""

import asyncio
import time
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from console.app.destinations import BY_NAME
from console.app.navigation import Navigating
from console.app.pivots import PIVOTS
from console.render.palette import PALETTES, Palette, PaletteName
from console.screens.operator_screen import OperatorScreen
from console.sources.source import Source
from console.state.messages import Message, TailWanted
from console.state.model import WINDOWS_S, Model
from console.state.selection import Destination, Selection

_FRAME_S: Final = 0.5
"""At most so often is a screen drawn because something came; keys draw at once."""


class ConsoleApp(Navigating):
    """Implements console.screens.operations.Console."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"go('{key}')", show=False, id=f"screen_{key}") for key in "123456789"),
        Binding("ctrl+c", "quit", show=False, id="quit"),
    ]

    def __init__(self, source: Source, *, context_name: str = "local", is_production: bool = False,
                 is_read_only: bool = False, palette: PaletteName = "dark", ascii_only: bool = False,
                 first: Destination | None = None) -> None:  # fmt: skip
        super().__init__()
        self.source = source
        self.live_model = Model()
        self._still: Model | None = None
        self.context_name = context_name
        self.is_production = is_production
        self.is_read_only = is_read_only
        self.palette_name: PaletteName = palette
        self.ascii_only = ascii_only
        self._first = first or Destination("overview" if "overview" in BY_NAME else "routes")
        self._drawn = -1
        self._tail: TailWanted | None = None

    @property
    def model(self) -> Model:
        """What is shown: while frozen, what was known then."""
        return self._still or self.live_model

    @property
    def frozen_at_s(self) -> float | None:
        return None if self._still is None else self._still.now_s

    def on_mount(self) -> None:
        self.register_theme(_theme(PALETTES[self.palette_name]))
        self.theme = f"sightline-{self.palette_name}"
        self.start_at(self._first)
        self.set_interval(_FRAME_S, self._draw)
        self.run_worker(self._feed(), exclusive=True, group="feed")

    async def _feed(self) -> None:
        await asyncio.sleep(0)  # The first paint comes first.
        await self.source.run(self._take)

    def _take(self, at_s: float, message: Message) -> None:
        self.live_model.now_s = at_s
        self.live_model.take(message)
        if self._still is not None:
            self._still.fill(message)

    def _draw(self) -> None:
        if self.source.can_act:  # A recording brings its own clock.
            self.live_model.now_s = max(self.live_model.now_s, time.time())
        screen = self.screen
        if not isinstance(screen, OperatorScreen):
            return
        if self.model.version != self._drawn:
            self._drawn = self.model.version
            screen.refresh_all()
        else:
            screen.refresh_frame()

    def screen_shown(self, screen: Screen[None]) -> None:
        if screen is self.front and isinstance(screen, OperatorScreen):
            tail = screen.tail()
            if tail is not None and tail != self._tail:
                self.live_model.tail.renew()  # The source begins it anew, with what went before.
            self._tail = tail
            self.source.want(screen.readings(), tail)

    def freeze(self) -> None:
        self._still = self.live_model.still() if self._still is None else None
        self.redraw()

    def redraw(self) -> None:
        """All of the screen in front, and what it wants."""
        if self.front is not None and self.front.is_mounted:
            self.screen_shown(self.front)
            self.front.refresh_all()

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

    def why_not(self, binding_id: str) -> str:
        if binding_id != "act":
            return ""
        if not self.source.can_act:
            return "a recording cannot be acted upon"
        if self.is_read_only:
            return "this console is read-only"
        freshness = self.live_model.link.freshness(self.live_model.now_s)
        return "" if freshness in {"live", "slow"} else f"no action while {freshness}"

    def change_window(self, step: int) -> None:
        position = WINDOWS_S.index(self.model.window_s) + step
        self.live_model.window_s = WINDOWS_S[position % len(WINDOWS_S)]
        self.model.window_s = self.live_model.window_s
        self.redraw()

    def offer_views(self) -> None:
        self.say("no views are saved")

    def run_command(self, text: str) -> None:
        words = text.split()
        if words in (["q"], ["quit"]):
            self.exit()
        elif words:
            self.go(Destination(words[0], *words[1:2]))

    def copy(self, text: str) -> None:
        self.copy_to_clipboard(text)
        self.say(f"copied: {text}")


def _theme(palette: Palette) -> Theme:
    accent, surface = palette.accent or "ansi_default", palette.surface or "ansi_default"
    return Theme(
        name=f"sightline-{palette.name}", primary=accent, background=surface, surface=surface,
        panel=palette.panel or surface, foreground=palette.text, dark=palette.name != "light",
    )  # fmt: skip
