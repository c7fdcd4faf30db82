"""A list, what is beside it and what is below that, by width and by keys."""

import msgspec
import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.list_and_detail import ROOMY, SPACIOUS
from console.state import reading
from console.state.health.endpoint_page import failed_at
from console.state.messages import Answered
from console.state.reading import AnyReading
from console.state.selection import Destination
from console.state.traffic.slowness import ROUTES_ONCE
from console.state.traffic.traces import KEPT
from console.state.traffic.worth_a_look import newest, those_of
from console.widgets.cell_block import CellBlock
from console.widgets.focused_table import FocusedTable
from console.widgets.live_table import LiveTable
from gateway.wire.live import AccessLine
from gateway.wire.views import ExchangeListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.support.exchanges import line
from tests.support.situations import Situation, endpoint, figures, route, upstream


def three_routes() -> Situation:
    routes = [route(name, figures(10.0, errors)) for name, errors in (("a", 0.5), ("b", 0.2), ("c", 0.0))]
    return Situation(routes, [upstream("up", endpoint("10.0.1.7:9001"), endpoint("10.0.1.8:9001"))])


def beside(app: ConsoleApp) -> str:
    block = app.screen.query_one("#beside", CellBlock)
    return block.text if block.region.width else ""


def asked(source: GivenSource, name: str) -> AnyReading | None:
    return next((each for each in source.wanted if each == reading.route(name)), None)


def told(expression: str, *exchanges: AccessLine) -> Answered:
    found = [msgspec.Raw(msgspec.json.encode(each)) for each in exchanges]
    return Answered(newest(expression), ExchangeListView(exchanges=found, scanned=3000, since="2026-01-31T07:59:00Z"))


def below(app: ConsoleApp) -> list[str]:
    """Ids of the requests."""
    table = app.screen.query_one("#below", FocusedTable)
    return [row.key.split()[0] for row in table.grid.rows] if table.region.width else []


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


def test_from_so_many_columns_the_requests_of_a_row_that_are_worth_a_look_are_below_what_is_beside() -> None:
    failed = line(7, route="a", status=502, reason="connect_refused", source="upstream")
    source = GivenSource(
        [*three_routes().messages(), told(those_of({"route": "a"}), failed, line(6, route="a", duration_ms=2500.0))]
    )

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: below(app) == ["req-0007", "req-0006"])
        assert "GET /v1/orders/7" in screen_text(app)
        assert "upstream connect_refused" in screen_text(app)
        await pilot.press("j")
        await until(pilot, lambda: newest(those_of({"route": "b"})) in source.wanted)
        assert newest(those_of({"route": "a"})) not in source.wanted
        assert not below(app)
        source.tell(told(those_of({"route": "b"})))
        await until(pilot, lambda: "none of the 3 000 exchanges kept since " in screen_text(app))

    play(ConsoleApp(source, first=Destination("routes")), story, (SPACIOUS, 50))


def test_requests_below_are_opened_and_left_by_the_keys_that_do_so_everywhere() -> None:
    failed = line(7, route="a", status=502, reason="connect_refused")
    source = GivenSource(
        [*three_routes().messages(), told(those_of({"route": "a"}), failed, line(6, route="a", status=503))]
    )

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(below(app)) == 2)
        front = app.front
        assert front is not None
        assert front.selection is not None
        assert front.selection.kind == "route"
        await pilot.press("tab", "j")
        assert front.selection is not None
        assert front.selection.request_id == "req-0006"
        assert app.screen.query_one("#list", LiveTable).cursor_key == "a"
        assert front.twin() == "sightline tail --no-follow --last 60 'route:a (err | slow | retried)'"
        await pilot.press("enter")
        await until(pilot, lambda: app.front is not front and "req-0006" in screen_text(app))
        await pilot.press("K")
        await until(pilot, lambda: "req-0007" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.front is front)
        await pilot.press("escape")
        assert app.front is front
        assert front.selection is not None
        assert front.selection.kind == "route"
        await pilot.press("tab", "z")
        await until(pilot, lambda: not below(app))
        assert front.selection is not None
        assert front.selection.kind == "route"

    play(ConsoleApp(source, first=Destination("routes")), story, (250, 70))


def test_the_requests_of_an_endpoint_are_those_of_its_upstream_alone() -> None:
    expression = those_of({"upstream": "up", "endpoint": "10.0.1.7:9001"})
    source = GivenSource([*three_routes().messages(), told(expression, line(3, upstream="up", status=504))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: below(app) == ["req-0003"])
        assert "upstream:up" in expression
        await pilot.press("tab", "f")
        await until(pilot, lambda: app.front is not None and app.front.filter == "route:orders err")

    play(ConsoleApp(source, first=Destination("upstreams")), story, (250, 70))


@pytest.mark.parametrize("screen", ["routes", "upstreams"])
def test_where_there_is_no_room_for_a_third_no_request_is_asked_for(screen: str) -> None:
    source = GivenSource(three_routes().messages())

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(beside(app)))
        assert not any(each.path == "exchanges" and each.every_s == newest("").every_s for each in source.wanted)
        assert not below(app)
        await pilot.press("tab")
        await until(pilot, lambda: "there is one list here" in screen_text(app))

    play(ConsoleApp(source, first=Destination(screen)), story, (SPACIOUS - 1, 50))


