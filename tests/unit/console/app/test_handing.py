"""What leaves the console: the clipboard, a link, a folder of evidence."""

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.handing import has_browser
from console.client.contexts import Context
from console.state import reading
from console.state.messages import Answered
from console.state.selection import Destination
from console.widgets.live_table import LiveTable
from gateway.wire.slo import ObjectiveListView
from gateway.wire.views import RouteListView
from tests.support.console import GivenSource, play, screen_text, until
from tests.support.known_gateway import KNOWN
from tests.unit.console.screens.test_routes import route

ROUTES = Answered(reading.routes(300), RouteListView(revision="a", routes=[route("calm", 0.0), route("bad", 0.5)]))

OBJECTIVES = Answered(reading.OBJECTIVES, ObjectiveListView(revision="a", objectives=[]))


@pytest.fixture(autouse=True)
def no_tmux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)


def console() -> ConsoleApp:
    return ConsoleApp(GivenSource([ROUTES, OBJECTIVES]), context_name="east", first=Destination("routes"))


def has_rows(app: ConsoleApp) -> bool:
    return any(table.grid.rows for table in app.screen.query(LiveTable))


def test_the_command_and_the_name_are_copied() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: has_rows(app))
        await pilot.press("Y", "i")
        assert app.clipboard == "bad"
        await pilot.press("y")
        assert app.clipboard.startswith("sightline routes")
        assert "sent to the terminal's clipboard: sightline routes" in screen_text(app)

    play(console(), story)


@pytest.mark.parametrize(
    ("screen", "keys", "copied"),
    [
        (Destination("routes"), "q", 'sum by (code, source) (rate(sightline_http_requests_total{route="orders"}[5m]))'),
        (Destination("route", "orders"), "c", "curl -i 'http://127.0.0.1:9080/v1/orders/1' -H 'Host: api.example.com'"),
        (Destination("overview"), "i", "orders"),
        (Destination("upstreams"), "n", "orders/orders.internal:9001"),
        (Destination("endpoint", "orders/orders.internal:9001"), "f", "endpoint:orders.internal:9001"),
        (Destination("live"), "r", f"{2:032x}"),
        (Destination("request", "req-0001"), "i", "req-0001"),
        (Destination("alerts"), "u", "slo: {availability: 99.9%, latency: {target: 99%, under: 300ms}}"),
        (Destination("changes"), "i", f"{2:012x}"),
        (Destination("diff", "1..2"), "y", "sightline diff 1 2"),
        (Destination("diff", "inc:17"), "n", "17"),
        (Destination("nodes"), "v", "3f2a9c0d81be"),
        (Destination("logs"), "i", '2026-01-31T08:00:07.250184Z info worker_died worker=1 trace_id="t1"'),
        (Destination("unmatched"), "c", "curl -i 'http://127.0.0.1:9080/v1/oders/1' -H 'Host: api.example.com'"),
        (Destination("raw", "route:orders"), "i", "orders"),
    ],
    ids=lambda value: value.screen if isinstance(value, Destination) else "",
)
def test_every_screen_offers_copies_of_what_is_selected(screen: Destination, keys: str, copied: str) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.front is not None and app.front.copied is not None)
        await pilot.press("Y", *keys)
        assert app.clipboard == copied
        assert "sent to the terminal's clipboard: " in screen_text(app)

    play(ConsoleApp(GivenSource(KNOWN), first=screen), story, (80, 24))


def test_what_stands_there_is_copied_as_it_is_named_and_a_link_where_there_is_one() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: has_rows(app))
        app.use_context_of(Context(name="east", grafana_url="https://grafana/{route}"))
        await pilot.press("Y", "s")
        titles, row = app.clipboard.splitlines()
        assert titles.split()[:2] == ["ROUTE", "RPS"]
        assert "bad" in row
        assert "clipboard: 2 lines: " in screen_text(app)
        await pilot.press("Y", "o")
        assert app.clipboard == "https://grafana/bad"

    play(console(), story)


def test_a_link_is_copied_where_no_browser_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: has_rows(app))
        await pilot.press("o")
        assert "this context has no grafana_url in contexts.yaml" in screen_text(app)
        app.use_context_of(Context(name="east", grafana_url="https://grafana/{route}"))
        await pilot.press("o")
        assert app.clipboard == "https://grafana/bad"

    play(console(), story)


def test_what_was_copied_is_written_to_a_file_for_whom_no_clipboard_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux-1/default,1,0")
    file = tmp_path / "kept.txt"

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: has_rows(app))
        app.write_copied(str(file))
        assert "nothing was copied yet" in screen_text(app)
        await pilot.press("Y", "i")
        assert "sent to tmux (handed on if `set -s set-clipboard on`, else :copied): bad" in screen_text(app)
        app.write_copied(str(file))
        assert f"added to {file}"[:60] in screen_text(app)
        await pilot.press("Y", "s", "colon", *"copied ", *str(file), "enter")
        app.write_copied(str(tmp_path))
        assert f"{tmp_path} cannot be written"[:60] in screen_text(app)

    play(console(), story)
    first, titles, _row = file.read_text().splitlines()
    assert (first, titles.split()[:2]) == ("bad", ["ROUTE", "RPS"])
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_browser_is_opened_only_beside_the_terminal() -> None:
    assert has_browser({"DISPLAY": ":0"})
    assert not has_browser({"DISPLAY": ":0", "SSH_CONNECTION": "a"})


def test_evidence_is_written_into_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: has_rows(app))
        app.run_command("x GET / -H authorization:secret")
        app.run_command("routes /bad")
        app.run_command("help")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.front is not None and app.front.NAME == "routes")
        await pilot.press("colon", *f"export {folder}", "enter")
        await until(pilot, lambda: "written to" in screen_text(app))
        app.run_command(f"export {folder}")
        await until(pilot, lambda: "cannot be written" in screen_text(app))
        assert "cannot be written: File exists" in screen_text(app)

    play(console(), story, (250, 24))
    data = json.loads((folder / "data.json").read_text())
    assert (data["schema"], data["context"], data["screen"], data["filter"]) == (
        "sightline.export/1",
        "east",
        "routes",
        "bad",
    )
    answers = {each["path"]: each["answer"] for each in data["readings"]}
    assert {each["name"] for each in answers["/api/v1/routes"]["routes"]} == {"calm", "bad"}
    assert data["partial"] is any(answer is None for answer in answers.values())
    picture = (folder / "screen.svg").read_text()
    assert "<svg" in picture
    assert "export" not in picture
    commands = (folder / "commands.txt").read_text()
    assert "sightline routes" in commands
    assert "# :routes /bad" in commands
    printed = [line for line in commands.splitlines() if line.startswith("sightline")]
    assert len(set(printed)) == len(printed)
    assert "sightline help" not in printed
    assert "secret" not in commands
