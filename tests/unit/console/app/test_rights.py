"""Who may change something, and what is said to who may not."""

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.state import reading
from console.state.messages import Answered, Event, Linked
from console.state.selection import Destination
from gateway.wire.actions import MeView
from tests.support.console import GivenSource, play, screen_text, until


def console(source: GivenSource, *, is_production: bool = False) -> ConsoleApp:
    return ConsoleApp(source, context_name="east", is_production=is_production, first=Destination("routes"))


def test_production_is_read_only_until_writing_is_allowed_for_a_while() -> None:
    source = GivenSource([Event("weather", "{}")])
    source.can_act = True
    app = console(source, is_production=True)
    app.starts_read_only = True

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.live_model.link.state == "live")
        assert app.why_not("act") == "east is read-only; :write 15m lifts that"
        assert " RO" in screen_text(app).splitlines()[0]
        app.run_command("write 15m")
        source.tell(Event("weather", "{}"), app.live_model.now_s)
        assert app.why_not("act") == ""
        await pilot.pause()
        assert "WRITE 1" in screen_text(app).splitlines()[0]
        app.live_model.now_s += 901
        assert app.is_read_only

    play(app, story)


def test_what_the_gateway_says_of_a_viewer_is_what_the_console_says() -> None:
    me = MeView(name="ana", role="viewer", read_only=True, because="a viewer may look only")
    source = GivenSource([Answered(reading.ME, me)])
    source.can_act = True

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.me is not None)
        assert app.why_not("act") == "a viewer may look only"
        app.run_command("write 15m")
        await pilot.pause()
        assert "a viewer may look only" in screen_text(app)

    play(console(source), story)


def test_nothing_is_done_by_keys_while_the_gateway_is_not_heard() -> None:
    source = GivenSource([Event("weather", "{}"), Linked("broken", "refused", 4.0)])
    source.can_act = True

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.live_model.link.state == "broken")
        assert app.why_not("act") == "no action while disconnected"
        assert app.why_not("live") == ""
        assert app.is_faded

    play(console(source), story)


def test_an_option_forbids_for_good() -> None:
    source = GivenSource()
    source.can_act = True
    app = ConsoleApp(source, is_read_only=True, first=Destination("routes"))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        app.run_command("write 15m")
        await pilot.pause()
        assert "this console was started with --read-only" in screen_text(app)

    play(app, story)
