"""What is running, by its keys."""

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from gateway.admin.live.examples import IN_FLIGHT
from tests.support.console import GivenSource, play, screen_text, until


@pytest.mark.parametrize(("size", "seen"), [((80, 24), "ttfb"), ((120, 40), "10.0.1.7:9001"), ((250, 70), "192.0.2.7")])
def test_it_shows_how_old_each_is_and_what_it_waits_for(size: tuple[int, int], seen: str) -> None:
    source = GivenSource([Answered(reading.in_flight("latency:>5s"), IN_FLIGHT)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "14.0s" in screen_text(app))
        assert "31 running, 1 shown, filter latency:>5s asked of 31" in screen_text(app)
        assert seen in screen_text(app)
        assert app.screen.twin() == "sightline inflight 'latency:>5s'"  # type: ignore[attr-defined]

    play(ConsoleApp(source, first=Destination("inflight", filter="latency:>5s")), story, size)


def test_enter_opens_the_request_and_pivots_act_on_it() -> None:
    [running] = IN_FLIGHT.exchanges
    source = GivenSource([Answered(reading.in_flight(), IN_FLIGHT)])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "14.0s" in screen_text(app))
        await pilot.press("t")
        assert app.screen.subject == running.trace_id  # type: ignore[attr-defined]
        await pilot.press("h", "enter")
        assert app.screen.subject == running.request_id  # type: ignore[attr-defined]

    play(ConsoleApp(source, first=Destination("inflight")), story)


def test_a_filter_is_asked_of_the_gateway_if_it_is_one() -> None:
    source = GivenSource([Answered(reading.in_flight(), IN_FLIGHT)])

    async def story(_app: ConsoleApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"status:x", "enter")
        assert source.wanted == (reading.in_flight(),)
        await pilot.press("slash", *"err", "enter")
        assert source.wanted == (reading.in_flight("err"),)

    play(ConsoleApp(source, first=Destination("inflight")), story)
