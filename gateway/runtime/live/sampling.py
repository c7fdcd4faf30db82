"""Which of many exchanges a follower is shown: all remarkable ones, and of the others as many as its rate allows.

Each that is shown carries a weight, the number of exchanges it stands for. Of the plain ones that came between two
deliveries a random choice of equal chances is shown, each with the weight all / shown: whatever a follower adds up over
what it was shown is an unbiased estimate of the same sum over all, and the sum of the weights is exactly their number.
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from random import sample
from typing import Final, NamedTuple

from gateway.runtime.live.arrival import Pool, Seen
from gateway.runtime.live.ring import Position

MOST_WAITING: Final = 20_000
"""Plain exchanges that wait for a choice; when there are more the choice is made at once."""


class Shown(NamedTuple):
    position: Position
    line: bytes
    weight: float


class Sampler:
    """The choice for all who have the same filter and rate. `rate` is in exchanges a second."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._credit = float(rate)
        self._plain: list[Pool] = []
        self._number = 0
        """Of the plain ones that wait."""
        self._remarkable: list[Seen] = []

    def offer(self, plain: Iterable[Pool], remarkable: list[Seen]) -> None:
        for pool in plain:
            self._plain.append(pool)
            self._number += len(pool)
        self._remarkable += remarkable

    @property
    def is_empty(self) -> bool:
        return not self._number and not self._remarkable

    @property
    def is_overfull(self) -> bool:
        return self._number + len(self._remarkable) > MOST_WAITING

    def choose(self, passed_s: float) -> tuple[list[Shown], int]:
        """What to show now, in order, and how many were left out; passed_s: since the last call."""
        self._credit = min(self._credit + self._rate * passed_s, float(max(self._rate, 1)))
        shown = [Shown(*seen) for seen in self._remarkable]
        self._remarkable = []
        total, allowed = self._number, int(self._credit)
        if not allowed and not self.is_overfull:
            return shown, 0  # They wait: to leave all of them out would leave them out of every sum.
        number = min(max(allowed, 1), total)
        self._credit -= number
        chosen = self._draw(number)
        shown += [Shown(seen.position, seen.line, seen.stands_for * total / number) for seen in chosen]
        shown.sort()
        return shown, total - number

    def _draw(self, number: int) -> list[Seen]:
        """So many of the plain ones; the others are forgotten, most of them without having been looked at."""
        pools, total = self._plain, self._number
        self._plain, self._number = [], 0
        ends = list(accumulate(len(pool) for pool in pools))
        chosen: list[Seen] = []
        for index in range(total) if number == total else sample(range(total), number):
            at = bisect_right(ends, index)
            chosen.append(pools[at][index - ends[at] + len(pools[at])])
        return chosen
