"""Keys that mean the same everywhere, on the screen of routes."""

import pytest
from textual.events import AppBlur, AppFocus
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.destinations import BY_KEY
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


def test_another_order_shows_its_first_row_unless_a_row_was_chosen() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["b-1", "c-2", "a-1"])
        table = app.screen.query_one(LiveTable)
        await pilot.press("S")
        assert (keys(app)[0], table.cursor_key) == ("a-1", "a-1")
        await pilot.press("j", "S")
        assert keys(app) == ["b-1", "c-2", "a-1"]
        assert table.cursor_key == "c-2"
        await pilot.press("g", "S")
        assert table.cursor_key == "a-1"

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


def test_a_terminal_that_is_too_small_is_told_so_until_it_is_larger() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        assert "79x24 of 80x24: enlarge, or use sightline top" in screen_text(app)
        assert "1Over" not in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "1Over" in screen_text(app))
        assert "enlarge" not in screen_text(app)

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story, (79, 24))


@pytest.mark.parametrize("width", [80, 100, 160, 250])
def test_the_frame_fits_its_terminal(width: int) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 3)
        lines = screen_text(app).splitlines()
        assert "9Log" in lines[1]
        assert "5m" in lines[1]
        assert "? help" in lines[-1]
        assert max(map(len, lines)) <= width

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story, (width, 24))


def test_a_row_is_selected_by_the_mouse() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 3)
        await pilot.click(LiveTable, offset=(5, 2))
        assert app.screen.query_one(LiveTable).cursor_key == "c-2"

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story)


def test_every_pivot_leads_from_a_row_to_what_is_known_of_it_elsewhere() -> None:
    ways = {"l": ("live", "route:b-1"), "f": ("live", "route:b-1 err"), "t": ("traces", "route:b-1"), "d": ("raw", "")}

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 3)
        for key, (name, wanted) in ways.items():
            await pilot.press(key)
            assert app.front is not None
            assert (app.front.NAME, app.front.filter) == (name, wanted), key
            await pilot.press("escape")
            assert app.front.NAME == "routes"

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story)


def test_digits_lead_to_screens_and_a_longer_window_is_wanted_of_the_source() -> None:
    source = GivenSource([ROUTES])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        for place in BY_KEY.values():
            await pilot.press(place.key)
            assert app.front is not None
            assert place.name == app.front.NAME
        await pilot.press("exclamation_mark")
        assert app.front is not None
        assert app.front.NAME == "overview"
        await pilot.press("w")
        assert "15m" in screen_text(app).splitlines()[1]
        await pilot.press("W", "full_stop")
        assert "asking again" in screen_text(app)

    play(ConsoleApp(source, first=Destination("routes")), story)


def test_values_fade_and_the_source_is_spared_while_nobody_looks() -> None:
    paces: list[float] = []

    class Paced(GivenSource):
        def keep_pace(self, slowness: float) -> None:
            paces.append(slowness)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 3)
        app.post_message(AppBlur())
        await until(pilot, lambda: "unfocused 0.2 Hz" in screen_text(app))
        app.post_message(AppFocus())
        await until(pilot, lambda: "unfocused" not in screen_text(app))
        assert paces == [10.0, 1.0]

    play(ConsoleApp(Paced([ROUTES]), first=Destination("routes")), story)
