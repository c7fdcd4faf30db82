"""The screen of routes, by its keys."""

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from gateway.wire.history import RecentView
from gateway.wire.views import MatchView, PlaceView, RouteListView, RouteView
from tests.support.console import NOW_S, GivenSource, play, screen_text, until


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

    play(
        ConsoleApp(GivenSource([Answered(reading.routes(300), routes)]), first=Destination("routes")), story, (100, 24)
    )


def test_rows_stay_where_they_are_for_two_seconds_and_other_orders_are_taken_at_once() -> None:
    def routes(*errors: float) -> Answered:
        listed = [route(name, ratio) for name, ratio in zip("abc", errors, strict=True)]
        return Answered(reading.routes(300), RouteListView(revision="a", routes=listed))

    source = GivenSource([routes(0.3, 0.2, 0.1)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        def keys() -> list[str]:
            return [row.key for row in app.screen.query_one(LiveTable).grid.rows]

        await until(pilot, lambda: keys() == ["a", "b", "c"])
        source.tell(routes(0.1, 0.2, 0.5), NOW_S + 1)
        await until(pilot, lambda: "50.0%" in screen_text(app))
        assert keys() == ["a", "b", "c"]
        source.tell(routes(0.1, 0.2, 0.5), NOW_S + 2)
        await until(pilot, lambda: keys() == ["c", "b", "a"])
        assert app.screen.query_one(LiveTable).cursor_key == "a"
        await pilot.press("S")
        assert keys() == ["a", "b", "c"]
        await pilot.press("R")
        assert "sort rate" in screen_text(app)

    play(ConsoleApp(source, first=Destination("routes")), story, (100, 24))


def test_a_filter_that_finds_nothing_names_the_nearest() -> None:
    routes = RouteListView(revision="a", routes=[route("orders", 0.0), route("search", 0.0)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "orders" in screen_text(app))
        await pilot.press("slash", *"ordrs", "enter")
        assert "No route matches 'ordrs'. Did you mean orders? 2 hidden by filter" in screen_text(app)

    play(ConsoleApp(GivenSource([Answered(reading.routes(300), routes)]), first=Destination("routes")), story)


@pytest.mark.parametrize(
    ("size", "titles"),
    [
        ((80, 24), "ROUTE RPS 5XX P95 P99 VS PREV SLO LEFT"),
        ((120, 40), "ROUTE RPS 4XX 5XX P50 P95 P99 VS PREV SLO LEFT LEADS TO REV"),
        ((159, 40), "ROUTE RPS 4XX 5XX P50 P95 P99 VS PREV SLO LEFT LEADS TO REV POLICIES"),
        ((160, 40), "ROUTE RPS 4XX 5XX P95 P99 VS PREV SLO LEFT orders"),
        ((250, 70), "ROUTE RPS 4XX 5XX P50 P95 P99 VS PREV SLO LEFT LEADS TO REV POLICIES orders"),
    ],
)
def test_columns_go_as_there_is_room_and_z_brings_more(size: tuple[int, int], titles: str) -> None:
    routes = RouteListView(revision="a", routes=[route("orders", 0.0)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: titles in " ".join(screen_text(app).splitlines()[2].split()))
        await pilot.press("z")
        await until(pilot, lambda: ("DEFINED AT" in screen_text(app)) == (size[0] > 200))

    play(ConsoleApp(GivenSource([Answered(reading.routes(300), routes)]), first=Destination("routes")), story, size)
