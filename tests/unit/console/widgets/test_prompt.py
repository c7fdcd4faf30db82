"""The row at the bottom."""

import pytest
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.screens.operator_screen import OperatorScreen
from console.widgets.prompt import Prompt
from tests.support.console import GivenSource, play, screen_text, until


def test_a_message_goes_after_its_moment_and_the_newer_one_has_a_moment_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        screen = app.screen
        assert isinstance(screen, OperatorScreen)
        screen.say("the older one")
        monkeypatch.setattr(Prompt, "SAID_S", 0.2)
        screen.say("the newer one")
        await pilot.pause()
        assert "the newer one" in screen_text(app)
        await until(pilot, lambda: "the newer one" not in screen_text(app))

    play(ConsoleApp(GivenSource()), story, (100, 30))
