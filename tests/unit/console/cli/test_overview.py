"""The same words from the command and from the screen, for the same recording."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.opening import Options, make_console
from console.client.contexts import Context
from console.render.health.sentences import subject, what, why
from console.render.health.verdicts import verdict_sentence
from console.sources.recorder import Recorder
from console.state.health.attention import attention
from console.state.health.verdict import verdict
from gateway.cli.main import main
from tests.support.console import NOW_S, play, screen_text, until
from tests.support.situations import Situation
from tests.unit.console.screens.health.test_overview import incident_of_an_endpoint
from tests.unit.console.screens.health.test_route_detail import slow_route
from tests.unit.console.screens.health.test_upstreams import trouble


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[Situation], str]:
    def record(situation: Situation) -> str:
        file = tmp_path / "a.ndjson"
        recorder = Recorder(str(file))
        for message in situation.messages():
            recorder.take(NOW_S, message)
        recorder.close()
        return str(file)

    return record


def on_screen(replay: str, screen: str, told: str, size: tuple[int, int] = (250, 70)) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: told in screen_text(app))

    play(make_console(Context(name="x"), Options(replay=replay, screen=screen, speed=0.01), {}), story, size)


def test_the_overview_says_what_the_screen_says(
    recorded: Callable[[Situation], str], capsys: pytest.CaptureFixture[str]
) -> None:
    replay = recorded(incident_of_an_endpoint())
    assert main(["overview", "--replay", replay]) == 0
    printed = capsys.readouterr().out
    [found] = attention(incident_of_an_endpoint().model())
    for told in (subject(found), what(found), why(found), "0.05% -> 0.41%"):
        assert told in printed
        on_screen(replay, "overview", told)
    assert main(["overview", "--replay", replay, "--format", "ndjson"]) == 0
    assert f'"cause":"{why(found)}"' in capsys.readouterr().out


def test_the_verdict_about_a_route_is_the_same(
    recorded: Callable[[Situation], str], capsys: pytest.CaptureFixture[str]
) -> None:
    replay = recorded(slow_route())
    found = verdict(slow_route().model(), "search")
    assert found is not None
    told = verdict_sentence(found, NOW_S)
    assert main(["routes", "search", "--replay", replay]) == 0
    assert f"verdict      {told}" in capsys.readouterr().out

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "search" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: told in screen_text(app))

    play(make_console(Context(name="x"), Options(replay=replay, screen="routes", speed=0.01), {}), story, (250, 70))


def test_the_reasons_of_endpoints_are_the_same(
    recorded: Callable[[Situation], str], capsys: pytest.CaptureFixture[str]
) -> None:
    replay = recorded(trouble())
    assert main(["upstreams", "--replay", replay, "--window", "5m"]) == 0
    printed = capsys.readouterr().out
    for told in ("failing", "connect_refused x12", "No health check configured: state from live traffic only"):
        assert told in printed
        on_screen(replay, "upstreams", told)
