"""Keys that mean the same everywhere, on the screen of routes."""

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from gateway.wire.views import RouteListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.unit.console.screens.test_routes import route

ROUTES = Answered(
    reading.ROUTES, RouteListView(revision="a", routes=[route(name, ratio) for name, ratio in (("a-1", 0.0), ("b-1", 0.5), ("c-2", 0.1))])
)  # fmt: skip


def keys(app: ConsoleApp) -> list[str]:
    return [row.key for table in app.screen.query(LiveTable) for row in table.grid.rows]


def test_an_order_is_picked_by_number_turned_round_and_left_alone_by_escape() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["b-1", "c-2", "a-1"])
        await pilot.press("s")
        assert "sort by  1 errors" in screen_text(app)
        await pilot.press("escape", "s", "z", "5")
        assert keys(app) == ["a-1", "b-1", "c-2"]
        assert "sort order" in screen_text(app)
        await pilot.press("S")
        assert keys(app) == ["c-2", "b-1", "a-1"]
        await pilot.press("E")
        assert keys(app) == ["b-1", "c-2", "a-1"]

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story)


def test_matches_are_gone_through_round_the_end() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["b-1", "c-2", "a-1"])
        screen = app.screen
        assert isinstance(screen, OperatorScreen)
        screen.filter = "-1"
        await pilot.press("n")
        assert screen.query_one(LiveTable).cursor_key == "a-1"
        await pilot.press("n")
        assert screen.query_one(LiveTable).cursor_key == "b-1"
        await pilot.press("N")
        assert screen.query_one(LiveTable).cursor_key == "a-1"

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story)


def test_the_bottom_line_tells_of_keys_and_greys_those_that_do_nothing() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["b-1", "c-2", "a-1"])
        assert "enter open  l live  t traces" in screen_text(app).splitlines()[-1]
        assert app.why_not("act") == "a recording cannot be acted upon"
        await pilot.press("a")
        assert "a recording cannot be acted upon" in screen_text(app)

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story)


def test_every_key_says_something_where_it_cannot_do_anything() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        for key, said in {
            "u": "nothing is selected",
            "Y": "nothing is selected",
            "enter": "nothing to open here",
        }.items():
            await pilot.press(key)
            assert said in screen_text(app), key

    play(ConsoleApp(GivenSource(), first=Destination("routes")), story)
