"""The Overview by its keys, and as it reads in terminals of three sizes."""

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.health.overview import OverviewScreen
from console.state import reading
from console.state.health.overview import course_reading
from console.state.messages import Answered
from console.state.model import Model
from console.state.selection import Destination
from console.widgets.section_table import SectionTable
from gateway.wire.changes import ComparisonView, FiguresView, RevisionDetailView
from gateway.wire.history import RecentView
from gateway.wire.views import RouteListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.support.situations import Situation, course, endpoint, failed, figures, revision, route, status, upstream


def incident_of_an_endpoint() -> Situation:
    change = revision(412, 90, "ana")
    effect = ComparisonView(
        kind="gateway", name="", before=FiguresView(seconds=60, requests=600, rate=10.0, error_ratio=0.0005),
        after=FiguresView(seconds=60, requests=600, rate=10.0, error_ratio=0.0041),
    )  # fmt: skip
    return Situation(
        [route("orders", figures(20.0, 0.031, 240.0)), route("search", figures(41.0, 0.0, 812.0), "files", previous=figures(40.0, 0.0, 254.0))],
        [upstream("up", endpoint("10.0.1.7:9001", figures(10.0, 0.06)), endpoint("10.0.1.8:9001")), upstream("files", endpoint("h:1"))],
        failed=[failed("orders", "10.0.1.7:9001", "connect_refused")] * 12,
        revisions=[change],
        more={
            reading.revision("412"): RevisionDetailView(revision=change, window_s=60.0, figures=[effect]),
            course_reading(Model()): course("gateway", "", [(10.0, 0.0)] * 40 + [(10.0, 0.1)] * 20, 5),
        },
    )  # fmt: skip


def opened(situation: Situation) -> tuple[ConsoleApp, GivenSource, list[Destination]]:
    """The console, its source, and where keys wanted to go."""
    source, went = GivenSource(situation.messages()), list[Destination]()
    app = ConsoleApp(source)
    app.open = went.append  # type: ignore[method-assign, assignment]
    return app, source, went


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_what_fails_and_why_is_on_the_screen_in_each_size(size: tuple[int, int]) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "rev 412" in screen_text(app).partition("CHANGES")[2])
        await until(pilot, lambda: ("^rev 412" in screen_text(app)) == (size[1] > 24))
        text = screen_text(app)
        assert "orders" in text
        assert "5xx 3.1%  burn 31.0x" in text
        assert "10.0.1.7:9001" in text
        assert "refuses" in text
        assert "0.05% -> 0.41%" in text
        assert "x3.2" in text
        assert "rps 100" in text

    play(opened(incident_of_an_endpoint())[0], story, size)


def test_enter_leads_to_the_cause_and_the_cursor_goes_on_from_list_to_list() -> None:
    app, _, went = opened(incident_of_an_endpoint())

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "rev 412" in screen_text(app).partition("CHANGES")[2])
        await pilot.press("enter", "j", "enter", "tab", "enter", "exclamation_mark", "enter")
        assert went == [
            Destination("endpoint", "up/10.0.1.7:9001"), Destination("route", "search"), Destination("changes", "412"),
            Destination("endpoint", "up/10.0.1.7:9001"),
        ]  # fmt: skip
        screen = app.screen
        assert isinstance(screen, OverviewScreen)
        assert screen.selection is not None
        assert (screen.selection.kind, screen.selection.name, screen.selection.upstream) == ("route", "orders", "up")

    play(app, story)


def test_a_new_trouble_is_drawn_above_the_old_and_the_cursor_stays_on_its_row() -> None:
    app, source, _ = opened(incident_of_an_endpoint())

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        table = app.screen.query_one("#attention", SectionTable)
        await until(pilot, lambda: [row.key for row in table.grid.rows] == ["failing:orders"])
        worse = [route("orders", figures(20.0, 0.031)), route("search", figures(400.0, 0.9), "files")]
        source.tell(Answered(reading.ROUTES, RouteListView(revision="a", routes=worse)))
        await until(pilot, lambda: [row.key for row in table.grid.rows] == ["failing:search", "failing:orders"])
        assert table.cursor_key == "failing:orders"

    play(app, story)


def test_where_all_is_well_it_says_so() -> None:
    calm = Situation([route("orders"), route("search")], [upstream("up", endpoint("h:1"))])
    app, source, _ = opened(calm)
    past = reading.history("gateway", "", window="6h", step="60s")

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        # Before its history has come, nobody knows whether there was an error.
        await until(pilot, lambda: "All 2 routes without trouble; last change rev 412 2m ago" in screen_text(app))
        source.tell(Answered(past, course("gateway", "", [(20.0, 0.0)] * 3, 60)))
        told = "All 2 routes without trouble; no error is remembered; last change rev 412 2m ago"
        await until(pilot, lambda: told in screen_text(app))
        failing = status(recent=figures(10.0, 0.018))
        source.tell(Answered(reading.status(300), failing))
        await until(pilot, lambda: "All 2 routes without trouble; last change" in screen_text(app))

    play(app, story)


def test_without_traffic_it_says_where_it_listens() -> None:
    idle = Situation([route("orders", RecentView(seconds=60))], status=status(recent=RecentView(seconds=60)))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "0 requests in 60s; listeners 8443 open on 2/2 workers" in screen_text(app))

    play(opened(idle)[0], story)


def test_the_course_of_what_needs_attention_is_asked_for() -> None:
    app, source, _ = opened(incident_of_an_endpoint())

    async def story(_app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: any(("name", "orders") in each.query for each in source.wanted))
        assert reading.revision("412") in source.wanted

    play(app, story)
