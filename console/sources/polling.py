"""Readings that are asked again and again, each at its own pace. One that fails, or is slow, holds up no other."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from console.sources.admin import DENIED, Admin, NotHeard
from console.sources.decoding import decode_gently
from console.state.messages import Answered, Failed
from console.state.reading import AnyReading

Tell = Callable[[Answered | Failed], None]

_TURN_S: Final = 0.1
_SLOWEST_S: Final = 15.0
_DENIED_S: Final = 30.0
"""A refusal for want of a token does not change from one second to the next."""
_AT_ONCE: Final = 6
_OK: Final = 200


class Polling:
    """`want` says what, `run` does it. Nothing is asked while `is_held`."""

    def __init__(self, admin: Admin, tell: Tell) -> None:
        self._admin = admin
        self._tell = tell
        self._due_s: dict[AnyReading, float] = {}
        """By the monotonic clock; infinite for what is asked once and was answered."""
        self._once: set[AnyReading] = set()
        """What the source itself wants to know, until it does."""
        self._failures: dict[AnyReading, int] = {}
        self._running: set[AnyReading] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._wake = asyncio.Event()
        self.slowness = 1.0
        self.is_held = False

    def want(self, readings: Iterable[AnyReading]) -> None:
        """All that is asked from now on; what is not known yet is asked at once."""
        self._due_s = {reading: self._due_s.get(reading, 0.0) for reading in readings}
        self._failures = {reading: count for reading, count in self._failures.items() if reading in self._due_s}
        self._wake.set()

    def want_once(self, *readings: AnyReading) -> None:
        """Besides, until each has been answered."""
        self._once.update(readings)
        self._wake.set()

    def refetch(self) -> None:
        """All of it again, now."""
        self._due_s = dict.fromkeys(self._due_s, 0.0)
        self._failures.clear()
        self._wake.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                if not self.is_held:
                    for reading in self._due():
                        self._running.add(reading)
                        tasks.create_task(self._read(reading))
                try:
                    async with asyncio.timeout(_TURN_S):
                        await self._wake.wait()
                except TimeoutError:
                    pass

    def _due(self) -> list[AnyReading]:
        now_s = time.monotonic()
        due = [reading for reading, due_s in self._due_s.items() if due_s <= now_s]
        due += [reading for reading in self._once if reading not in self._due_s]
        return [reading for reading in due if reading not in self._running]

    async def _read(self, reading: AnyReading) -> None:
        began_s = time.monotonic()
        try:
            async with self._slots:
                answer = await self._admin.call("GET", reading.target, dict(reading.query))
            if answer.status != _OK:
                self._failed(reading, answer.status, answer.problem)
                return
            view = await decode_gently(answer.body, reading.view)
            self._answered(reading, began_s)
            self._tell(Answered(reading, view, answer.body))
        except NotHeard as problem:
            self._failed(reading, 0, str(problem))
        except msgspec.DecodeError as error:
            self._failed(reading, 0, f"the answer is not what this console knows: {error}")
        finally:
            self._running.discard(reading)

    def _answered(self, reading: AnyReading, began_s: float) -> None:
        self._once.discard(reading)
        self._failures.pop(reading, None)
        if reading in self._due_s:
            every_s = reading.every_s * self.slowness
            self._due_s[reading] = began_s + every_s if every_s else float("inf")

    def _failed(self, reading: AnyReading, status: int, problem: str) -> None:
        """Asked again later and later: whoever cannot answer is not helped by more questions."""
        failures = self._failures[reading] = self._failures.get(reading, 0) + 1
        pause_s = max(reading.every_s, 1.0) * self.slowness * 2.0 ** min(failures - 1, 4)
        if reading in self._due_s:
            self._due_s[reading] = time.monotonic() + (_DENIED_S if status in DENIED else min(pause_s, _SLOWEST_S))
        else:
            self._once.discard(reading)
        self._tell(Failed(reading, status, problem))
