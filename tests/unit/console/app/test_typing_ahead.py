"""Keys that come all at once, as over a slow link."""

import asyncio
import time

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


def test_keys_keep_their_order_where_the_machine_is_slow() -> None:
    def be_slow(turns: int) -> None:
        time.sleep(0.26)  # As another process that has the processor does there: nothing happens meanwhile.
        if turns > 1:
            asyncio.get_running_loop().call_soon(be_slow, turns - 1)

    async def story(app: ConsoleApp, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        front = app.front
        assert front is not None
        for key in ("colon", "x", "escape", "slash", "9"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        be_slow(24)
        await until(pilot, lambda: front.query_one(Prompt).text == "9", within_s=20.0)
        assert app.front is front

    play(ConsoleApp(GivenSource()), story)


def test_more_keys_than_anybody_types_are_not_kept() -> None:
    async def story(app: ConsoleApp, _pilot: Pilot[None]) -> None:
        for _ in range(MOST + 50):
            await app.on_event(Key("j", "j"))
        assert len(app._typed) == MOST

    play(ConsoleApp(GivenSource()), story)
