"""The command bar, by its keys: completing, recalling, and never silence."""

from pathlib import Path

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.kept.files import Files
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from console.widgets.prompt import Prompt
from gateway.wire.views import RouteListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.unit.console.screens.test_routes import route

ROUTES = Answered(reading.routes(300), RouteListView(revision="a", routes=[route("calm", 0.0), route("bad", 0.5)]))


def keys(app: ConsoleApp) -> list[str]:
    return [row.key for table in app.screen.query(LiveTable) for row in table.grid.rows]


def console(files: Files | None = None) -> ConsoleApp:
    return ConsoleApp(GivenSource([ROUTES]), first=Destination("routes"), files=files)


def test_a_command_is_completed_by_tab_from_live_names_and_run_by_enter() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["bad", "calm"])
        await pilot.press("colon", *"rou", "tab")
        assert app.screen.query_one(Prompt).text == "routes "
        await pilot.press("b")
        assert screen_text(app).splitlines()[-1].strip() == "bad"
        await pilot.press("backspace", "slash", *"ba", "enter")
        assert keys(app) == ["bad"]
        await pilot.press("colon", *"sort ", "tab", "tab", "enter")
        assert "sort rate" in screen_text(app)
        app.run_command("w 30m")
        assert app.model.window_s == 1_800
        await pilot.press("W")
        assert app.model.window_s == 900
        await pilot.press("colon", *"rou", "tab", "tab")
        assert app.screen.query_one(Prompt).text == "routes "

    play(console(), story)


def test_an_unknown_command_is_answered_with_the_nearest_and_the_next_one_can_be_had_again(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        app.run_command("ruotes")
        await pilot.pause()
        assert "there is no command 'ruotes'; did you mean :routes?" in screen_text(app)
        await pilot.press("colon", *"w 1h", "enter", "colon", "up")
        assert app.screen.query_one(Prompt).text == "w 1h"
        await pilot.press("up", "down", "down")
        assert app.screen.query_one(Prompt).text == ""
        await pilot.press("escape")
        assert app.screen.query_one(Prompt).kind is None
        app.run_command("alias bad routes /ba")
        app.run_command("bad")
        await until(pilot, lambda: keys(app) == ["bad"])

    play(console(Files(environ)), story)
    kept = Files(environ)
    assert kept.history() == ["ruotes", "w 1h", "alias bad routes /ba", "bad"]
    assert kept.aliases() == {"bad": "routes /ba"}


def test_what_a_command_cannot_do_is_said_in_words() -> None:
    said = {
        "w soon": "expected a duration such as 15m",
        "w 1d": "a window is 1m to 6h long",
        "at noon": "expected a time such as 14:05",
        "sort weather": "nothing to sort by 'weather' here",
        "view none": "there is no view 'none'",
        "alias none": "there is no alias 'none'",
        "diff 1": "new is missing: diff OLD NEW",
    }

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        for line, answer in said.items():
            app.run_command(line)
            await pilot.pause()
            assert answer in screen_text(app), line

    play(console(), story)


def test_a_moment_is_looked_at_until_now_is() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["bad", "calm"])
        app.run_command("at -10m")
        assert app.model.at_s == int(app.live_model.now_s) - 600
        app.run_command("now")
        assert app.model.at_s is None

    play(console(), story)
