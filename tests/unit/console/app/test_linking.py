"""Going over to another gateway, and recording the one that is heard."""

from pathlib import Path

from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.client.contexts import Context, Contexts
from console.sources.recordable import Recordable
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from gateway.wire.views import RouteListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.unit.console.screens.test_routes import route


def routes(name: str) -> Answered:
    return Answered(reading.routes(300), RouteListView(revision="a", routes=[route(name, 0.0)]))


def keys(app: ConsoleApp) -> list[str]:
    return [row.key for table in app.screen.query(LiveTable) for row in table.grid.rows]


def test_another_context_is_another_gateway_at_once_and_the_old_one_is_not_heard_any_more() -> None:
    old, new = GivenSource([routes("old")]), GivenSource([routes("new")])
    app = ConsoleApp(old, first=Destination("routes"))
    app.read_contexts = lambda: Contexts(contexts=[Context(name="east", tags=["prod"]), Context(name="west")])
    app.connect = lambda _context: new

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["old"])
        app.run_command("ctx north")
        await pilot.pause()
        assert "there is no context 'north'; there are: east, west" in screen_text(app)
        assert list(app.names("context")) == ["east", "west"]
        app.run_command("routes @east")
        await until(pilot, lambda: keys(app) == ["new"])
        old.tell(routes("late"))
        await pilot.press("S")
        assert keys(app) == ["new"]
        assert screen_text(app).startswith(" east ")
        assert app.why_read_only() == "a recording cannot be acted upon"
        assert (app.is_production, app.starts_read_only) == (True, True)

    play(app, story)


def test_what_is_heard_is_recorded_until_somebody_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "session.slrec"
    app = ConsoleApp(Recordable(GivenSource([routes("a")])), first=Destination("routes"))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["a"])
        app.run_command(f"record {file}")
        await pilot.pause()
        assert f"recording to {file}" in screen_text(app)
        app.run_command("record")
        await until(pilot, lambda: f"recorded 2 messages to {file}" in screen_text(app))
        assert file.stat().st_size > 0
        app.run_command("record")
        await until(pilot, lambda: "nothing is being recorded" in screen_text(app))

    play(app, story, (160, 24))


class InBrowser(ConsoleApp):
    """As textual-serve runs it."""

    is_web = True


def test_who_looks_by_a_browser_writes_no_files_where_it_is_served(tmp_path: Path) -> None:
    app = InBrowser(Recordable(GivenSource([routes("a")])), first=Destination("routes"))

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["a"])
        for line in (f"record {tmp_path / 'a'}", f"export {tmp_path / 'b'}"):
            app.say("")
            app.run_command(line)
            await pilot.pause()
            assert "a browser writes no files" in screen_text(app)

    play(app, story, (160, 24))
    assert list(tmp_path.iterdir()) == []


def test_what_another_gateway_says_is_shown_also_where_it_has_said_as_much_as_the_one_before() -> None:
    app = ConsoleApp(GivenSource([routes("old")]), first=Destination("routes"))
    app.read_contexts = lambda: Contexts(contexts=[Context(name="east")])
    app.connect = lambda _context: GivenSource([routes("new")])

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: keys(app) == ["old"])
        app.draw()
        before = app.live_model.version
        app.switch_context("east")
        await until(pilot, lambda: app.live_model.version == before)
        app.draw()
        assert keys(app) == ["new"]

    play(app, story)