def many(route_name: str, first: int, count: int) -> list[AccessLine]:
    """Newest first."""
    return [line(number, route=route_name, status=503) for number in range(first + count - 1, first - 1, -1)]


def test_the_newest_requests_are_in_view_until_a_row_is_chosen_and_again_with_another_subject() -> None:
    source = GivenSource(
        [
            *three_routes().messages(),
            told(those_of({"route": "a"}), *many("a", 1, 60)),
            told(those_of({"route": "b"}), *many("b", 101, 60)),
        ]
    )

    def first_seen(app: ConsoleApp) -> bool:
        return f"/v1/orders/{below(app)[0].removeprefix('req-').lstrip('0')} " in screen_text(app)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(below(app)) == 60)
        source.tell(told(those_of({"route": "a"}), *many("a", 31, 60)))
        await until(pilot, lambda: below(app)[0] == "req-0090" and first_seen(app))
        await pilot.press("tab", "G", "escape", "j")
        await until(pilot, lambda: below(app)[0] == "req-0160" and first_seen(app))

    play(ConsoleApp(source, first=Destination("routes")), story, (250, 60))


def test_keys_below_act_there_or_say_that_there_is_nothing_and_questions_lead_back_there() -> None:
    source = GivenSource(
        [*three_routes().messages(), told(those_of({"route": "a"}), *many("a", 1, 3)), told(those_of({"route": "b"}))]
    )

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(below(app)) == 3)
        front, rows = app.front, app.screen.query_one("#list", LiveTable)
        assert front is not None
        await pilot.press("tab", "n", "n")
        assert front.selection is not None
        assert (front.selection.request_id, rows.cursor_key) == ("req-0001", "a")
        await pilot.press("Y", "i", "slash", "escape", "k")
        assert front.selection is not None
        assert (front.selection.request_id, rows.cursor_key) == ("req-0002", "a")
        await pilot.press("escape", "j")
        await until(pilot, lambda: not below(app))
        await pilot.press("tab")
        assert front.selection is None
        await pilot.press("enter")
        assert app.front is front

    play(ConsoleApp(source, first=Destination("routes")), story, (250, 60))


def test_a_focus_that_was_lost_in_a_terminal_too_small_comes_back() -> None:
    source = GivenSource(three_routes().messages())

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(beside(app)))
        await pilot.press("tab")
        await pilot.resize_terminal(70, 20)
        await pilot.resize_terminal(200, 50)
        await until(pilot, lambda: app.screen.focused is app.screen.query_one("#list"))
        await pilot.press("j")
        assert app.screen.query_one("#list", LiveTable).cursor_key == "b"

    play(ConsoleApp(source, first=Destination("routes")), story, (250, 60))


def test_of_another_time_no_requests_are_asked_for_and_while_frozen_none_that_came_later_is_shown() -> None:
    later = [
        line(7, route="b", status=503, at="2026-01-31T09:00:00.000Z"),
        line(6, route="b", status=503, at="2026-01-31T07:59:00.000Z"),
    ]
    source = GivenSource(
        [
            *three_routes().messages(),
            told(those_of({"route": "a"}), *many("a", 1, 3)),
            told(those_of({"route": "b"}), *later),
        ]
    )

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(below(app)) == 3)
        await pilot.press("space", "j")
        await until(pilot, lambda: below(app) == ["req-0006"])
        await pilot.press("space")
        await until(pilot, lambda: below(app) == ["req-0007", "req-0006"])
        app.look_at("07:30")
        await until(pilot, lambda: not below(app) and newest(those_of({"route": "b"})) not in source.wanted)
        app.look_at_now()
        await until(pilot, lambda: len(below(app)) == 2)

    play(ConsoleApp(source, first=Destination("routes")), story, (250, 60))


@pytest.mark.parametrize("screen", ["upstreams", "traces"])
def test_what_a_route_calls_slow_is_asked_once_where_the_list_does_not_tell_it(screen: str) -> None:
    situation = three_routes().messages()
    known = [each for each in situation if not (isinstance(each, Answered) and each.reading.path == "routes")]
    source = GivenSource([*known, told(those_of({"upstream": "up", "endpoint": "10.0.1.7:9001"})), kept_trace()])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: any(each is ROUTES_ONCE for each in source.wanted))
        source.tell(next(each for each in situation if isinstance(each, Answered) and each.reading.path == "routes"))
        await until(pilot, lambda: not any(each is ROUTES_ONCE for each in source.wanted))

    play(ConsoleApp(source, first=Destination(screen)), story, (250, 60))


def kept_trace() -> Answered:
    found = [msgspec.Raw(msgspec.json.encode(line(1, status=503)))]
    return Answered(reading.exchanges(f"({KEPT})", 300), ExchangeListView(exchanges=found))
