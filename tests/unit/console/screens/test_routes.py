"""The screen of routes, by its keys."""

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from gateway.wire.history import RecentView
from gateway.wire.views import MatchView, PlaceView, RouteListView, RouteView
from tests.support.console import GivenSource, play, screen_text, until


def route(name: str, errors: float) -> RouteView:
    return RouteView(
        name=name, index=0, priority=0, place=PlaceView(file="a", line=1), match=MatchView(path_kind="any"), action="forward",
        upstreams=[], request_timeout_ms=None, first_byte_timeout_ms=None, upstream_idle_timeout_ms=None,
        recent=RecentView(rate=10.0, error_ratio=errors),
    )  # fmt: skip


def test_the_worst_route_is_first_and_the_cursor_stays_on_its_row() -> None:
    routes = RouteListView(revision="a", routes=[route("calm", 0.0), route("bad", 0.5)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        def keys() -> list[str]:
            return [row.key for row in app.screen.query_one(LiveTable).grid.rows]

        await until(pilot, lambda: keys() == ["bad", "calm"])
        await pilot.press("j")
        assert app.screen.query_one(LiveTable).cursor_key == "calm"
        await pilot.press("slash", *"cal", "enter")
        assert keys() == ["calm"]
        assert "filter: cal" in screen_text(app)
        await pilot.press("slash", "backspace", "backspace", "backspace", "enter")
        assert keys() == ["bad", "calm"]
        assert app.screen.query_one(LiveTable).cursor_key == "calm"

    play(ConsoleApp(GivenSource([Answered(reading.ROUTES, routes)]), first=Destination("routes")), story, (100, 24))
