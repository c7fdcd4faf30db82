"""Changes: worst known first by time, compared two by two, searched, and gone back to."""

from typing import Any, Final

from msgspec.structs import replace
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.changes import ChangesScreen
from console.screens.difference import DiffScreen
from console.state import reading
from console.state.messages import Answered, Failed
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from console.widgets.text_view import TextView
from gateway.wire.changes import IncidentListView, RevisionDiffView, RevisionListView
from tests.support.changes import CHANGES, DETAIL, drained, history, revision
from tests.support.console import GivenSource, Story, play, screen_text, until

REVISIONS: Final = [revision(2, 5, running=True), revision(1, 0, trigger="start")]
DIFFERENCE: Final = RevisionDiffView(old=REVISIONS[1], new=REVISIONS[0], changes=CHANGES)


def answers() -> list[Answered]:
    window = reading.history("gateway", "", "300s")
    incident = replace(drained(4, 3), detail={"upstream": "orders", "endpoint": "10.0.0.7:9001"})
    return [
        Answered(reading.REVISIONS, RevisionListView(revisions=REVISIONS)),
        Answered(reading.INCIDENTS, IncidentListView(incidents=[incident], last_id=4)),
        Answered(window, history(5)),
        Answered(reading.revision("2"), DETAIL),
        Answered(
            reading.revision("1"), replace(DETAIL, revision=REVISIONS[1], previous=None, changes=None, figures=[])
        ),
        Answered(reading.difference("1", "2"), DIFFERENCE),
    ]


def show(story: Story, messages: list[Answered] | None = None, **options: Any) -> GivenSource:
    source = GivenSource(answers() if messages is None else messages)
    play(ConsoleApp(source, first=Destination("changes"), **options), story)
    return source


def cursor(app: ConsoleApp) -> str | None:
    return app.screen.query_one(LiveTable).cursor_key


def test_the_newest_is_first_with_what_it_changed_what_came_of_it_and_who_did_it() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "rev 2 runs" in screen_text(app))
        text = screen_text(app)
        row = next(line for line in text.splitlines() if "rev 2 runs" in line)
        for told in ("0.05% -> 0.41%", "80ms -> 812ms", "ana"):
            assert told in row
        assert "err 0.05% -> 0.41%, p99 80ms -> 812ms   route orders timeouts.first_byte" in text
        assert "err, highest 50.0% of 10m" in text
        assert "endpoint draining" in text
        await pilot.press("j")
        await pilot.pause()
        assert "is draining (by ben: disk)" in screen_text(app).splitlines()[4]

    show(story)


def test_enter_tells_what_differs_then_raw_and_the_way_back() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: cursor(app) == "rev:2")
        await pilot.press("enter")
        await until(pilot, lambda: "timeouts.first_byte  15s -> 30ms" in screen_text(app))
        await until(pilot, lambda: "all routes" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, DiffScreen)
        assert screen.twin() == "sightline diff 1 2"
        assert screen.selection is not None
        assert screen.selection.name == "1"
        await pilot.press("d")
        await until(pilot, lambda: '"text_bytes"' in app.screen.query_one(TextView).text)
        await pilot.press("d", "escape")
        await until(pilot, lambda: isinstance(app.screen, ChangesScreen))
        assert cursor(app) == "rev:2"

    show(story)


def test_an_incident_is_told_in_full_and_its_endpoint_can_be_acted_upon() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: cursor(app) == "rev:2")
        await pilot.press("j")
        screen = app.screen
        assert isinstance(screen, ChangesScreen)
        assert screen.selection is not None
        assert (screen.selection.kind, screen.selection.upstream) == ("endpoint", "orders")
        await pilot.press("enter")
        await until(pilot, lambda: "incident 4" in screen_text(app))
        assert "endpoint    10.0.0.7:9001" in screen_text(app)

    show(story)


def test_two_that_are_marked_are_compared_in_the_order_of_time() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: cursor(app) == "rev:2")
        await pilot.press("j", "m")
        await pilot.pause()
        assert "a revision can be marked" in screen_text(app)
        await pilot.press("k", "m", "m", "m")
        await until(pilot, lambda: "rev 2 is marked" in screen_text(app))
        await pilot.press("G", "m")
        await until(pilot, lambda: isinstance(app.screen, DiffScreen))
        screen = app.screen
        assert isinstance(screen, DiffScreen)
        assert screen.subject == "1..2"

    show(story)


def test_the_first_revision_and_an_empty_search_say_why_there_is_nothing() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: cursor(app) == "rev:2")
        await pilot.press("G", "enter")
        await until(pilot, lambda: "1 revision, no earlier one to compare" in screen_text(app))
        await pilot.press("escape", "slash", *"zz", "enter")
        await until(pilot, lambda: "No change has 'zz' in it; 3 were looked at" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, ChangesScreen)
        assert screen.twin() == "sightline changes zz"
        assert screen.selection is None

    show(story)


def test_only_what_can_still_change_is_asked_for_again() -> None:
    wanted: dict[str, float] = {}

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: cursor(app) == "rev:2")
        screen = app.screen
        assert isinstance(screen, ChangesScreen)
        wanted.update({each.path: each.every_s for each in screen.readings()})

    show(story)
    assert wanted["revisions/1"] == 0
    assert wanted["revisions/2"] > 0


def test_going_back_is_refused_where_nothing_may_be_done() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: cursor(app) == "rev:2")
        await pilot.press("a")
        await until(pilot, lambda: "a recording cannot be acted upon" in screen_text(app))

    show(story)


def test_a_revision_that_comes_while_one_looks_is_asked_for_and_led_to_until_the_cursor_was_moved() -> None:
    first = [each for each in answers() if each.reading != reading.REVISIONS and each.reading != reading.revision("2")]
    source = GivenSource(first)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: cursor(app) == "inc:4")
        source.tell(Answered(reading.REVISIONS, RevisionListView(revisions=REVISIONS)))
        await until(pilot, lambda: cursor(app) == "rev:2")
        assert reading.revision("2") in source.wanted
        await pilot.press("j")
        source.tell(Answered(reading.revision("2"), DETAIL))
        await until(pilot, lambda: "0.05% -> 0.41%" in screen_text(app))
        assert cursor(app) == "inc:4"

    play(ConsoleApp(source, first=Destination("changes")), story)


def test_while_nothing_is_known_it_does_not_say_that_nothing_changed() -> None:
    source = GivenSource()

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "waiting for the gateway's revisions" in screen_text(app))
        source.tell(Failed(reading.REVISIONS, 403, "a token is needed"))
        await until(pilot, lambda: "waiting for the gateway's revisions: a token is needed" in screen_text(app))
        source.tell(Answered(reading.REVISIONS, RevisionListView(revisions=[])))
        await until(pilot, lambda: "nothing has changed since" in screen_text(app))

    play(ConsoleApp(source, first=Destination("changes")), story)
