"""From options to a console, over a recording."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.kept.files import Files
from console.app.opening import Options, make_console
from console.client.contexts import Context
from console.client.problems import WrongUsage
from console.render.palette import PALETTES
from console.state import reading
from console.state.messages import Answered
from gateway.admin import examples
from gateway.wire.views import RouteListView
from tests.support.console import play, screen_text, until
from tests.support.recordings import SMALL, STARTED_S, make_recording

SEEN = ((0.0, Answered(reading.routes(300), RouteListView(revision="a", routes=[examples.ROUTE]))), *SMALL)
"""What the screen of routes asks for is in it too."""


def test_a_recording_stands_still_when_frozen_and_goes_where_it_is_told(tmp_path: Path) -> None:
    replay = make_recording(tmp_path / "a.ndjson", SEEN)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "orders" in screen_text(app))
        assert app.why_not("act") == "a recording cannot be acted upon"
        await pilot.press("space")
        await until(pilot, lambda: "FROZEN" in screen_text(app))
        stopped_s = app.live_model.now_s
        await pilot.press("space", "colon", *"at -2s", "enter")
        await until(pilot, lambda: app.live_model.now_s < stopped_s)
        await pilot.press("colon", *"record x", "enter")
        await until(pilot, lambda: "cannot be recorded" in screen_text(app))

    options = Options(replay=replay, at_s=4.5, screen="routes", speed=0.01)
    app = make_console(Context(name="x"), options, {})
    play(app, story)
    assert app.live_model.now_s < STARTED_S + 4.5


@pytest.mark.parametrize("theme", list(PALETTES))
def test_every_theme_has_all_that_is_drawn_with_it(theme: str, tmp_path: Path) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "orders" in screen_text(app))
        await pilot.press("slash", "escape")
        assert "orders" in screen_text(app)

    replay = make_recording(tmp_path / "a.ndjson", SEEN)
    app = make_console(Context(name="x"), Options(theme=theme, replay=replay, at_s=9.0, screen="routes"), {})
    play(app, story)


def test_a_recording_begins_with_the_console_that_was_asked_for_it(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    make_console(Context(name="x"), Options(record=str(file)), {})
    assert file.exists()


def test_what_is_not_there_is_named() -> None:
    for options in (Options(screen="nowhere"), Options(theme="pink"), Options(replay="/nowhere.ndjson")):
        with pytest.raises(WrongUsage, match=r"nowhere|pink"):
            make_console(Context(name="x"), options, {})


def test_the_history_of_who_serves_it_is_not_for_visitors(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    Files(environ).keep_history(["theme nothing"])
    visited = make_console(
        Context(name="x"), Options(), environ | {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}
    )
    assert make_console(Context(name="x"), Options(), environ).history.lines == ["theme nothing"]
    assert visited.history.lines == []
