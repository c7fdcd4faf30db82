"""The console. It holds the model, feeds it from the source, and moves between screens."""

import asyncio
import time
from typing import ClassVar, Final

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from console.app.destinations import BY_KEY, BY_NAME, Place
from console.render.palette import PALETTES, Palette, PaletteName
from console.screens.operator_screen import OperatorScreen
from console.sources.source import Source
from console.state.messages import Message
from console.state.model import WINDOWS_S, Model
from console.state.selection import Destination, Selection

_FRAME_S: Final = 0.5
"""At most so often is a screen drawn because something came; keys draw at once."""
_DEEPEST: Final = 32


class ConsoleApp(App[None]):
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
        self.model = Model()
        self.context_name = context_name
        self.is_production = is_production
        self.is_read_only = is_read_only
        self.palette_name: PaletteName = palette
        self.ascii_only = ascii_only
        self.frozen_at_s: float | None = None
        self._first = first or Destination("routes")
        self._drawn = -1
        self._before: Destination | None = None
        self._current = self._first

    def on_mount(self) -> None:
        self.register_theme(_theme(PALETTES[self.palette_name]))
        self.theme = f"sightline-{self.palette_name}"
        self.open(self._first)
        self.set_interval(_FRAME_S, self._draw)
        self.run_worker(self._feed(), exclusive=True, group="feed")

    async def _feed(self) -> None:
        await asyncio.sleep(0)  # The first paint comes first.
        await self.source.run(self._take)

    def _take(self, at_s: float, message: Message) -> None:
        self.model.now_s = at_s
        self.model.take(message)

    def _draw(self) -> None:
        if self.frozen_at_s is not None:
            return
        self.model.now_s = max(self.model.now_s, time.time()) if self.source.can_act else self.model.now_s
        screen = self.screen
        if isinstance(screen, OperatorScreen):
            screen.refresh_all()

    def screen_shown(self, screen: Screen[None]) -> None:
        if isinstance(screen, OperatorScreen):
            self.source.want(screen.readings(), screen.tail())

    def open(self, destination: Destination) -> None:
        place = BY_NAME.get(destination.screen)
        if place is None:
            self._say(f"there is no screen {destination.screen!r}")
            return
        self._before, self._current = self._current, destination
        self._show(place, destination)

    def _show(self, place: Place, destination: Destination) -> None:
        screen = place.make(destination.subject, destination.filter)
        if place.key:
            while len(self.screen_stack) > 1:
                _ = self.pop_screen()
        elif len(self.screen_stack) > _DEEPEST:
            self._say("too many screens are open; go back first")
            return
        _ = self.push_screen(screen)

    def action_go(self, key: str) -> None:
        place = BY_KEY.get(key)
        if place is not None:
            self.open(Destination(place.name))

    def back(self) -> None:
        if len(self.screen_stack) > 2:
            _ = self.pop_screen()

    def previous(self) -> None:
        if self._before is not None:
            self.open(self._before)

    def freeze(self) -> None:
        self.frozen_at_s = None if self.frozen_at_s is not None else self.model.now_s
        if isinstance(self.screen, OperatorScreen):
            self.screen.refresh_all()

    def pivot(self, where: str, selection: Selection | None) -> None:
        if selection is None:
            self._say("nothing is selected")
        elif where == "live":
            self.open(Destination("live", filter=selection.filter))
        elif where == "failing":
            self.open(Destination("live", filter=f"{selection.filter} err".strip()))

    def act(self, selection: Selection | None) -> None:
        if selection is None:
            self._say("nothing is selected")

    def change_window(self, step: int) -> None:
        position = WINDOWS_S.index(self.model.window_s) + step
        self.model.window_s = WINDOWS_S[position % len(WINDOWS_S)]
        if isinstance(self.screen, OperatorScreen):
            self.screen_shown(self.screen)
            self.screen.refresh_all()

    def run_command(self, text: str) -> None:
        words = text.split()
        if words in (["q"], ["quit"]):
            self.exit()
        elif words:
            self.open(Destination(words[0], *words[1:2]))

    def copy(self, text: str) -> None:
        self.copy_to_clipboard(text)
        self._say(f"copied: {text}")

    def _say(self, text: str) -> None:
        if isinstance(self.screen, OperatorScreen):
            self.screen.say(text)


def _theme(palette: Palette) -> Theme:
    accent, surface = palette.accent or "ansi_default", palette.surface or "ansi_default"
    return Theme(
        name=f"sightline-{palette.name}", primary=accent, background=surface, surface=surface,
        panel=palette.panel or surface, foreground=palette.text, dark=palette.name != "light",
    )  # fmt: skip
