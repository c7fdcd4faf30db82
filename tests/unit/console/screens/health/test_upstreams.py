"""Upstreams and the page of an endpoint, by their keys and in three sizes."""

import time

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.health.endpoint_page import course as course_reading
from console.state.messages import Answered, Failed, Message
from console.state.model import Model
from console.state.selection import Destination, Selection
from console.widgets.live_table import LiveTable
from gateway.wire.upstream_views import CircuitView, EndpointView, UpstreamListView
from tests.support.console import NOW_S, GivenSource, play, screen_text, until
from tests.support.situations import Situation, course, endpoint, failed, figures, incident, route, upstream

BAD, GOOD = endpoint("10.0.1.7:9001", figures(10.0, 0.9)), endpoint("10.0.1.8:9001")


def trouble() -> Situation:
    drained = incident(
        3, "endpoint_draining", "up 10.0.1.7:9001", 90, "endpoint 10.0.1.7:9001 of up is draining", actor="ana"
    )
    steps = [(20.0, 0.0)] * 40 + [(None, 0.9)] * 20
    return Situation(
        [route("orders")], [upstream("up", GOOD, BAD, circuit=CircuitView(state="closed"))], failed=[failed("orders", "10.0.1.7:9001", "connect_refused")] * 12,
        incidents=[drained], more={course_reading(Model(), "endpoint", "up/10.0.1.7:9001"): course("endpoint", "up/10.0.1.7:9001", steps, 5)},
    )  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_the_bad_endpoint_is_first_with_its_reason_and_its_page_shows_what_happened_to_it(
    size: tuple[int, int],
) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "connect_refused x12" in screen_text(app))
        table = app.screen.query_one(LiveTable)
        assert table.cursor_key == "up/10.0.1.7:9001"
        assert "state from live traffic only" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "10.0.1.7:9001 of up is failing: connect_refused x12" in screen_text(app))
        await until(pilot, lambda: "errors 90.0%" in screen_text(app))
        assert "endpoint draining" in screen_text(app)
        assert "circuit closed" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "STATE" in screen_text(app))

    play(ConsoleApp(GivenSource(trouble().messages()), first=Destination("upstreams")), story, size)


def test_the_row_under_the_cursor_is_an_endpoint_for_all_keys_and_stays_it() -> None:
    source = GivenSource(trouble().messages())

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        table = app.screen.query_one(LiveTable)
        await until(pilot, lambda: len(table.grid.rows) == 2)
        await pilot.press("j")
        assert app.front is not None
        assert app.front.selection == Selection("endpoint", "10.0.1.8:9001", upstream="up", endpoint="10.0.1.8:9001")
        worse = [upstream("up", endpoint("10.0.1.8:9001", figures(90.0, 1.0)), BAD)]
        source.tell(Answered(reading.upstreams(300), UpstreamListView(revision="a", upstreams=worse)))
        await until(pilot, lambda: table.grid.rows[0].key == "up/10.0.1.8:9001")
        assert table.cursor_key == "up/10.0.1.8:9001"
        await pilot.press("slash", *"1.7", "enter")
        assert [row.key for row in table.grid.rows] == ["up/10.0.1.7:9001"]

    play(ConsoleApp(source, first=Destination("upstreams")), story)


class Acting(GivenSource):
    """Something can be done to its gateway, which is heard just now."""

    can_act = True

    def tell(self, message: Message, at_s: float = 0.0) -> None:
        super().tell(message, at_s or time.time())


def test_what_is_done_is_done_to_the_row_that_the_cursor_was_on_when_its_key_was_pressed() -> None:
    source = Acting()

    def tell(*endpoints: EndpointView) -> None:
        view = UpstreamListView(revision="a", upstreams=[upstream("up", *endpoints)])
        source.tell(Answered(reading.upstreams(300), view))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: source.wanted != ())
        tell(GOOD, BAD)
        await until(pilot, lambda: app.screen.query_one(LiveTable).cursor_key == "up/10.0.1.7:9001")
        await pilot.press("a")
        tell(endpoint("10.0.1.8:9001", figures(90.0, 1.0)))  # The other one is gone, its place taken.
        app.draw()
        assert app.screen.query_one(LiveTable).cursor_key == "up/10.0.1.8:9001"
        await pilot.press("d")
        await until(pilot, lambda: source.asked != [])
        assert source.asked[0].path == "upstreams/up/endpoints/10.0.1.7%3A9001/drain"

    play(ConsoleApp(source, first=Destination("upstreams")), story)


def test_an_endpoint_that_is_not_there_is_told_with_those_that_are() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "upstream 'up' has no endpoint 'x:1': it has 10.0.1.8:9001" in screen_text(app))

    play(ConsoleApp(GivenSource(trouble().messages()), first=Destination("endpoint", "up/x:1")), story)


def test_a_screen_whose_figures_do_not_come_any_more_says_so_with_their_age_until_they_do() -> None:
    source, wanted = GivenSource(trouble().messages()), reading.upstreams(300)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "connect_refused x12" in screen_text(app))
        known = app.live_model.view(wanted) or app.live_model.latest(UpstreamListView)
        assert known is not None
        source.tell(Answered(wanted, known))
        source.tell(Failed(wanted, 500, "it broke"), NOW_S + 130)
        await until(pilot, lambda: "2m10s ago; the gateway refuses: 500 it broke (upstreams)" in screen_text(app))
        assert app.is_faded
        source.tell(Answered(wanted, known), NOW_S + 131)
        await until(pilot, lambda: "refuses: 500" not in screen_text(app))
        assert not app.is_faded

    play(ConsoleApp(source, first=Destination("upstreams")), story)
