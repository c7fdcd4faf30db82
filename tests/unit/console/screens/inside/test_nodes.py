"""The screen of nodes, by its keys."""

import msgspec
import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.messages import Answered, Linked
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from gateway.wire.views import StatusView
from tests.support.console import NOW_S, GivenSource, play, screen_text, until
from tests.support.gateway_views import status, worker


def told(view: StatusView) -> Answered:
    return Answered(reading.STATUS, view)


def nodes(source: GivenSource) -> ConsoleApp:
    return ConsoleApp(source, first=Destination("nodes"))


def screen(app: ConsoleApp) -> OperatorScreen:
    assert isinstance(app.screen, OperatorScreen)
    return app.screen


def keys(app: ConsoleApp, table: str) -> list[str]:
    return [row.key for row in app.screen.query_one(f"#{table}", LiveTable).grid.rows]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_one_key_tells_whether_all_run_the_same_thing_in_every_size(size: tuple[int, int]) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await pilot.press("8")
        await until(pilot, lambda: "worker 2" in screen_text(app))
        text = screen_text(app)
        assert "all 2 workers run revision 3f2a9c0d81be (sequence 3)" in text
        for title in ("NODE", "SYNC", "WORKERS", "CPU", "RATE/S", "SEEN", "PROCESS", "STATE"):
            assert title in text, title
        assert ("UPTIME" in text) is (size[0] > 80)
        (node,) = [line for line in text.splitlines() if " gw-1 " in line and "SYNCED" in line]
        assert "2/2" in node
        assert "supervisor" in text

    play(ConsoleApp(GivenSource([told(status())]), first=Destination("routes")), story, size)


def test_enter_goes_to_the_workers_and_from_a_worker_to_what_it_said_and_back_comes_back() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app, "workers") == ["worker 1", "worker 2", "supervisor"])
        selected = screen(app).selection
        assert selected is not None
        assert (selected.kind, selected.name) == ("node", "gw-1")
        await pilot.press("enter", "j")
        selected = screen(app).selection
        assert selected is not None
        assert (selected.kind, selected.name) == ("worker", "worker 2")
        await pilot.press("enter")
        assert (screen(app).NAME, screen(app).filter) == ("logs", "worker:2")
        await pilot.press("escape")
        assert screen(app).NAME == "nodes"
        await pilot.press("j", "e")
        assert (screen(app).NAME, screen(app).filter) == ("logs", "!worker~.")
        await pilot.press("escape", "escape", "e")
        assert (screen(app).NAME, screen(app).filter) == ("logs", "node:gw-1")

    play(nodes(GivenSource([told(status())])), story)


def test_a_silent_worker_stays_listed_as_lost_and_the_sentence_says_so() -> None:
    source = GivenSource([told(status())])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "worker 2" in screen_text(app))
        source.tell(told(status(worker(1), worker(2, last_seen_s=34.0))))
        await until(pilot, lambda: "lost 34s" in screen_text(app))
        assert "worker 2 is lost: it said nothing for 34 s, and holds 2 exchanges" in screen_text(app)
        assert keys(app, "workers") == ["worker 1", "worker 2", "supervisor"]

    play(nodes(source), story)


def test_a_node_that_is_not_heard_any_more_stays_with_its_last_word() -> None:
    source = GivenSource([told(status())])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "worker 2" in screen_text(app))
        source.tell(Linked("broken", "connection refused"), NOW_S + 34)
        await until(pilot, lambda: "gw-1 is lost: nothing was heard of it for 34 s" in screen_text(app))
        assert "lost 34s" in screen_text(app)
        assert "SYNCED" in screen_text(app)

    play(nodes(source), story)


def test_before_anything_is_known_and_where_nothing_matches_it_says_so() -> None:
    source = GivenSource([Linked("broken", "the role is too low", 4.0)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "waiting for the gateway to tell of itself: the role is too low" in screen_text(app))
        await pilot.press("enter")
        assert "nothing to open here" in screen_text(app)
        await pilot.press("e")
        assert "nothing is selected" in screen_text(app)
        source.tell(told(status()))
        await until(pilot, lambda: keys(app, "nodes") == ["gw-1"])
        await pilot.press("slash", "x", "enter")
        assert "no node is called 'x'; 1 hidden by the filter" in screen_text(app)
        assert keys(app, "workers") == []

    play(nodes(source), story)


def test_signs_can_be_ascii_and_the_row_of_the_node_fills_what_there_is() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "worker 1" in screen_text(app))
        assert screen_text(app).isascii()
        assert "x worker 1" in screen_text(app)
        assert "worker 1 rejected revision 3f2a9c0d81be: no memory" in screen_text(app)

    view = status(worker(1, sync="rejected", sync_detail="no memory"))
    app = ConsoleApp(GivenSource([told(msgspec.structs.replace(view))]), ascii_only=True, first=Destination("nodes"))
    play(app, story, (80, 24))
