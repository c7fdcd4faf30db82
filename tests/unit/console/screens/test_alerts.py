"""The screen of alerts and objectives, by its keys and at its sizes."""

import json
import time
from collections.abc import Sequence

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.operator_screen import OperatorScreen
from console.state import reading
from console.state.alerting.alerts import ALERTS
from console.state.messages import Event, Failed, Message, Request, Response
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from tests.support.console import GivenSource, Story, play, screen_text, until
from tests.unit.console.screens.alerts_scene import MESSAGES, NO_OBJECTIVES, NOBODY_ASKED

ORDERS, SEARCH, STATIC = "slo:orders:availability", "slo:search:latency", "slo:static:availability"


class ActingSource(GivenSource):
    """Runs by the clock of the wall, as what can be acted upon does."""

    can_act = True

    def hear(self) -> None:
        """The gateway was heard just now."""
        self.tell(Event("hello", "{}"), time.time())


def keys(app: ConsoleApp) -> list[str]:
    return [row.key for row in app.screen.query_one(LiveTable).grid.rows]


def show(story: Story, messages: Sequence[Message] = MESSAGES, size: tuple[int, int] = (120, 40)) -> GivenSource:
    source = GivenSource(messages)
    play(ConsoleApp(source, first=Destination("alerts")), story, size)
    return source


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (250, 70)])
def test_what_burns_is_on_top_with_what_is_left_and_how_long_that_lasts(size: tuple[int, int]) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 5)
        assert keys(app)[:2] == [ORDERS, SEARCH]
        assert keys(app)[-1] == STATIC
        lines = screen_text(app).splitlines()
        first = next(line for line in lines if "orders" in line and "25.0x" in line)
        assert "16.7x" in first
        assert "2.8x" in first
        assert "25.0%" in first
        assert "3m36s" in first
        assert "1 page, 1 ticket, 1 ok" in screen_text(app)
        if size[0] >= 120:
            assert ":52:10" in first
            assert "40s after c6c690" in first
        if size[0] >= 160:
            assert "firing" in first
        if size[1] >= 30:
            assert "above 14.4x is a page" in screen_text(app)
            assert "1h 250/10 000" in screen_text(app)

    show(story, size=size)


def test_alerts_that_are_about_no_objective_stand_among_them_by_their_urgency() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 5)
        text = screen_text(app)
        assert "Prometheus and Alertmanager: 1 firing, 1 pending, 1 silenced" in text
        pending, silenced = text.index("GatewayRetryStorm"), text.index("GatewayEndpointFlapping")
        assert pending < silenced < text.index("static")
        assert "muted to" in text
        await pilot.press("down", "down", "down")
        assert "by ana: known" in screen_text(app)
        assert "endpoint=10.0.0.7:80" in screen_text(app)

    show(story, size=(160, 40))


def test_enter_leads_to_the_evidence_and_from_there_to_the_route_and_e_hides_it() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 5)
        screen = app.screen
        assert isinstance(screen, OperatorScreen)
        assert "above 14.4x" not in screen_text(app)
        await pilot.press("enter")
        assert "16.7x over 1h" in screen_text(app)
        assert "c6c690490d0a runs, by ana" in screen_text(app)
        assert screen.drill_to() == Destination("route", "orders")
        await pilot.press("e")
        assert "16.7x over 1h" not in screen_text(app)
        await pilot.press("e", "down", "down")
        assert "GatewayRetryStorm" in screen_text(app)
        assert screen.drill_to() is None
        await pilot.press("enter")
        assert "nothing to open here" in screen_text(app)
        assert screen.twin() == "sightline slo"

    show(story, size=(80, 24))


def test_a_filter_finds_routes_objectives_alerts_and_labels() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 5)
        await pilot.press("slash", *"LATENCY", "enter")
        assert keys(app) == []
        assert "Nothing matches 'LATENCY'. 5 hidden by the filter" in screen_text(app)
        for wanted, expected in (("under 300", [SEARCH]), ("critical", [ORDERS]), ("10.0.0.7", None)):
            app.screen.apply_filter(wanted)  # type: ignore[attr-defined]
            assert expected is None or keys(app) == expected
        assert "GatewayEndpointFlapping" in screen_text(app)

    show(story)


@pytest.mark.parametrize("how", ["keys", "command"])
def test_an_alert_is_muted_once_it_is_confirmed(how: str) -> None:
    source = ActingSource(MESSAGES, lambda _request: Response(200, b'{"silenceID":"x"}'))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 5)
        source.hear()
        if how == "keys":
            await pilot.press("a", "m")
            assert "mute for" in screen_text(app)
            await pilot.press("enter")
        else:
            app.run_command("mute GatewayErrorBudgetBurnFast 30m")
        assert "mute GatewayErrorBudgetBurnFast route=orders for 30m?" in screen_text(app)
        await pilot.press("n")
        assert "left as it is" in screen_text(app)
        assert source.asked == []
        source.hear()
        app.run_command("mute GatewayErrorBudgetBurnFast 30m")
        await pilot.press("y")
        await until(pilot, lambda: "GatewayErrorBudgetBurnFast is muted for 30m" in screen_text(app))

    play(ConsoleApp(source, first=Destination("alerts")), story)
    (request,) = source.asked
    assert (request.method, request.path) == ("POST", "alertmanager/silences")
    assert {"name": "cluster", "value": "eu", "isRegex": False, "isEqual": True} in json.loads(request.body)["matchers"]


def test_muting_says_why_it_does_not_do_it() -> None:
    refusing = ActingSource(MESSAGES, lambda _request: Response(400, problem="Alertmanager refuses: bad matcher"))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 5)
        for line, expected in (
            ("mute Nothing 30m", "there is no such alert"),
            ("mute GatewayRetryStorm soon", "expected a duration"),
            ("mute GatewayRetryStorm 8d", "at most 7 days"),
        ):
            app.run_command(line)
            assert expected in screen_text(app)
        refusing.hear()
        app.run_command("mute gatewayretrystorm 30m")
        await pilot.press("y")
        await until(pilot, lambda: "bad matcher" in screen_text(app))
        await pilot.press("G", "a")
        assert "no alert is known of this objective" in screen_text(app)

    play(ConsoleApp(refusing, first=Destination("alerts")), story)


def test_a_recording_and_a_console_that_only_reads_mute_nothing() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(keys(app)) == 5)
        app.run_command("mute GatewayRetryStorm 30m")
        assert "cannot be acted upon" in screen_text(app)

    assert show(story).asked == list[Request]()


def test_without_objectives_and_without_prometheus_it_says_so() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "No SLOs defined: none of 42 routes" in screen_text(app))
        assert "Prometheus and Alertmanager are not configured" in screen_text(app)

    show(story, [NO_OBJECTIVES, NOBODY_ASKED])


def test_before_anything_is_known_it_says_what_it_waits_for() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "waiting for the gateway's objectives: denied" in screen_text(app))

    source = show(story, [Failed(reading.OBJECTIVES, 403, "denied")])
    assert ALERTS in source.wanted
