"""The lines that wait for one sink: bounded, and when there are too many, those least worth keeping go first.

What comes in is a block of lines as a worker sent it; as long as there is room nobody looks inside.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from gateway.telemetry.shipping.losses import Losses
from gateway.telemetry.shipping.settings import QueueLimits

FULL: Final = "queue_full"
_SLOW_MS: Final = 1000.0


class Block(NamedTuple):
    """Whole lines, each with its end, and how many they are."""

    data: bytes
    lines: int


class _Worth(msgspec.Struct, gc=False):
    """The part of a line that says whether it is missed."""

    status: int = msgspec.field(default=0, name="http.response.status_code")
    reason: str = ""
    duration_ms: float = 0.0
    sample_rate: float = 1.0
    attempts: list[msgspec.Raw] = []
    event: str = ""


_decoder: Final = msgspec.json.Decoder(_Worth)


def is_expendable(line: bytes) -> bool:
    """Whether a line is of a plain success: one of many that say the same, whether it was sampled or not."""
    try:
        worth = _decoder.decode(line)
    except msgspec.DecodeError:
        return False
    if worth.event or worth.status >= 400 or worth.reason != "none":
        return False
    return worth.sample_rate < 1.0 or (len(worth.attempts) < 2 and worth.duration_ms < _SLOW_MS)


class LineQueue:
    """Blocks in the order they came. `put` is called by one thread, `take` and `done` by one other or the same.

    What was taken counts as waiting until it is done. When a block does not fit, plain successes are dropped from the
    oldest blocks on, each looked through once, then from the new one, then whole blocks from the oldest on.
    """

    def __init__(
        self, limits: QueueLimits, losses: Losses, expendable: Callable[[bytes], bool] = is_expendable
    ) -> None:
        self.limits = limits
        self._losses = losses
        self._is_expendable = expendable
        self._lock = threading.Lock()
        self._thinned: deque[Block] = deque()
        """The oldest: without plain successes already."""
        self._whole: deque[Block] = deque()
        self._lines = self._bytes = 0
        self._wake: Callable[[], None] = _nobody

    def when_filled(self, wake: Callable[[], None]) -> None:
        """Call this after each `put`, in its thread."""
        self._wake = wake

    @property
    def lines(self) -> int:
        """How many wait, those in hand included."""
        return self._lines

    @property
    def size(self) -> int:
        """Their bytes."""
        return self._bytes

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take."""
        return not self._thinned and not self._whole

    def put(self, data: bytes, lines: int) -> None:
        """Queue so many whole lines. Never waits for the sink."""
        if not lines:
            return
        with self._lock:
            block, lost = Block(data, lines), 0
            if not self._has_room(block):
                block, lost = self._make_room(block)
            if block.lines:
                self._whole.append(block)
                self._count(block, 1)
        self._losses.add(FULL, lost)
        self._wake()

    def take(self, most: QueueLimits | None = None) -> Block:
        """The oldest lines, at least one unless the queue is empty; a block at most, or else at most so many and so much."""
        with self._lock:
            if most is None:
                return self._pop() or Block(b"", 0)
            taken: list[bytes] = []
            lines = size = 0
            while not self.is_empty:
                origin = self._thinned or self._whole
                block = origin.popleft()
                if lines + block.lines <= most.lines and size + len(block.data) <= most.bytes:
                    taken.append(block.data)
                    lines, size = lines + block.lines, size + len(block.data)
                    continue
                part, rest = _split(block, most.lines - lines, most.bytes - size, at_least=0 if taken else 1)
                taken.append(part.data)
                lines, size = lines + part.lines, size + len(part.data)
                if rest.lines:
                    origin.appendleft(rest)
                break
            return Block(b"".join(taken), lines)

    def done(self, block: Block) -> None:
        """What was taken is settled, one way or the other."""
        with self._lock:
            self._count(block, -1)

    def clear(self) -> int:
        """Give up all that was not taken; how many lines."""
        with self._lock:
            lost = 0
            while (block := self._pop()) is not None:
                self._count(block, -1)
                lost += block.lines
            return lost

    def _pop(self) -> Block | None:
        if self._thinned:
            return self._thinned.popleft()
        return self._whole.popleft() if self._whole else None

    def _count(self, block: Block, sign: int) -> None:
        self._lines += sign * block.lines
        self._bytes += sign * len(block.data)

    def _has_room(self, block: Block) -> bool:
        return self._lines + block.lines <= self.limits.lines and self._bytes + len(block.data) <= self.limits.bytes

    def _make_room(self, block: Block) -> tuple[Block, int]:
        """What is left of a block that did not fit, and how many lines it and others lost."""
        lost = 0
        while self._whole and not self._has_room(block):
            oldest = self._whole.popleft()
            self._count(oldest, -1)
            thinned = self._thin(oldest)
            lost += oldest.lines - thinned.lines
            if thinned.lines:
                self._thinned.append(thinned)
                self._count(thinned, 1)
        if not self._has_room(block):
            thinned = self._thin(block)
            lost += block.lines - thinned.lines
            block = thinned
        while not self._has_room(block):
            oldest_left = self._pop()
            if oldest_left is None:
                return Block(b"", 0), lost + block.lines
            self._count(oldest_left, -1)
            lost += oldest_left.lines
        return block, lost

    def _thin(self, block: Block) -> Block:
        kept = [line for line in block.data.splitlines(keepends=True) if not self._is_expendable(line)]
        return Block(b"".join(kept), len(kept))


def _split(block: Block, lines: int, size: int, at_least: int) -> tuple[Block, Block]:
    """The first lines, no more than so many and so much but at least so many, and the rest."""
    all_lines = block.data.splitlines(keepends=True)
    end = used = 0
    for line in all_lines:
        if end >= at_least and (end >= lines or used + len(line) > size):
            break
        end, used = end + 1, used + len(line)
    first, rest = all_lines[:end], all_lines[end:]
    return Block(b"".join(first), len(first)), Block(b"".join(rest), len(rest))


def _nobody() -> None:
    """Nobody wants to be woken."""
