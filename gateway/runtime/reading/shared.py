"""Values that take a while to make: in slices between which the loop does other things, and once for all who ask."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf
from typing import Final, Generic, TypeAlias, TypeVar

from gateway.telemetry.history.look import Look

T = TypeVar("T")

Steps: TypeAlias = Generator[None, None, T]
"""Yields where it may be interrupted, and returns the value."""

FRESH_S: Final = 1.0
_SLICE_S: Final = 0.001
_KEPT: Final = 4
"""Looks whose values are kept at once."""
_AT_ONCE: Final = 4
"""The most that are being made: of 10,000 routes each takes tens of megabytes."""


class Slices:
    """Makes values without holding up the loop for more than a millisecond or two at a time, however many are wanted at once:
    they take turns."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def make(self, steps: Steps[T]) -> T:
        async with self._room:
            while True:
                async with self._turn:
                    until_s = time.perf_counter() + _SLICE_S
                    try:
                        while time.perf_counter() < until_s:
                            next(steps)
                    except StopIteration as end:
                        value: T = end.value
                        return value
                    # The turn goes on until the loop has come round: the others must not follow at once.
                    await asyncio.sleep(0)


class Fresh(Generic[T]):
    """A value made in a thread when it is asked for, and kept for a second, or until what it is made from is another version.

    `newest` is what `get` gave last.
    """

    def __init__(self, make: Callable[[], T], version: Callable[[], object], first: T) -> None:
        self.newest = first
        self._make = make
        self._version = version
        self._made: tuple[object, float, asyncio.Task[T]] | None = None

    async def get(self) -> T:
        version, now_s = self._version(), time.monotonic()
        if self._made is None or self._made[0] != version or now_s >= self._made[1]:
            self._made = (version, now_s + FRESH_S, asyncio.ensure_future(asyncio.to_thread(self._make)))
        self.newest = await asyncio.shield(self._made[2])
        return self.newest


@dataclass(slots=True)
class _Made(Generic[T]):
    version: object
    task: "asyncio.Task[T]"
    until_s: float = inf
    """Known when it is done."""


class Shared(Generic[T]):
    """The same for what is made in slices, by look. Whoever asks while it is being made waits for that. What takes long is
    kept for longer, so that no more than half of the time is spent on it."""

    def __init__(
        self,
        make: Callable[[Look], Steps[T]],
        version: Callable[[], object],
        slices: Slices,
        fresh_s: float = FRESH_S,
    ) -> None:
        self._make = make
        self._version = version
        self._slices = slices
        self._fresh_s = fresh_s
        self._made: OrderedDict[Look, _Made[T]] = OrderedDict()

    async def get(self, look: Look) -> T:
        version = self._version()
        made = self._made.get(look)
        if made is None or made.version != version or time.monotonic() >= made.until_s:
            made = self._made[look] = self._begin(look, version)
            self._made.move_to_end(look)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        # Shielded: the others who wait for it do not lose it when one of them goes away.
        return await asyncio.shield(made.task)

    def forget(self) -> None:
        """Let go of what is made: nobody looks any more."""
        self._made.clear()

    def _begin(self, look: Look, version: object) -> _Made[T]:
        began_s = time.monotonic()
        made = _Made(version, asyncio.ensure_future(self._slices.make(self._make(look))))

        def keep(_task: "asyncio.Task[T]") -> None:
            took_s = time.monotonic() - began_s
            made.until_s = began_s + max(self._fresh_s, 2 * took_s)

        made.task.add_done_callback(keep)
        return made
