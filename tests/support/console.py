"""A console without a terminal: a source that tells what it is given, and a pilot that presses keys."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from textual.css.query import NoMatches
from textual.pilot import Pilot
from typing_extensions import override

from console.app.app import ConsoleApp
from console.sources.source import Take
from console.state import reading
from console.state.messages import Message, Request, Response, TailWanted
from console.state.reading import AnyReading

Story = Callable[[ConsoleApp, Pilot[None]], Awaitable[None]]

_KEYS_S = 10.0

NOW_S = 1_769_846_400.0
"""2026-01-31T08:00:00Z."""


class GivenSource:
    """Implements Source: `messages` at once, and whatever `tell` is told later. `asked` are the requests so far."""

    can_act = False

    def __init__(self, messages: Sequence[Message] = (), answer: Callable[[Request], Response] | None = None) -> None:
        self.messages = messages
        self.asked: list[Request] = []
        self.wanted: tuple[AnyReading, ...] = ()
        self.wanted_tail: TailWanted | None = None
        self._answer = answer or (lambda _request: Response(404, problem="nothing is there"))
        self._take: Take | None = None

    async def run(self, take: Take) -> None:
        self._take = take
        for message in self.messages:
            take(NOW_S, message)
        await asyncio.Event().wait()

    def tell(self, message: Message, at_s: float = NOW_S) -> None:
        assert self._take is not None
        self._take(at_s, message)

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        """`wanted` is what the screen wants: who one is and how the objectives stand is asked on every screen."""
        beside = (reading.ME, reading.OBJECTIVES_NOW_AND_THEN)
        self.wanted = tuple(each for each in readings if not any(each is other for other in beside))
        self.wanted_tail = tail

    def refetch(self) -> None: ...

    def keep_pace(self, slowness: float) -> None: ...

    async def ask(self, request: Request) -> Response:
        self.asked.append(request)
        return self._answer(request)


class PatientPilot(Pilot[None]):
    """Waits after each key, and wherever it pauses, until the console has dealt with all it was given: on a busy machine that
    may take longer than Textual's own pause."""

    @override
    async def press(self, *keys: str) -> None:
        await super().press(*keys)
        await self._settle()

    @override
    async def pause(self, delay: float | None = None) -> None:
        await super().pause(delay)
        await self._settle()

    async def _settle(self) -> None:
        console = self.app
        assert isinstance(console, ConsoleApp)
        if console._taking is not None and not console._taking.done():
            await asyncio.wait([console._taking], timeout=_KEYS_S)
            await super().pause()


def play(app: ConsoleApp, story: Story, size: tuple[int, int] = (120, 40)) -> None:
    """Run the console in a terminal of this size and let the story press keys."""

    async def run() -> None:
        async with app.run_test(size=size):
            await story(app, PatientPilot(app))

    asyncio.run(run())


def _now(holds: Callable[[], bool]) -> bool:
    """A screen that is not composed yet is one that has not come so far."""
    try:
        return holds()
    except NoMatches:
        return False


async def until(pilot: Pilot[None], holds: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait until the screen has come so far."""
    deadline_s = time.monotonic() + within_s
    while not _now(holds):
        assert time.monotonic() < deadline_s, "the screen did not come so far"
        await pilot.pause(0.02)


def screen_text(app: ConsoleApp) -> str:
    """What stands on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line)[:width].rstrip() for line in lines[:height])
