"""Every screen over the recorded demo, in each size, state and palette, as it was when somebody looked at it.

UPDATE_SNAPSHOTS=1 writes them anew. `texts` and `looks` are compared, the latter with the colour of each character; `pictures` show
the same `looks` to people.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Final

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.destinations import PLACES
from console.render import amounts
from console.render.palette import PaletteName
from console.screens.operator_screen import OperatorScreen
from console.sources.archive import Archive, split_name
from console.sources.recorded import RecordedSource
from console.sources.recording import read_recording
from console.sources.source import Source
from console.state.messages import Answered, Linked, TailWanted
from console.state.reading import AnyReading
from console.state.selection import Destination
from tests.support.console import NOW_S, GivenSource, play, screen_text
from tests.support.demo_recording import FILE
from tests.support.looks import styled_text
from tests.support.snapshots import blank, compare, fail_with, keep_picture

AT_S: Final = 57.0
"""Of the recording: a revision with too short a timeout runs, and an endpoint has been slow."""
_TITLE: Final = "sightline console"
SIZES: Final = ((80, 24), (250, 70))
_SETTLED: Final = 2
_DEADLINE_S: Final = 10.0

Change = Callable[[ConsoleApp], None]


@pytest.fixture(autouse=True)
def where_and_when_it_was_recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(amounts, "today", lambda: datetime.fromtimestamp(recorded_now_s(), UTC).date())
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("TMUX", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@cache
def archive() -> Archive:
    return Archive(read_recording(str(FILE)))


def demo() -> Source:
    source = RecordedSource(archive(), start_t=AT_S)
    source.pause(is_paused=True)
    return source


def destinations() -> list[Destination]:
    """Each screen, those about one thing with something that is in the recording."""
    failed = next(archive().matching("status:5xx upstream:catalog | status:5xx", AT_S))
    asked = (query for _, query in map(split_name, archive().names()) if query.get("kind") == "endpoint")
    endpoint = next(
        query["name"] for query in asked if query["name"].startswith("catalog/") and query.get("window") == "300s"
    )
    subjects = {
        "endpoint": endpoint, "route": "product", "upstream": "catalog", "diff": "1..2", "request": failed.line.request_id,
        "trace": failed.line.trace_id, "explain": "GET /v1/products/7", "raw": "route:product",
    }  # fmt: skip
    return [Destination(place.name, subjects.get(place.name, "")) for place in PLACES]


async def settled(app: ConsoleApp, pilot: Pilot[None]) -> str:
    """The text of the screen once all it wants was answered and nothing moves any more."""
    same, before, until_s = 0, "", time.monotonic() + _DEADLINE_S
    while same < _SETTLED:
        assert time.monotonic() < until_s, f"it does not come to rest:\n{before}"
        await pilot.pause(0.02)
        front = app.screen
        assert isinstance(front, OperatorScreen)
        front.refresh_all()
        await pilot.pause()
        text = screen_text(app)
        known = [app.live_model.get(each) for each in front.readings()]
        is_answered = all(answer.at_s or answer.problem for answer in known) or not isinstance(
            app.source, RecordedSource
        )
        same = same + 1 if text == before and is_answered else 0
        before = text
    return before


def walk(make: Callable[[], ConsoleApp], size: tuple[int, int], names: set[str], name: str, change: Change | None = None,
         *, has_picture: bool = False) -> None:  # fmt: skip
    """Go over all screens, or those of these names, and compare each."""
    differences: list[str] = []

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        for destination in destinations():
            if names and destination.screen not in names:
                continue
            app.go(destination)
            text = await settled(app, pilot)
            if change is not None:
                change(app)
                text = await settled(app, pilot)
            if has_picture:
                keep_picture(f"pictures/{destination.screen}-{name}", lambda: app.export_screenshot(title=_TITLE))
                differences.append(compare(f"looks/{destination.screen}-{name}", styled_text(app)))
            else:
                differences.append(compare(f"texts/{destination.screen}-{name}", text))

    play(make(), story, size)
    fail_with(differences)


def over_demo(palette: PaletteName = "dark", *, ascii_only: bool = False) -> ConsoleApp:
    return ConsoleApp(demo(), context_name="demo", palette=palette, ascii_only=ascii_only)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_screens_over_the_demo(size: tuple[int, int]) -> None:
    walk(over_demo, size, set(), f"{size[0]}x{size[1]}")


def stale(app: ConsoleApp) -> None:
    app.live_model.now_s = recorded_now_s() + 14.0


def disconnected(app: ConsoleApp) -> None:
    app.live_model.now_s = recorded_now_s() + 14.0
    app.live_model.take(Linked("broken", "nobody answers: connection refused", 4.0))


def recorded_now_s() -> float:
    return archive().recording.header.started_s + AT_S


@pytest.mark.parametrize("change", [stale, disconnected])
def test_screens_of_a_gateway_that_is_not_heard_any_more(change: Change) -> None:
    walk(over_demo, (80, 24), set(), change.__name__, change)


class Blank(GivenSource):
    """A gateway that has nothing to tell of: every list is empty, no number is known."""

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        super().want(readings, tail)
        for each in self.wanted if self._take is not None else ():
            self.tell(Answered(each, blank(each.view)))


@pytest.mark.parametrize(
    ("name", "source", "link"),
    [
        ("connecting", GivenSource, Linked("connecting")),
        ("denied", GivenSource, Linked("denied", "a token is needed for this", 30.0)),
        ("empty", Blank, Linked("live")),
    ],
)
def test_screens_of_which_nothing_is_known(name: str, source: type[GivenSource], link: Linked) -> None:
    def make() -> ConsoleApp:
        app = ConsoleApp(source([link]), context_name="demo")
        app.live_model.now_s = NOW_S
        return app

    walk(make, (80, 24), set(), name)


@pytest.mark.parametrize("palette", ["dark", "light", "high-contrast", "mono", "ansi-16"])
def test_screens_in_their_colours(palette: PaletteName) -> None:
    names = set[str]() if palette == "dark" else {"overview", "routes"}
    walk(lambda: over_demo(palette), (120, 40), names, f"120x40-{palette}", has_picture=True)
