"""One who follows the stream: what waits for them, in bounds, what was shown and what they were too slow for."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from prometheus_client import Counter

from gateway.admin.state import Wanted
from gateway.runtime.live.events import HEARTBEAT, encode, event, write_id
from gateway.runtime.live.ring import Position
from gateway.runtime.live.sampling import Shown
from gateway.wire.filter import Predicate, render
from gateway.wire.live import VERSION, CountsEvent, HelloEvent, LostEvent

QUEUE_EVENTS: Final = 2048
QUEUE_BYTES: Final = 2 * 1024 * 1024


class _Waiting(NamedTuple):
    data: bytes
    weight: float
    """Of an exchange; 0 of anything else."""


class Follower:
    """Implements gateway.admin.state.Following. Filled by the stream, emptied by whoever holds the connection."""

    def __init__(self, wanted: Wanted, predicate: Predicate, epoch: str, counter: Counter) -> None:
        self.wanted = wanted
        self.predicate = predicate
        self.filter = render(wanted.filter)
        self.places: dict[str, str] = {}
        """How far each topic has been told."""
        self.resumable: dict[str, str] = {}
        """The same of those that can be taken up again, as it goes into the ids."""
        self.due_s: dict[str, float] = {}
        self.matched = self.scanned = 0
        self.estimated = 0.0
        self.is_closed = False
        self.on_end: Callable[[Follower], None] | None = None
        self._epoch = epoch
        self._counter = counter
        self._shown = self._sampled_out = self._lost = 0
        self._lost_weight = 0.0
        self._lost_told = 0
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._told_to = Position(0, 0, 0)
        self._wake = asyncio.Event()
        self._counted: tuple[int, int, int] = (0, 0, 0)
        self.tell("hello", encode(HelloEvent(VERSION, wanted.topics, self.filter, wanted.rate, epoch)))

    def tell(self, name: str, data: bytes, weight: float = 0.0) -> None:
        """Queue an event; the oldest goes where there is no room, and is counted if it was an exchange."""
        encoded = event(name, data, write_id(self._epoch, self.resumable) if self.resumable else "")
        self._waiting.append(_Waiting(encoded, weight))
        self._bytes += len(encoded)
        while len(self._waiting) > QUEUE_EVENTS or (self._bytes > QUEUE_BYTES and len(self._waiting) > 1):
            dropped = self._waiting.popleft()
            self._bytes -= len(dropped.data)
            if dropped.weight:
                self._lost += 1
                self._lost_weight += dropped.weight
        self._wake.set()

    def show(self, shown: list[Shown], sampled_out: int, *, is_replay: bool = False) -> None:
        """Exchanges that were chosen for this follower, and how many were not. What is replayed is not counted."""
        self._sampled_out += sampled_out
        if len(shown) > QUEUE_EVENTS:
            shown = self._give_up(shown, len(shown) - QUEUE_EVENTS, is_replay=is_replay)
        replay = b',"replay":true' if is_replay else b""
        for position, line, weight in shown:
            if position > self._told_to:
                self._told_to = position
                self.resumable["exchanges"] = str(position)
            data = b'{"weight":%.6g%b,"exchange":%b}' % (weight, replay, line)
            self.tell("exchange", data, 0.0 if is_replay else weight)

    def _give_up(self, shown: list[Shown], number: int, *, is_replay: bool) -> list[Shown]:
        """Count the oldest as lost, which would be pushed out by the others in any case: thousands need not be written for that.
        The others."""
        if not is_replay:
            self._lost += number
            self._lost_weight += sum(weight for _, _, weight in shown[:number])
        return shown[number:]

    def count(self) -> None:
        """Tell how much was looked at, shown and not shown since the beginning."""
        self._add_to_metrics()
        counts = CountsEvent(
            scanned=self.scanned,
            matched=self.matched,
            estimated=round(self.estimated, 3),
            shown=self._shown,
            sampled_out=self._sampled_out,
            lost=self._lost,
            lost_weight=round(self._lost_weight, 3),
        )
        self.tell("counts", encode(counts))

    async def read(self, wait_s: float) -> bytes:
        """All that waits, once there is something; a comment if nothing comes for so long; nothing at the end."""
        if not self._waiting and not self.is_closed:
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                return HEARTBEAT
        self._wake.clear()
        taken, self._waiting, self._bytes = self._waiting, deque(), 0
        self._shown += sum(1 for waiting in taken if waiting.weight)
        data = b"".join([waiting.data for waiting in taken])
        if self._lost > self._lost_told:
            lost = LostEvent(topic="exchanges", why="slow", count=self._lost - self._lost_told)
            self._lost_told = self._lost
            data = event("lost", encode(lost)) + data
        return data

    def end(self) -> None:
        """Nothing more comes; what waits can still be read."""
        if not self.is_closed:
            self.tell("bye", b"{}")
            self.is_closed = True
            self._add_to_metrics()
            self._wake.set()
            if self.on_end is not None:
                self.on_end(self)

    def _add_to_metrics(self) -> None:
        now = (self._shown, self._sampled_out, self._lost)
        for result, after, before in zip(("shown", "sampled_out", "lost"), now, self._counted, strict=True):
            self._counter.labels(result).inc(after - before)
        self._counted = now
