"""A list and what is beside it, by width and by keys."""

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.list_and_detail import ROOMY
from console.state import reading
from console.state.health.endpoint_page import failed_at
from console.state.reading import AnyReading
from console.state.selection import Destination
from console.widgets.cell_block import CellBlock
from console.widgets.live_table import LiveTable
from tests.support.console import GivenSource, play, screen_text, until
from tests.support.situations import Situation, endpoint, figures, route, upstream


def three_routes() -> Situation:
    routes = [route(name, figures(10.0, errors)) for name, errors in (("a", 0.5), ("b", 0.2), ("c", 0.0))]
    return Situation(routes, [upstream("up", endpoint("10.0.1.7:9001"), endpoint("10.0.1.8:9001"))])


def beside(app: ConsoleApp) -> str:
    block = app.screen.query_one("#beside", CellBlock)
    return block.text if block.region.width else ""


def asked(source: GivenSource, name: str) -> AnyReading | None:
    return next((each for each in source.wanted if each == reading.route(name)), None)


def test_what_is_beside_a_list_follows_the_cursor_when_it_rests_and_asks_about_that_row_alone() -> None:
    source = GivenSource(three_routes().messages())

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: beside(app).startswith(" a\n") and asked(source, "a") is not None)
        assert "10.0.1.7:9001" in beside(app)
        assert reading.CONFIG not in source.wanted
        await pilot.press("j", "k", "j", "j")
        assert app.screen.query_one(LiveTable).cursor_key == "c"
        await until(pilot, lambda: beside(app).startswith(" c\n") and asked(source, "c") is not None)
        assert asked(source, "a") is None
        assert asked(source, "b") is None
        await pilot.press("z")
        await until(pilot, lambda: not beside(app) and asked(source, "c") is None)
        await pilot.press("z")
        await until(pilot, lambda: beside(app).startswith(" c\n"))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#verdict").first(CellBlock).text != "")

    play(ConsoleApp(source, first=Destination("routes")), story, (200, 50))


def test_the_endpoints_have_their_page_beside_them() -> None:
    source = GivenSource(three_routes().messages())

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "10.0.1.7:9001 of up" in beside(app))
        await pilot.press("j")
        await until(pilot, lambda: "10.0.1.8:9001 of up" in beside(app))
        assert failed_at("10.0.1.8:9001") in source.wanted
        assert failed_at("10.0.1.7:9001") not in source.wanted

    play(ConsoleApp(source, first=Destination("upstreams")), story, (ROOMY, 50))


@pytest.mark.parametrize("screen", ["routes", "upstreams"])
def test_where_there_is_no_room_for_both_the_list_has_it_all_and_no_row_is_asked_about(screen: str) -> None:
    source = GivenSource(three_routes().messages())

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.screen.query_one(LiveTable).cursor_key is not None)
        assert app.screen.query_one(LiveTable).region.width == ROOMY - 1
        assert not beside(app)
        assert asked(source, "a") is None
        assert failed_at("10.0.1.7:9001") not in source.wanted
        assert screen_text(app)

    play(ConsoleApp(source, first=Destination(screen)), story, (ROOMY - 1, 40))
