"""The screen of the log, by its keys."""

import msgspec
import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.inside.log_book import Logged
from console.state.messages import Answered, Event, Failed
from console.state.selection import Destination
from console.widgets.tail_view import TailView
from gateway.wire.logs import LogListView, LogRecordView
from tests.support.console import NOW_S, GivenSource, play, screen_text, until
from tests.support.gateway_views import record

DIED = record(301, "error", "worker_died", worker=2, how="SIGKILL", trace_id="ab" * 16, endpoint="10.0.1.9:9001")
APPLIED = record(302, "info", "config_apply", actor="ana", outcome="applied")
HALF_A_MINUTE = [record(second, event=f"event_{second}", worker=1) for second in range(0, 301, 30)]
KEPT = [*HALF_A_MINUTE, DIED, APPLIED]


def listed(*records: LogRecordView) -> Answered:
    return Answered(reading.LOGS, LogListView(records=list(records), last_id=999))


def said(written: LogRecordView) -> Event:
    return Event("logs", msgspec.json.encode(written).decode())


def logs(source: GivenSource, filter_text: str = "") -> ConsoleApp:
    return ConsoleApp(source, first=Destination("logs", filter=filter_text))


def view(app: ConsoleApp) -> TailView[Logged]:
    return app.screen.query_one(TailView)


def chosen(app: ConsoleApp) -> int:
    """Number of the record the cursor is on; 0 while there is none."""
    views = app.screen.query(TailView)
    selected = views.first().selected if views else None
    return 0 if selected is None else selected.record.id


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_what_was_said_and_what_is_said_are_one_list_in_every_size(size: tuple[int, int]) -> None:
    source = GivenSource([listed(*KEPT)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await pilot.press("9")
        await until(pilot, lambda: "config_apply" in screen_text(app))
        source.tell(said(record(303, "warning", "sink_dropping", lines=12)))
        await until(pilot, lambda: "sink_dropping" in screen_text(app))
        text = screen_text(app)
        for word in (
            "LEVEL",
            "EVENT",
            "WHAT",
            "worker_died",
            "how=SIGKILL",
            "14 of 14 records",
            "1 error  1 warning ",
            "following",
        ):
            assert word in text, word
        assert [line.split()[2:4] for line in text.splitlines() if "worker_died" in line] == [["error", "worker_died"]]
        assert "ana" in text
        assert ("LOGGER" in text) is (size[0] > 80)

    play(ConsoleApp(source, first=Destination("routes")), story, size)


def test_brackets_jump_a_minute_braces_an_hour_and_the_newest_is_followed_again() -> None:
    old = record(9, event="long_ago", at="2026-01-31T06:30:00Z")
    source = GivenSource([listed(old, *KEPT)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: chosen(app) == 302)
        await pilot.press("left_square_bracket")
        assert chosen(app) == 240
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert chosen(app) == 120
        await pilot.press("right_square_bracket")
        assert chosen(app) == 180
        await pilot.press("left_curly_bracket")
        assert chosen(app) == 9
        await pilot.press("left_curly_bracket")
        assert "this is the oldest" in screen_text(app)
        await pilot.press("right_curly_bracket")
        assert chosen(app) == 0
        assert "F follows" in screen_text(app)
        await pilot.press("right_curly_bracket")
        assert chosen(app) == 302
        assert "that is beyond the newest record" in screen_text(app)
        await pilot.press("k", "F")
        assert chosen(app) == 302
        assert "following" in screen_text(app)

    play(logs(source), story)


def test_a_filter_of_level_and_text_is_checked_while_it_is_typed_and_shows_what_is_left() -> None:
    source = GivenSource([listed(*KEPT)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: chosen(app) == 302)
        await pilot.press("slash", *"level:lo")
        await until(pilot, lambda: "^ expected debug, info" in screen_text(app))
        await pilot.press("backspace", "backspace", *"warn DIED")
        await until(pilot, lambda: "1 of 13 records" in screen_text(app))
        await pilot.press("enter")
        assert "filter: level:warn DIED" in screen_text(app)
        assert chosen(app) == 301
        source.tell(said(record(304)))
        await pilot.press("slash", *[*["backspace"] * 20], *"audit nobody", "enter")
        await until(pilot, lambda: "0 of 14 records since" in screen_text(app))
        assert "match audit nobody" in screen_text(app)
        await pilot.press("left_square_bracket")
        assert "there is no record to go from" in screen_text(app)

    play(logs(source), story)


def test_enter_shows_the_whole_record_and_escape_hides_it() -> None:
    raised = record(310, "error", "task_failed", exception="Traceback:\n  File a\nValueError: no good")
    source = GivenSource([listed(*KEPT, raised)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: chosen(app) == 310)
        assert "  File a" not in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "  File a" in screen_text(app))
        for key, event in (("k", "config_apply"), ("k", "worker_died"), ("F", "task_failed"), ("k", "config_apply")):
            await pilot.press(key)
            # Nothing comes meanwhile: the key alone has it shown.
            await until(pilot, lambda event=event: event in screen_text(app).partition("FIELD")[2])  # type: ignore[misc]
        await pilot.press("escape")
        await until(pilot, lambda: "FIELD" not in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "FIELD" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "FIELD" not in screen_text(app))

    play(logs(source), story)


def test_space_stops_the_rows_and_counts_what_comes() -> None:
    source = GivenSource([listed(*KEPT)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: chosen(app) == 302)
        await pilot.press("space")
        later = record(0, event="later", at="2038-01-01T00:00:00Z")
        source.tell(said(later), NOW_S + 1)
        await until(pilot, lambda: "FROZEN, 1 came since" in screen_text(app))
        assert "later" not in screen_text(app)
        await pilot.press("F")
        await until(pilot, lambda: "later" in screen_text(app))
        assert "following" in screen_text(app)

    play(logs(source), story)


def test_a_record_leads_where_its_fields_lead_and_gives_its_command() -> None:
    source = GivenSource([listed(*KEPT)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: chosen(app) == 302)
        await pilot.press("k")
        assert isinstance(app.screen, OperatorScreen)
        selection = app.screen.selection
        assert selection is not None
        assert (selection.kind, selection.name, selection.trace_id, selection.endpoint) == (
            "log",
            "301",
            "ab" * 16,
            "10.0.1.9:9001",
        )
        assert app.screen.twin() == "sightline logs --follow"
        app.screen.filter = "level:warn"
        assert app.screen.twin() == "sightline logs --follow --filter level:warn"

    play(logs(source), story)


def test_it_says_why_there_is_nothing() -> None:
    source = GivenSource()

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "waiting for the gateway's log" in screen_text(app))
        await pilot.press("enter")
        assert "nothing to open here" in screen_text(app)
        source.tell(Failed(reading.LOGS, 403, "the role is too low"))
        await until(pilot, lambda: "the gateway does not tell its log: the role is too low" in screen_text(app))
        source.tell(listed())
        await until(pilot, lambda: "has said nothing yet" in screen_text(app))
        source.tell(Event("lost", '{"topic":"logs","why":"gone","count":7}'))
        await until(pilot, lambda: "7 lost" in screen_text(app))

    play(logs(source), story)
