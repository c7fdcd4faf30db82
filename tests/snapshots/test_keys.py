"""What every key does on every screen, pressed over the recorded demo: a list for each screen, compared with the one that somebody read.

The keys are those that the screen has, so none is left out, and one that is new has to be looked at.
"""

import asyncio
from typing import Final, NamedTuple

import pytest
from textual.events import Key
from textual.pilot import Pilot
from typing_extensions import override

from console.app.app import ConsoleApp
from console.app.destinations import BY_KEY, PLACES, Place
from console.screens.hinting import keys_of
from console.screens.operator_screen import OperatorScreen
from console.sources.recorded import RecordedSource
from console.state.selection import Destination
from console.widgets.prompt import Prompt
from tests.snapshots.test_screens import demo, destinations, settled
from tests.support.console import play, screen_text
from tests.support.snapshots import compare, fail_with

ASKING_ANEW: Final = frozenset({"window", "window_back", "invert", "narrow"})
"""Keys after which something else is asked for, and answered whenever that may be: they are pressed last."""
_DEADLINE_S: Final = 10.0


class Staying(ConsoleApp):
    """Notes where a key leads and stays: to go to each of hundreds of places would take a minute. That the way is gone is shown by
    tests of the navigation."""

    led_to = ""
    stays = False

    @override
    def open(self, destination: Destination) -> None:
        if not self.stays:
            super().open(destination)
        self.led_to = f"-> {_told(destination)}"

    @override
    def action_go(self, key: str) -> None:
        self.led_to = f"-> {BY_KEY[key].name} itself"

    @override
    def back(self) -> None:
        self.led_to = "<- back"

    @override
    def previous(self) -> None:
        self.led_to = "<- the screen before"

    @override
    def to_worst(self) -> None:
        self.led_to = "-> the worst of the overview"


def _told(destination: Destination) -> str:
    of = f" of {destination.subject}" if destination.subject else ""
    return f"{destination.screen}{of}{f' where {destination.filter}' if destination.filter else ''}"


class Seen(NamedTuple):
    """What a key may change."""

    said: str
    asks: bool
    filter: str
    window_s: int
    sort: str
    is_frozen: bool
    focus: str
    body: str


def seen(app: ConsoleApp) -> Seen:
    front = app.front
    assert front is not None
    lines, prompt = screen_text(app).splitlines(), front.query_one(Prompt)
    row, focus = prompt.region.y, front.focused
    cursors = [str(getattr(widget, "cursor_key", getattr(widget, "_cursor", ""))) for widget in front.query("*")]
    return Seen(
        lines[row].strip() if row < len(lines) else "", prompt.is_busy, front.filter, app.model.window_s,
        f"{front.sort}{' reversed' if front.is_reversed else ''}", app.frozen_at_s is not None,
        str(focus.id or "the rows") if focus is not None else "nothing", "\n".join(lines[2:row] + cursors),
    )  # fmt: skip


def effect(before: Seen, after: Seen) -> str:
    """In words."""
    changes = {
        f"filter {after.filter}": after.filter != before.filter,
        f"window {after.window_s} s": after.window_s != before.window_s,
        f"sort {after.sort}": after.sort != before.sort,
        "stands still" if after.is_frozen else "goes on": after.is_frozen != before.is_frozen,
        f"focus on {after.focus}": not after.asks and after.focus != before.focus,
        f"{'asks' if after.asks else 'says'} {after.said}": bool(after.said),
    }
    moved = "other rows, or another one selected" if after.body != before.body else "nothing"
    return "; ".join(told for told, is_so in changes.items() if is_so) or moved


async def press(app: ConsoleApp, key: str) -> None:
    """As the terminal would send it. Waits until the console has dealt with it, and for nothing else: there are hundreds of keys."""
    _ = app.post_message(Key(key, key if len(key) == 1 else None))
    handled = asyncio.Event()
    _ = app.call_later(handled.set)
    await asyncio.wait_for(handled.wait(), _DEADLINE_S)
    assert app._taking is not None
    await asyncio.wait_for(asyncio.shield(app._taking), _DEADLINE_S)
    app.redraw()  # As the clock of the frame would, some time later.
    drawn = asyncio.Event()
    _ = app.screen.call_after_refresh(drawn.set)
    await asyncio.wait_for(drawn.wait(), _DEADLINE_S)


async def as_before(app: ConsoleApp, front: OperatorScreen, now: Seen, *, asks: bool) -> Seen:
    """What a key did is undone, as far as others would be different by it."""
    is_changed = front.is_asking is not asks or app.frozen_at_s is not None
    if front.is_asking is not asks:
        await press(app, "slash" if asks else "escape")
    if app.frozen_at_s is not None:
        app.freeze()
        assert isinstance(app.source, RecordedSource)
        app.source.pause(is_paused=True)
    front.say("")
    return seen(app) if is_changed else now._replace(said="")


async def press_all(app: Staying, pilot: Pilot[None], destination: Destination) -> list[str]:
    """A line for each key of a screen."""
    app.stays = False
    app.go(destination)
    app.stays = True
    await settled(app, pilot)
    front = app.front
    assert front is not None
    told = await press_keys(app, front)
    if front.is_asking:  # As Help does, when it comes to the front.
        await press(app, "escape")
        told += ["", *await press_keys(app, front)]
    return told


async def press_keys(app: Staying, front: OperatorScreen) -> list[str]:
    told, asks, before = [], front.is_asking, seen(app)
    for key in sorted(keys_of(front, lambda _: ""), key=lambda key: key.id in ASKING_ANEW):
        # Those of the app are the same everywhere; where something is typed, letters are part of it.
        if key.place == "app" or (asks and len(key.keys[0]) == 1):
            continue
        app.led_to = ""
        await press(app, key.keys[0])
        after = seen(app)
        told.append(f"{key.keys[0]:<18} {key.id:<16} {app.led_to or effect(before, after)}")
        before = await as_before(app, front, after, asks=asks)
    return told


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_what_each_key_does(place: Place) -> None:
    told: list[str] = []

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        assert isinstance(app, Staying)
        [destination] = [each for each in destinations() if each.screen == place.name]
        told.extend(await press_all(app, pilot, destination))

    play(Staying(demo(), context_name="demo"), story, (120, 40))
    fail_with([compare(f"keys/{place.name}", "\n".join(told))])
