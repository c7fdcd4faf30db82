"""Kept traces and one of them, by their keys."""

import msgspec
import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered, Failed
from console.state.selection import Destination
from console.state.traffic.worth_a_look import newest, those_of
from console.widgets.cell_block import CellBlock
from console.widgets.live_table import LiveTable
from gateway.wire.live import AccessLine
from gateway.wire.views import ConfigView, ExchangeListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.support.exchanges import line

ALL = "(err | slow | retried | sampled)"
FAILED = line(1, status=502, reason="connect_refused", duration_ms=30.0)
SLOW = line(2, duration_ms=2000.0)


def kept(expression: str, *exchanges: AccessLine) -> Answered:
    found = ExchangeListView(
        exchanges=[msgspec.Raw(msgspec.json.encode(each)) for each in exchanges],
        scanned=3000,
        since="2026-01-31T07:59:00Z",
    )
    return Answered(reading.exchanges(expression, 300), found)


def config(endpoint: str | None) -> Answered:
    traces = {"endpoint": endpoint} if endpoint else {}
    return Answered(
        reading.CONFIG, ConfigView(revision="a", sequence=1, source="file:a", config={"telemetry": {"traces": traces}})
    )


def rows(app: ConsoleApp) -> list[str]:
    return [row.key[-1] for row in app.screen.query_one(LiveTable).grid.rows]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_the_slowest_is_first_and_other_orders_and_errors_alone_can_be_had(size: tuple[int, int]) -> None:
    source = GivenSource([kept(ALL, FAILED, SLOW), kept("err", FAILED), config(None)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: rows(app) == ["2", "1"])
        assert "2 kept traces, the slowest first" in screen_text(app)
        assert size[0] == 80 or "Trace backend not configured: showing gateway spans only" in screen_text(app)
        await pilot.press("E")
        assert rows(app) == ["1", "2"]
        await pilot.press("L", "S")
        assert rows(app) == ["1", "2"]
        await pilot.press("S", "e")
        assert rows(app) == ["1"]
        assert "errors only" in screen_text(app)
        assert source.wanted[0] == reading.exchanges("err", 300)
        await pilot.press("e")
        assert rows(app) == ["2", "1"]
        await pilot.press("slash", *"route:orders", "enter")
        assert source.wanted[0] == reading.exchanges(f"(route:orders) {ALL}", 300)

    play(ConsoleApp(source, first=Destination("traces")), story, size)


def test_nothing_kept_says_what_was_searched() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "none of the 3 000 exchanges kept since" in screen_text(app))

    play(ConsoleApp(GivenSource([kept(ALL)]), first=Destination("traces")), story)


def test_a_trace_is_a_tree_and_enter_opens_the_request_of_a_span() -> None:
    trace_id = SLOW.trace_id
    both = ExchangeListView(
        exchanges=[
            msgspec.Raw(msgspec.json.encode(msgspec.structs.replace(each, trace_id=trace_id)))
            for each in (FAILED, SLOW)
        ]
    )
    source = GivenSource([kept(ALL, SLOW), Answered(reading.exchange(trace_id), both), config("http://collector:4318")])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: rows(app) == ["2"])
        await pilot.press("enter")
        await until(pilot, lambda: "2 requests through this gateway" in screen_text(app))
        assert "spans go to http://collector:4318" in screen_text(app)
        assert "└ try 1 10.0.1.7:9001" in screen_text(app)
        assert app.screen.twin() == f"sightline trace {trace_id}"  # type: ignore[attr-defined]
        await pilot.press("G", "enter")
        assert app.screen.subject == "req-0002"  # type: ignore[attr-defined]

    play(ConsoleApp(source, first=Destination("traces")), story)


def test_a_trace_that_is_not_kept_says_so() -> None:
    source = GivenSource([Failed(reading.exchange("gone"), 404, "none of the 3000 exchanges kept has this id")])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "none of the 3000 exchanges kept has this id" in screen_text(app))

    play(ConsoleApp(source, first=Destination("trace", "gone")), story)


def test_beside_the_traces_is_the_tree_of_the_one_under_the_cursor_and_below_it_other_requests_of_its_route() -> None:
    wanted = newest(those_of({"route": "orders"}))
    others = Answered(wanted, ExchangeListView(exchanges=[msgspec.Raw(msgspec.json.encode(line(9, status=503)))]))
    source = GivenSource([kept(ALL, FAILED, SLOW), config(None), others])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        def beside() -> str:
            return app.screen.query_one("#beside", CellBlock).text

        await until(pilot, lambda: f"trace {SLOW.trace_id}" in beside() and "req-0002" in beside())
        await until(pilot, lambda: "/v1/orders/9" in screen_text(app))
        assert wanted in source.wanted
        await pilot.press("j")
        await until(pilot, lambda: f"trace {FAILED.trace_id}" in beside())
        assert "connect_refused" in beside()
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.front is not None and app.front.subject == "req-0009")

    play(ConsoleApp(source, first=Destination("traces")), story, (250, 70))
