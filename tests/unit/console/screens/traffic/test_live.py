"""The live tail, by its keys."""

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.list_and_detail import ROOMY, SPACIOUS
from console.screens.traffic.live import LiveScreen
from console.state import reading
from console.state.messages import Answered, Message
from console.state.selection import Destination
from console.state.tail import Shown
from console.state.traffic.slowness import ROUTES_ONCE
from console.widgets.cell_block import CellBlock
from console.widgets.live_table import LiveTable
from console.widgets.tail_view import TailView
from gateway.wire.views import ExchangeListView, ObjectiveView, RouteListView
from tests.support.console import NOW_S, GivenSource, play, screen_text, until
from tests.support.exchanges import counts, hello, line, shown
from tests.support.situations import route

FAILED = {"status": 502, "reason": "connect_refused", "endpoint": "10.0.1.9:9001", "client": "192.0.2.66"}


def some(number: int) -> list[Message]:
    return [hello(), *(shown(line(each)) for each in range(1, number + 1))]


def live(source: GivenSource, filter_text: str = "") -> ConsoleApp:
    return ConsoleApp(source, first=Destination("live", filter=filter_text))


def view(app: ConsoleApp) -> TailView[Shown]:
    return app.screen.query_one(TailView)


def chosen(app: ConsoleApp) -> int:
    selected = view(app).selected
    assert selected is not None
    return int(selected.number)


def test_the_newest_is_at_the_bottom_and_the_header_tells_the_truth_about_the_sample() -> None:
    source = GivenSource(some(60))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "/v1/orders/60" in screen_text(app))
        source.tell(counts(0, 0, 0), NOW_S)
        source.tell(counts(12_000, 10_012, 20), NOW_S + 1)
        await until(pilot, lambda: "20/s shown of 10 012/s matched (0.2%)" in screen_text(app))
        assert "all errors shown  lost 0" in screen_text(app)
        source.tell(counts(24_000, 20_024, 40, lost=7), NOW_S + 2)
        await until(pilot, lambda: "not all errors shown  lost 7" in screen_text(app))
        for second in range(3, 20):
            source.tell(counts(24_000 + second, 20_024, 40, lost=7), NOW_S + second)
        await until(pilot, lambda: "nothing matches now; what is here came before" in screen_text(app))

    play(live(source), story)


def test_a_cursor_that_leaves_the_newest_row_stays_on_its_row_until_it_follows_again() -> None:
    source = GivenSource(some(100))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: chosen(app) == 100)
        await pilot.press("k", "up")
        assert chosen(app) == 98
        before = screen_text(app).splitlines()
        source.tell(shown(line(101)))
        await until(pilot, lambda: app.model.tail.newest == 101)
        app.screen.refresh_all()  # type: ignore[attr-defined]
        await pilot.pause()
        assert (chosen(app), screen_text(app).splitlines()[4:]) == (98, before[4:])
        assert "F follows" in screen_text(app)
        await pilot.press("g")
        assert chosen(app) == 1
        await pilot.press("ctrl+f")
        assert chosen(app) > 20
        await pilot.press("ctrl+b", "j")
        assert chosen(app) == 2
        await pilot.press("F")
        assert chosen(app) == 101
        assert "following" in screen_text(app)

    play(live(source), story)


def test_space_stops_the_rows_and_counts_what_comes() -> None:
    source = GivenSource(some(3))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "/v1/orders/3" in screen_text(app))
        await pilot.press("space")
        source.tell(shown(line(4)))
        await until(pilot, lambda: "FROZEN, 1 came since" in screen_text(app))
        assert "/v1/orders/4" not in screen_text(app)
        await pilot.press("space")
        assert "/v1/orders/4" in screen_text(app)

    play(live(source), story)


