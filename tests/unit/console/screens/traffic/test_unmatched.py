"""Requests without a route, by their keys."""

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from gateway.admin.live.examples import UNMATCHED
from tests.support.console import GivenSource, play, screen_text, until


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_the_most_frequent_is_first_and_leads_to_its_traffic_and_its_explanation(size: tuple[int, int]) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "/v1/oders/*" in screen_text(app))
        assert "1 207 requests without a route, of 2 kinds" in screen_text(app)
        await pilot.press("x")
        assert app.screen.subject == "GET http://api.example.com/v1/oders/1"  # type: ignore[attr-defined]
        await pilot.press("h", "enter")
        assert app.screen.filter == 'reason:no_route host:api.example.com path~"^/v1/oders/"'  # type: ignore[attr-defined]
        await pilot.press("h", "slash", *"favicon", "enter")
        assert len(app.screen.query_one(LiveTable).grid.rows) == 1

    play(ConsoleApp(GivenSource([Answered(reading.UNMATCHED, UNMATCHED)]), first=Destination("unmatched")), story, size)
