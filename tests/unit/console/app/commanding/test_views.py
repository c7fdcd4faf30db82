"""Saved views, by their keys."""

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


def test_a_view_is_kept_listed_applied_and_forgotten() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["bad", "calm"])
        await pilot.press("slash", *"ca", "enter", "w", "v", "plus", *"mine", "enter")
        assert "kept as 'mine'" in screen_text(app)
        await pilot.press("slash", "backspace", "backspace", "enter", "S", "W")
        assert keys(app) == ["calm", "bad"]
        await pilot.press("v")
        assert "view  1 mine  + save this  - delete" in screen_text(app)
        await pilot.press("1")
        assert keys(app) == ["calm"]
        assert app.model.window_s == 900
        assert "reversed" not in screen_text(app)
        await pilot.press("v", "minus", "1", "v")
        assert "1 mine" not in screen_text(app)

    play(ConsoleApp(GivenSource([ROUTES]), first=Destination("routes")), story)