def test_a_filter_is_checked_while_it_is_typed_and_asked_of_the_gateway_when_it_is_given() -> None:
    source = GivenSource([*some(3), shown(line(4, **FAILED))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "/v1/orders/4" in screen_text(app))
        await pilot.press("slash", *"latency:>5")
        await until(pilot, lambda: "^ expected a unit" in screen_text(app))
        await pilot.press(*["backspace"] * 10, *"tatus:5xx")
        assert source.wanted_tail is not None
        assert source.wanted_tail.filter == ""
        await pilot.press(*["left"] * 9, "backspace", "s", "enter")
        assert source.wanted_tail.filter == "status:5xx"
        assert "/v1/orders/3" not in screen_text(app)
        await pilot.press("slash", "x", "escape")
        assert source.wanted_tail.filter == "status:5xx"
        assert "status:5xx" in screen_text(app).splitlines()[1]
        source.tell(hello("status:5xx"))
        source.tell(shown(line(9, **FAILED), is_replay=True))
        await until(pilot, lambda: "/v1/orders/9" in screen_text(app))
        assert "/v1/orders/4" not in screen_text(app)

    play(live(source), story)


def test_i_shuts_out_the_value_of_the_marked_column_and_turns_it_round_again() -> None:
    source = GivenSource([*some(2), shown(line(3, **FAILED))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "/v1/orders/3" in screen_text(app))
        await pilot.press("i")
        assert source.wanted_tail is not None
        assert source.wanted_tail.filter == "!status:502"
        assert "/v1/orders/3" not in screen_text(app)
        await pilot.press("right", "right", "I")
        assert source.wanted_tail.filter == "!status:502 route:orders"
        await pilot.press("i")
        assert source.wanted_tail.filter == "!status:502 !route:orders"

    play(live(source), story)


def test_t_and_a_letter_rank_what_came_and_enter_filters_by_it() -> None:
    source = GivenSource([*some(3), *(shown(line(each, **FAILED), 2.0) for each in range(4, 8))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        def keys() -> list[str]:
            return [row.key for row in app.screen.query_one("#top", LiveTable).grid.rows]

        await until(pilot, lambda: "/v1/orders/7" in screen_text(app))
        await pilot.press("T", "c")
        assert keys() == ["192.0.2.66", "192.0.2.7"]
        assert "CLIENT" in screen_text(app)
        for letter, first in [("e", "10.0.1.9:9001"), ("r", "orders"), ("u", "-"), ("s", "502")]:
            await pilot.press("T", letter)
            assert keys()[0] == first
        await pilot.press("T", "p", "E")
        assert len(keys()) == 7
        await pilot.press("L", "R", "escape")
        assert view(app).display
        await pilot.press("T", "c", "enter")
        assert source.wanted_tail is not None
        assert source.wanted_tail.filter == "client:192.0.2.66"
        assert "/v1/orders/3" not in screen_text(app)

    play(live(source), story)


def test_nothing_found_says_which_term_shuts_everything_out() -> None:
    source = GivenSource([hello("status:5xx latency:>500ms"), counts(0), counts(10_012)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        source.tell(counts(20_024), NOW_S + 1)
        await until(pilot, lambda: len(source.wanted) == 3)
        assert [each.query[0][1] for each in source.wanted[1:]] == ["status:5xx", "latency:>500ms"]
        none = ExchangeListView(exchanges=[], filter="status:5xx", scanned=3000)
        source.tell(Answered(reading.exchanges("status:5xx", 50), none), NOW_S + 1)
        source.tell(Answered(reading.exchanges("latency:>500ms", 50), found(31)), NOW_S + 1)
        await until(pilot, lambda: "status:5xx matched 0, latency:>500ms matched 31" in screen_text(app))
        assert "conflict is status:5xx (of 3 000 kept)" in screen_text(app)
        assert "req/s match status:5xx latency:>500ms" in screen_text(app)

    play(live(source, "status:5xx latency:>500ms"), story)


def found(number: int) -> ExchangeListView:
    return ExchangeListView(exchanges=[b"{}"] * number, filter="latency:>500ms", scanned=3000)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("size", "columns"), [((80, 24), ["ST", "PATH", "LATENCY"]), ((250, 70), ["CLIENT", "ENDPOINT"])]
)
def test_the_tail_fits_the_terminal(size: tuple[int, int], columns: list[str]) -> None:
    source = GivenSource([*some(80), shown(line(81, **FAILED))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "/v1/orders/81" in screen_text(app))
        told = screen_text(app)
        assert all(column in told for column in columns)
        assert "upstream c" in told or size[0] == 80
        assert max(len(text) for text in told.splitlines()) <= size[0]

    play(live(source), story, size)


def test_keys_copy_the_command_that_prints_the_same() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
        assert isinstance(app.screen, LiveScreen)
        assert app.screen.twin() == "sightline tail status:5xx"
        await pilot.press("T", "c")
        assert app.screen.twin() == "sightline top client --filter status:5xx"

    play(live(GivenSource(some(1)), "status:5xx"), story)


def test_commands_open_rankings_what_runs_and_what_no_route_took() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        for command, name, filter_text in [
            ("top client /err", "live", "err"), ("inflight /latency:>1s", "inflight", "latency:>1s"), ("unmatched", "unmatched", ""),
            ("raw config", "raw", ""), ("live /status:5xx", "live", "status:5xx"), ("x GET /v1 -H a:b", "explain", ""),
            ("req 0c1b7a4de25f4c7e", "request", ""), ("trace 0c1b7a4de25f4c7e8d1f2a3b4c5d6e7f", "trace", ""),
        ]:  # fmt: skip
            app.run_command(command)
            await pilot.pause()
            assert (app.screen.NAME, app.screen.filter) == (name, filter_text)  # type: ignore[attr-defined]
        app.run_command("top consumer")
        await pilot.pause()
        assert app.screen.twin() == "sightline top client"  # type: ignore[attr-defined]

    play(live(GivenSource(some(1))), story)


def test_pivots_of_a_row_lead_to_its_route_its_trace_its_explanation_and_its_record() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "/v1/orders/2" in screen_text(app))
        for key, name, subject, filter_text in [
            ("l", "live", "", "route:orders"), ("f", "live", "", "route:orders err"), ("t", "trace", f"{2:032x}", ""),
            ("x", "explain", "req-0002", ""), ("d", "raw", "exchange:req-0002", ""), ("p", "inflight", "", ""),
        ]:  # fmt: skip
            await pilot.press(key)
            screen = app.screen
            assert (screen.NAME, screen.subject, screen.filter) == (name, subject, filter_text)  # type: ignore[attr-defined]
            await pilot.press("h")
        await pilot.press("Y", "i")
        assert app.clipboard == "req-0002"

    play(live(GivenSource(some(2))), story)


def beside(app: ConsoleApp) -> str:
    block = app.screen.query_one("#beside", CellBlock)
    return block.text if block.region.width else ""


def test_beside_the_tail_is_the_newest_that_did_not_go_well_until_the_cursor_is_put_on_a_row() -> None:
    source = GivenSource([hello(), shown(line(1)), shown(line(2, **FAILED)), shown(line(3)), shown(line(4))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "the newest that did not go well" in beside(app) and "req-0002" in beside(app))
        source.tell(shown(line(5, duration_ms=4000.0)))
        await until(pilot, lambda: "req-0005" in beside(app))
        await pilot.press("k", "k")
        await until(pilot, lambda: "req-0003" in beside(app))
        assert "the newest that did not go well" not in beside(app)
        source.tell(shown(line(6, **FAILED)))
        await until(pilot, lambda: "/v1/orders/6" in screen_text(app))
        assert "req-0003" in beside(app)
        await pilot.press("F")
        await until(pilot, lambda: "req-0006" in beside(app))
        await pilot.press("e")
        await until(pilot, lambda: chosen(app) == 6 and "e goes there" not in beside(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.front is not None and app.front.subject == "req-0006")
        await pilot.press("escape", "slash", *"status:200", "enter")
        await until(pilot, lambda: "req-0005" in beside(app))
        await pilot.press("T", "c")
        await until(pilot, lambda: not beside(app))

    play(live(source), story, (ROOMY, 50))


def test_below_it_the_values_of_the_marked_column_are_ranked_and_enter_asks_for_one() -> None:
    source = GivenSource([*some(3), shown(line(4, **FAILED))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        table = app.screen.query_one("#below", LiveTable)
        await until(pilot, lambda: [row.key for row in table.grid.rows] == ["200", "502"])
        await pilot.press("left")
        await until(pilot, lambda: [row.key for row in table.grid.rows] == ["192.0.2.7", "192.0.2.66"])
        await pilot.press("tab", "j", "y")
        assert "sightline top client" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.front is not None and app.front.filter == "client:192.0.2.66")
        await pilot.press("escape")
        assert app.front is not None
        assert (app.front.NAME, app.front.filter) == ("live", "")
        await pilot.press("tab", "i")
        assert app.front.filter == "!client:192.0.2.66"

    play(live(source), story, (SPACIOUS, 50))


def test_beside_a_tail_in_which_all_went_well_no_request_is_shown_that_would_be_another_with_every_paint() -> None:
    source = GivenSource(some(4))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "all 4 that are shown here went well" in beside(app))
        await pilot.press("e")
        assert "all that is shown here went well" in screen_text(app)
        source.tell(shown(line(5, duration_ms=400.0)))
        await until(pilot, lambda: "all 5 that are shown here went well" in beside(app))
        promised = route("orders", slo=ObjectiveView(latency_under_ms=100.0, latency_target=0.99))
        source.tell(Answered(ROUTES_ONCE, RouteListView(revision="a", routes=[promised])))
        await until(pilot, lambda: "req-0005" in beside(app))

    play(live(source), story, (ROOMY, 50))


def test_where_the_row_under_the_cursor_has_gone_what_is_beside_is_of_the_row_it_is_on_now() -> None:
    source = GivenSource([*some(3), shown(line(4, **FAILED))])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "req-0004" in beside(app))
        await pilot.press("k")
        await until(pilot, lambda: "req-0003" in beside(app))
        await pilot.press("slash", *"status:502", "enter")
        await until(pilot, lambda: "req-0004" in beside(app))

    play(live(source), story, (ROOMY, 50))
