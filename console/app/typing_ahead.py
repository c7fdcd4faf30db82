"""Keys in the order in which they were typed: one after the other, each when the one before has had its effect.

Textual forwards a key to what has the focus at that moment. Over a slow link several keys arrive at once, and a person who
knows the way types ahead; then the `q` of `:q` would still go to the table, because the prompt has no focus yet.
"""

import asyncio
import contextlib
from collections import deque
from typing import Final

from textual.app import App
from textual.dom import DOMNode
from textual.events import Event, Key, Paste

MOST: Final = 256
"""Keys that wait, and what is pasted between them; what is typed beyond them is lost."""
_EFFECT_S: Final = 0.25
"""A key that has had no effect by then, because something waits for something else, does not hold up those after it."""
_SCREEN_S: Final = 2.0
_POLL_S: Final = 0.005
_ROUNDS: Final = 2
"""A key may be handled by a message of what has the focus to what holds it, as Enter in the prompt is."""


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
        while self._typed:
            event, target = self._typed.popleft(), self._target
            await super().on_event(event)
            await self._effect(target)

    async def _effect(self, target: DOMNode) -> None:
        """Returns when the target and all that hold it have handled what they had been sent, and a screen that came in front
        by that can be asked for things."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EFFECT_S):
                for _ in range(_ROUNDS):
                    for node in target.ancestors_with_self:
                        await _handled(node)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SCREEN_S):
                while not self.screen.is_mounted:  # noqa: ASYNC110 - Textual tells of it to the screen alone
                    await asyncio.sleep(_POLL_S)


async def _handled(node: DOMNode) -> None:
    handled = asyncio.Event()
    if node.is_running and node.call_later(handled.set):
        await handled.wait()
