"""When a screen is drawn because something came."""

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from gateway.wire.views import RouteListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.unit.console.screens.test_routes import route


def routes(name: str) -> Answered:
    return Answered(reading.routes(300), RouteListView(revision="a", routes=[route(name, 0.0)]))


class WithoutTurns(ConsoleApp):
    """Nothing is drawn because its turn has come."""

    def _draw_in_turn(self) -> None: ...


def test_the_first_answer_is_drawn_at_once_and_later_ones_in_their_turn() -> None:
    source = GivenSource()
    app = WithoutTurns(source, first=Destination("routes"))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "Routes" in screen_text(app))
        await pilot.pause()
        source.tell(routes("first"))
        await until(pilot, lambda: "first" in screen_text(app))
        source.tell(routes("second"))
        await pilot.pause()
        assert "second" not in screen_text(app)
        app.draw()
        await until(pilot, lambda: "second" in screen_text(app))

    play(app, story)


def test_whoever_looks_elsewhere_is_drawn_nothing_at_once() -> None:
    source = GivenSource()
    app = WithoutTurns(source, first=Destination("routes"))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "Routes" in screen_text(app))
        app.on_app_blur()
        await pilot.pause()
        source.tell(routes("first"))
        await pilot.pause()
        assert "first" not in screen_text(app)
        app.on_app_focus()
        await until(pilot, lambda: "first" in screen_text(app))

    play(app, story)
