"""Going from screen to screen: state is kept, ways back are there, and what is hidden costs nothing."""

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from gateway.wire.views import RouteListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.unit.console.screens.test_routes import route

ROUTES = Answered(reading.routes(300), RouteListView(revision="a", routes=[route("calm", 0.0), route("bad", 0.5)]))


def keys(app: ConsoleApp) -> list[str]:
    return [row.key for table in app.screen.query(LiveTable) for row in table.grid.rows]


def test_a_screen_keeps_its_cursor_filter_and_order_and_the_way_back_leads_there() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["bad", "calm"])
        await pilot.press("S", "down")
        root = app.screen
        app.open(Destination("routes", filter="ba"))
        await until(pilot, lambda: app.screen is not root and keys(app) == ["bad"])
        deeper = app.screen
        await pilot.press("2")
        assert app.screen is root
        assert keys(app) == ["calm", "bad"]
        assert root.query_one(LiveTable).cursor_key == "bad"
        await pilot.press("minus")
        assert app.screen is deeper
        await pilot.press("escape")
        assert app.screen is root
        await pilot.press("backspace")
        assert app.screen is deeper
        await pilot.press("h", "h")
        assert app.screen is root
        assert "nothing to go back to" in screen_text(app)

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story)


def test_a_hidden_screen_is_not_drawn_and_nothing_is_asked_for_it() -> None:
    source = GivenSource([ROUTES])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["bad", "calm"])
        hidden = app.screen.query_one(LiveTable)
        app.open(Destination("routes", filter="ba"))
        await until(pilot, lambda: keys(app) == ["bad"])
        source.tell(Answered(reading.routes(300), RouteListView(revision="a", routes=[route("new-bad", 0.0)])))
        await until(pilot, lambda: keys(app) == ["new-bad"])
        assert len(hidden.grid.rows) == 2
        await pilot.press("escape")
        assert [row.key for row in hidden.grid.rows] == ["new-bad"]

    play(ConsoleApp(source, first=Destination("routes")), story)


def test_screens_that_cannot_be_come_back_to_are_forgotten() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        for number in range(20):
            app.open(Destination("routes", filter=str(number)))
            await pilot.pause()
        assert len(app._installed_screens) < 20
        await pilot.press("2")
        await pilot.press("escape")
        assert "filter: 19" in screen_text(app)

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story)


def test_what_was_known_when_the_console_froze_stays_and_what_was_not_is_filled_in() -> None:
    source = GivenSource([ROUTES])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["bad", "calm"])
        await pilot.press("space")
        assert "FROZEN" in screen_text(app)
        source.tell(Answered(reading.routes(300), RouteListView(revision="a", routes=[])))
        source.tell(Answered(reading.route("bad"), route("bad", 0.5)))
        await pilot.press("S")
        assert keys(app) == ["calm", "bad"]
        assert app.model.view(reading.route("bad")) is not None
        await pilot.press("space")
        assert keys(app) == []

    play(ConsoleApp(source, first=Destination("routes")), story)
