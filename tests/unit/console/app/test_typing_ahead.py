"""Keys that come all at once, as over a slow link."""

from textual.events import Key, Paste
from textual.pilot import Pilot

from console.app.app import ConsoleApp
from console.app.typing_ahead import MOST
from console.widgets.prompt import Prompt
from tests.support.console import GivenSource, play, until


def test_keys_that_come_at_once_have_their_effect_one_after_the_other() -> None:
    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        prompt = app.screen.query_one(Prompt)
        for _ in range(3):
            for key in ("slash", "o", "r", "d", "enter", "colon", "x", "escape", "slash", "s"):
                app.post_message(Key(key, key if len(key) == 1 else None))
            app.post_message(Paste("-eu"))
            app.post_message(Key("enter", None))
            assert app.front is not None
            front = app.front
            # The filter is there while it is typed; only then is it given.
            await until(pilot, lambda front=front: front.filter == "ords-eu" and prompt.kind is None)  # type: ignore[misc]
            assert front.NAME == "routes"
            front.filter = ""

    play(ConsoleApp(GivenSource()), story)


def test_more_keys_than_anybody_types_are_not_kept() -> None:
    async def story(app: ConsoleApp, _pilot: Pilot[None]) -> None:
        for _ in range(MOST + 50):
            await app.on_event(Key("j", "j"))
        assert len(app._typed) == MOST

    play(ConsoleApp(GivenSource()), story)
