"""Values that take a while to make: in slices between which the loop does other things, and once for all who ask."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from gateway.telemetry.history.look import Look

T = TypeVar("T")

Steps: TypeAlias = Generator[None, None, T]
"""Yields where it may be interrupted, and returns the value."""

FRESH_S: Final = 1.0
_SLICE_S: Final = 0.004
_KEPT: Final = 4
"""Looks whose values are kept at once."""


async def in_slices(steps: Steps[T]) -> T:
    """The value, without holding up the loop for more than a few milliseconds at a time."""
    until_s = time.perf_counter() + _SLICE_S
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value
        if time.perf_counter() >= until_s:
            await asyncio.sleep(0)
            until_s = time.perf_counter() + _SLICE_S


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


class _Made(NamedTuple, Generic[T]):
    version: object
    until_s: float
    task: "asyncio.Task[T]"


class Shared(Generic[T]):
    """The same for what is made in slices, by look. Whoever asks while it is being made waits for that."""

    def __init__(
        self, make: Callable[[Look], Steps[T]], version: Callable[[], object], fresh_s: float = FRESH_S
    ) -> None:
        self._make = make
        self._version = version
        self._fresh_s = fresh_s
        self._made: OrderedDict[Look, _Made[T]] = OrderedDict()

    async def get(self, look: Look) -> T:
        version, now_s = self._version(), time.monotonic()
        made = self._made.get(look)
        if made is None or made.version != version or (made.task.done() and now_s >= made.until_s):
            made = _Made(version, now_s + self._fresh_s, asyncio.ensure_future(in_slices(self._make(look))))
            self._made[look] = made
            self._made.move_to_end(look)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        # Shielded: the others who wait for it do not lose it when one of them goes away.
        return await asyncio.shield(made.task)
