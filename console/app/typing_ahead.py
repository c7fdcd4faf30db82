"""Keys in the order in which they were typed: one after the other, each when the one before has had its effect.

Textual forwards a key to what has the focus at that moment. Over a slow link several keys arrive at once, and a person who
knows the way types ahead; then the `q` of `:q` would still go to the table, because the prompt has no focus yet.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Final

from textual.app import App
from textual.dom import DOMNode
from textual.events import Event, Key, Paste

MOST: Final = 256
"""Keys that wait, and what is pasted between them; what is typed beyond them is lost."""
_TURN_S: Final = 0.005
_EFFECT_TURNS: Final = 50
"""A key that has had no effect by then, because something waits for something else, does not hold up those after it. It is
turns of the loop that count: where the machine is slow, or a screen is long in drawing, all that happens later, and in order."""
_SCREEN_TURNS: Final = 400
_ROUNDS: Final = 3
"""A key may be handled by messages that are sent on twice, as Enter is: by what is typed in to the prompt, by that to the screen."""


class TypingAhead(App[None]):
    """The part of the app that takes keys."""

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[Key | Paste] = deque()
        self._taking: asyncio.Task[None] | None = None

    async def on_event(self, event: Event) -> None:
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            await super().on_event(event)
        elif (self._taking is None or self._taking.done()) and self.screen.is_mounted:
            target = self._target
            await super().on_event(event)
            self._taking = asyncio.create_task(self._take_others(target))
        elif len(self._typed) < MOST:
            self._typed.append(event)
            if self._taking is None or self._taking.done():
                self._taking = asyncio.create_task(self._take_others(self.screen))

    @property
    def _target(self) -> DOMNode:
        return self.focused or self.screen

    async def _take_others(self, target: DOMNode) -> None:
        """Those that come while the first has its effect on its target, and while they have theirs."""
        await self._effect(target)
        while self._typed and self.screen_stack:  # There is no screen any more when the console ends.
            event, target = self._typed.popleft(), self._target
            await super().on_event(event)
            await self._effect(target)

    async def _effect(self, target: DOMNode) -> None:
        """Returns when the target and all that hold it have handled what they had been sent, and a screen that came in front
        by that can be asked for things."""
        await _within(_EFFECT_TURNS, _all_handled(target.ancestors_with_self))
        await _within(_SCREEN_TURNS, self._screen_is_there())

    async def _screen_is_there(self) -> None:
        while self.screen_stack and not self.screen.is_mounted:  # noqa: ASYNC110 - Textual tells of it to the screen alone
            await asyncio.sleep(_TURN_S)
        if self.screen_stack:
            await _handled(self.screen)  # It gives the focus to something when it resumes.


async def _all_handled(nodes: Sequence[DOMNode]) -> None:
    for _ in range(_ROUNDS):
        for node in nodes:
            await _handled(node)


async def _handled(node: DOMNode) -> None:
    handled = asyncio.Event()
    if node.is_running and node.call_later(handled.set):
        await handled.wait()


async def _within(turns: int, wanted: Coroutine[None, None, None]) -> None:
    """Waits for it, and gives it up when the loop came round so often in vain."""
    task = asyncio.create_task(wanted)
    try:
        for _ in range(turns):
            if (await asyncio.wait([task], timeout=_TURN_S))[0]:
                return task.result()
    finally:
        task.cancel()
