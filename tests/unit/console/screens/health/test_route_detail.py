"""The page of one route, by its keys and in three sizes."""

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.health.endpoint_page import course as course_reading
from console.state.health.route_trouble import course_of
from console.state.health.verdict import failed_of, slow_of
from console.state.model import Model
from console.state.selection import Destination
from gateway.wire.changes import ComparisonView, FiguresView, RevisionDetailView
from gateway.wire.views import ConfigView
from tests.support.console import GivenSource, play, screen_text, until
from tests.support.situations import (
    Situation,
    course,
    endpoint,
    exchanges,
    figures,
    promised,
    revision,
    route,
    slow,
    upstream,
)  # fmt: skip


def slow_route() -> Situation:
    seen = route(
        "search",
        figures(10.0, 0.01, 812.0, client_error_ratio=0.2),
        slo=promised(0.9, 500.0),
        previous=figures(9.0, 0.0, 203.0),
    )
    change = revision(412, 100, "ana")
    compared = ComparisonView(
        kind="route", name="search", before=FiguresView(seconds=60, requests=600, rate=10.0, p99_ms=200.0),
        after=FiguresView(seconds=60, requests=600, rate=10.0, p99_ms=800.0),
    )  # fmt: skip
    config = {
        "routes": [
            {"name": "search", "match": {"path": "/v1/search"}, "timeouts": {"first_byte": "15s"}, "upstream": "up"}
        ]
    }
    return Situation(
        [seen], [upstream("up", endpoint("10.0.1.7:80", figures(5.0, 0.0, 900.0)), endpoint("10.0.1.8:80", figures(5.0, 0.0, 90.0)))],
        revisions=[change],
        more={
            reading.route("search"): seen, reading.route("search", 300): seen,
            slow_of("search"): exchanges([slow("search", "10.0.1.7:80")] * 5), failed_of("search"): exchanges([]),
            course_of("search"): course("route", "search", [(10.0, 0.0)] * 20 + [(800.0, 0.0)] * 6),
            course_reading(Model(), "route", "search"): course("route", "search", [(10.0, 0.0)] * 40 + [(800.0, 0.0)] * 20, 5),
            reading.CONFIG: ConfigView(revision="a", sequence=412, source="file:gateway.yaml", config=config),
            reading.revision("412"): RevisionDetailView(revision=change, window_s=60.0, figures=[compared]),
        },
    )  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_the_verdict_its_proof_and_the_configuration_are_on_the_screen(size: tuple[int, int]) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "rev 412" in " ".join(screen_text(app).split()))
        text = screen_text(app)
        told = " ".join(text.split())
        assert "p99 812ms: 93% upstream first byte, endpoint 10.0.1.7:80 only, the best 90ms, since" in told
        assert "40s after rev 412 by ana" in told
        assert "first byte 93.0%" in text
        assert "4xx 20.0%" in text
        assert "gateway.yaml:7" in text
        assert "match.path" in text
        assert "/v1/search" in text
        assert "p99 800ms  most 800ms" in text

    play(ConsoleApp(GivenSource(slow_route().messages()), first=Destination("route", "search")), story, size)


def test_compare_shows_before_and_after_and_enter_leads_to_the_endpoint() -> None:
    went = list[Destination]()

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "match.path" in screen_text(app))
        await pilot.press("equals_sign")
        lines = [line for line in screen_text(app).splitlines() if "p99 " in line and "x4.0" in line]
        assert any("812ms   203ms   x4.0    200ms    800ms   x4.0" in line for line in lines)
        await pilot.press("equals_sign")
        assert "match.path" in screen_text(app)
        app.open = went.append  # type: ignore[method-assign, assignment]
        await pilot.press("enter", "l", "f", "t", "u", "c")
        assert went == [
            Destination("endpoint", "up/10.0.1.7:80"), Destination("live", filter="route:search"),
            Destination("live", filter="route:search err"), Destination("traces", filter="route:search"),
            Destination("upstreams", filter="up"), Destination("changes", filter="search"),
        ]  # fmt: skip

    play(ConsoleApp(GivenSource(slow_route().messages()), first=Destination("route", "search")), story)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_a_comparison_is_whole_in_every_size_and_says_what_its_columns_are(size: tuple[int, int]) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "match.path" in screen_text(app))
        await pilot.press("equals_sign")
        await until(pilot, lambda: "812ms   203ms   x4.0    200ms    800ms   x4.0" in screen_text(app))
        titles = next(line for line in screen_text(app).splitlines() if "COMPARE" in line)
        assert titles.split()[-8:] == ["NOW", "BEFORE", "CHANGE", "<REV", "412", "REV", "412", "CHANGE"]
        assert "<REV 412 and REV 412: before and after" in screen_text(app)

    play(ConsoleApp(GivenSource(slow_route().messages()), first=Destination("route", "search")), story, size)


def test_a_route_that_is_not_there_is_told() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "there is no route 'serach'; there are 1 others" in screen_text(app))

    play(ConsoleApp(GivenSource(slow_route().messages()), first=Destination("route", "serach")), story)
