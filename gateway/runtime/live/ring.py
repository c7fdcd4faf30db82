"""The newest exchanges as encoded lines, split and decoded only when somebody reads: the plain ones, and the remarkable.

Failed, slow and retried exchanges have a ring of their own, so that a flood of successes cannot push them out.
"""

from collections import deque
from collections.abc import Iterator
from heapq import merge
from itertools import groupby, takewhile
from operator import itemgetter
from typing import Final, NamedTuple

RECENT_LINES: Final = 2000
REMARKABLE_LINES: Final = 1000
RING_BYTES: Final = 16 * 1024 * 1024
"""Of each ring: a line with a long path has tens of KiB."""

_RECENT: Final = 0
_REMARKABLE: Final = 1


class Position(NamedTuple):
    """Where a line is: in which arrival, in which of its two parts, and where there. Later lines compare greater."""

    arrival: int
    part: int
    line: int

    def __str__(self) -> str:
        return f"{self.arrival}.{self.part}.{self.line}"


def parse_position(text: str) -> Position:
    """The inverse of str(); raises ValueError."""
    numbers = [int(number) if number.isascii() and len(number) < 16 else -1 for number in text.split(".")]
    if len(numbers) != 3 or min(numbers) < 0:
        raise ValueError("not a position of the ring")
    return Position(*numbers)


class _Block(NamedTuple):
    arrival: int
    lines: bytes
    number: int


class _Lines:
    """Blocks of lines, of which the oldest go when there are enough lines, or too many bytes, without them."""

    def __init__(self, at_least: int, max_bytes: int) -> None:
        self._at_least = at_least
        self._max_bytes = max_bytes
        self._count = 0
        self._bytes = 0
        self.blocks: deque[_Block] = deque()
        self.has_let_go = False

    def add(self, block: _Block) -> None:
        if not block.lines:
            return
        self.blocks.append(block)
        self._count += block.number
        self._bytes += len(block.lines)
        while self._count - self.blocks[0].number >= self._at_least or (
            self._bytes > self._max_bytes and len(self.blocks) > 1
        ):
            oldest = self.blocks.popleft()
            self._count -= oldest.number
            self._bytes -= len(oldest.lines)
            self.has_let_go = True

    @property
    def oldest(self) -> bytes | None:
        """The first line of the first block."""
        return self.blocks[0].lines.split(b"\n", 1)[0] if self.blocks else None


class ExchangeRing:
    """`add` costs the same however many lines come; a line that is in both parts of an arrival is read once."""

    def __init__(
        self, recent: int = RECENT_LINES, remarkable: int = REMARKABLE_LINES, max_bytes: int = RING_BYTES
    ) -> None:
        """recent, remarkable: how many lines are kept at least, once there were so many. max_bytes: of each."""
        self._recent = _Lines(recent, max_bytes)
        self._remarkable = _Lines(remarkable, max_bytes)
        self.arrival = 0
        """Number of the last arrival."""

    def add(self, lines: bytes, count: int, remarkable: bytes) -> int:
        """What one report brought: so many whole lines, each with its end, and those that are remarkable. The arrival."""
        self.arrival += 1
        self._recent.add(_Block(self.arrival, lines, count))
        self._remarkable.add(_Block(self.arrival, remarkable, remarkable.count(b"\n")))
        return self.arrival

    def newest_first(self) -> Iterator[bytes]:
        """Lines without their ends."""
        for _, line in self.placed_newest_first():
            yield line

    def placed_newest_first(self, after: Position | None = None) -> Iterator[tuple[Position, bytes]]:
        """Lines with their places, down to those after a place."""
        blocks = merge(
            ((block.arrival, _REMARKABLE, block) for block in reversed(self._remarkable.blocks)),
            ((block.arrival, _RECENT, block) for block in reversed(self._recent.blocks)),
            reverse=True,
        )
        placed = self._split(blocks)
        return placed if after is None else takewhile(lambda line: line[0] > after, placed)

    def _split(self, blocks: Iterator[tuple[int, int, _Block]]) -> Iterator[tuple[Position, bytes]]:
        for arrival, group in groupby(blocks, itemgetter(0)):
            parts = {part: block.lines.splitlines() for _, part, block in group}
            recent = parts.get(_RECENT, [])
            remarkable = parts.get(_REMARKABLE, [])
            if recent and remarkable:
                shown = set(recent)
                remarkable = [b"" if line in shown else line for line in remarkable]
            yield from _placed(arrival, _REMARKABLE, remarkable)
            yield from _placed(arrival, _RECENT, recent)

    def reaches_back_to(self, position: Position) -> bool:
        """Whether nothing that came after this place has been let go since."""
        if not self._recent.has_let_go:
            return True
        return bool(self._recent.blocks) and self._recent.blocks[0].arrival <= position.arrival + 1

    @property
    def oldest(self) -> bytes | None:
        """The line from which on every line that came is here."""
        return self._recent.oldest

    @property
    def oldest_remarkable(self) -> bytes | None:
        return self._remarkable.oldest


def _placed(arrival: int, part: int, lines: list[bytes]) -> Iterator[tuple[Position, bytes]]:
    """From the last to the first; empty ones are left out."""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index]:
            yield Position(arrival, part, index), lines[index]
