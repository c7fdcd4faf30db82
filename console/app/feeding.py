"""From the source to the screen in front: the model it feeds, how often it is drawn, and the moment that is looked at."""

import asyncio
import gc
import time
from typing import Final

from textual.screen import Screen

from console.app.destinations import load_screens
from console.app.navigation import Navigating
from console.render.amounts import age
from console.render.band import clock_of
from console.screens.operator_screen import OperatorScreen
from console.sources.source import Source
from console.state.messages import Answered, Message, TailWanted
from console.state.model import WINDOWS_S, Model
from console.state.moments import duration_s, moment
from console.state.reading import ME, OBJECTIVES, OBJECTIVES_NOW_AND_THEN

_FRAME_S: Final = 0.5
"""At most so often is a screen drawn because something came; keys draw at once."""
_FAR_FRAME_S: Final = 1.0
"""The same over SSH, where each frame goes through a wire."""
_UNFOCUSED_S: Final = 5.0
"""The same while the operator looks elsewhere; readings are asked for as much less often."""
_LOAD_S: Final = 1.0
"""When screens that nobody has opened yet are loaded: after the first rows."""
_LOOKED_AT: Final = 500
_LONGEST_S: Final = WINDOWS_S[-1]


class Feeding(Navigating):
    """The part of the app that holds what is known."""

    source: Source
    context_name: str

    def __init__(self) -> None:
        super().__init__()
        self.is_far = False
        """Whether the terminal is behind a slow wire."""
        self.is_unfocused = False
        self._drawn_at_s = 0.0
        self.looked_at: list[str] = []
        """Commands that print what was shown, in the order in which it was."""
        self.live_model = Model()
        self._still: Model | None = None
        self._tail: TailWanted | None = None
        self._drawn: tuple[Model | None, int] = None, 0
        """What is on the screen: of which model, as it was when."""

    @property
    def model(self) -> Model:
        """What is shown: while frozen, what was known then."""
        return self._still or self.live_model

    @property
    def frozen_at_s(self) -> float | None:
        return None if self._still is None else self._still.now_s

    @property
    def is_faded(self) -> bool:
        """Whether what is shown is older than it should be, and not because the operator wants it so."""
        if self.front is not None and self.front.unanswered is not None:
            return True
        return self.live_model.link.freshness(self.live_model.now_s) in {"stale", "disconnected"}

    def start_feeding(self) -> None:
        self.set_interval(_FAR_FRAME_S if self.is_far else _FRAME_S, self._draw_in_turn)
        self.feed_anew()
        self.set_timer(_LOAD_S, self._load_screens)

    def _load_screens(self) -> None:
        self.run_worker(_load_rest, thread=True, group="load", exit_on_error=False)

    def feed_anew(self) -> None:
        """From the source as it is now; the one before is left without waiting for its end."""
        self.run_worker(self._feed(self.source, self.live_model), exclusive=True, group="feed")

    async def _feed(self, source: Source, model: Model) -> None:
        await asyncio.sleep(0)  # The first paint comes first.

        def take(at_s: float, message: Message) -> None:
            if model is self.live_model:  # Whoever was left may still say something.
                self._take(at_s, message)

        await source.run(take)

    def _take(self, at_s: float, message: Message) -> None:
        is_awaited = self._is_awaited(message)
        self.live_model.now_s = at_s
        self.live_model.take(message)
        if self._still is not None:
            self._still.fill(message)
        if is_awaited:
            self.call_later(self.draw)

    def _is_awaited(self, message: Message) -> bool:
        """Whether it is the first answer to what the screen in front asked for: an empty screen does not wait for its turn."""
        return (
            isinstance(message, Answered)
            and not self.is_unfocused
            and self.front is not None
            and message.reading in self.front.asked
            and self.model.view(message.reading) is None
        )

    def on_app_blur(self) -> None:
        self.is_unfocused = True
        self.source.keep_pace(_UNFOCUSED_S / _FRAME_S)
        self.draw()

    def on_app_focus(self) -> None:
        self.is_unfocused = False
        self.source.keep_pace(1.0)
        self.source.refetch()
        self.draw()

    def _draw_in_turn(self) -> None:
        now_s = time.monotonic()
        if not self.is_unfocused or now_s - self._drawn_at_s >= _UNFOCUSED_S:
            self._drawn_at_s = now_s
            self.draw()

    def draw(self) -> None:
        """The screen in front, if something came; its frame in any case, for the clocks in it."""
        if self.source.can_act:  # A recording brings its own clock.
            self.live_model.now_s = max(self.live_model.now_s, time.time())
        if not self.screen_stack:  # It is being closed.
            return
        screen = self.screen
        if not isinstance(screen, OperatorScreen) or not screen.is_drawable:
            return
        model, version = self._drawn
        if self.model is not model or self.model.version != version:
            self._drawn = self.model, self.model.version
            screen.refresh_all()
        else:
            screen.refresh_frame()

    def screen_shown(self, screen: Screen[None]) -> None:
        if screen is self.front and isinstance(screen, OperatorScreen):
            tail = screen.tail()
            if tail is not None and tail != self._tail:
                self.live_model.tail.renew()  # The source begins it anew, with what went before.
            self._tail = tail
            screen.asked = tuple(screen.readings())
            beside = (ME,) if OBJECTIVES in screen.asked else (ME, OBJECTIVES_NOW_AND_THEN)
            self.source.want((*screen.asked, *beside), tail)
            if self.looked_at[-1:] != [screen.twin()]:
                self.looked_at = [*self.looked_at, screen.twin()][-_LOOKED_AT:]
            if self.complaints:
                screen.say("; ".join(self.complaints), "warn")
                self.complaints.clear()

    def redraw(self) -> None:
        """All of the screen in front, and what it wants."""
        screen = self.front
        if screen is not None and screen.is_drawable:
            self.screen_shown(screen)
            screen.refresh_all()

    def freeze(self) -> None:
        self._still = self.live_model.still() if self._still is None else None
        self.redraw()

    def change_window(self, step: int) -> None:
        """To the next of the usual windows, or the one before (-1)."""
        usual = sorted({*WINDOWS_S, self.model.window_s})
        self._look(usual[(usual.index(self.model.window_s) + step) % len(usual)], self.model.at_s)

    def look_back(self, duration: str) -> None:
        """A window of any length, within the gateway's history."""
        try:
            window_s = duration_s(duration)
        except ValueError as problem:
            self.say(str(problem))
            return
        if not WINDOWS_S[0] <= window_s <= _LONGEST_S:
            self.say(f"a window is {age(WINDOWS_S[0])} to {age(_LONGEST_S)} long")
        else:
            self._look(window_s, self.model.at_s)

    def look_at(self, text: str) -> None:
        """Everything as it was at a time of day."""
        try:
            at_s = moment(text, self.live_model.now_s)
        except ValueError as problem:
            self.say(str(problem))
            return
        if self.live_model.now_s - at_s > _LONGEST_S:
            self.say(f"{clock_of(at_s)} is longer ago than the gateway remembers ({age(_LONGEST_S)})")
            return
        self._look(self.model.window_s, at_s)
        self.say(f"figures end at {clock_of(at_s)}; :now comes back")

    def look_at_now(self) -> None:
        self._still = None
        self._look(self.model.window_s, None)

    def _look(self, window_s: int, at_s: int | None) -> None:
        for model in (self.live_model, self.model):
            model.window_s, model.at_s = window_s, at_s
        self.redraw()


def _load_rest() -> None:
    """All that the first rows did not need."""
    try:
        load_screens()
    finally:
        # Off as `sightline console` starts: modules by the hundred are nothing to look through for garbage.
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
