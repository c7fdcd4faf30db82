"""Which of many exchanges a follower is shown: all remarkable ones, and of the others as many as its rate allows.

Each that is shown carries a weight, the number of exchanges it stands for. Of the plain ones that came between two
deliveries a random choice of equal chances is shown, each with the weight all / shown: whatever a follower adds up over
what it was shown is an unbiased estimate of the same sum over all, and the sum of the weights is exactly their number.
"""

from random import sample
from typing import Final, NamedTuple

from gateway.runtime.live.ring import Position

MOST_WAITING: Final = 20_000
"""Plain exchanges that wait for a choice; when there are more the choice is made at once."""


class Seen(NamedTuple):
    """An exchange that satisfies a filter. `stands_for`: exchanges with no line of their own included."""

    position: Position
    line: bytes
    stands_for: float


class Shown(NamedTuple):
    position: Position
    line: bytes
    weight: float


class Sampler:
    """One follower's choice. `rate` is in exchanges a second."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._credit = float(rate)
        self._plain: list[Seen] = []
        self._remarkable: list[Seen] = []

    def offer(self, plain: list[Seen], remarkable: list[Seen]) -> None:
        self._plain += plain
        self._remarkable += remarkable

    @property
    def is_overfull(self) -> bool:
        return len(self._plain) + len(self._remarkable) > MOST_WAITING

    def choose(self, passed_s: float) -> tuple[list[Shown], int]:
        """What to show now, in order, and how many were left out; passed_s: since the last call."""
        self._credit = min(self._credit + self._rate * passed_s, float(max(self._rate, 1)))
        shown = [Shown(*seen) for seen in self._remarkable]
        self._remarkable = []
        plain, allowed = self._plain, int(self._credit)
        if not allowed and not self.is_overfull:
            return shown, 0  # They wait: to leave all of them out would leave them out of every sum.
        self._plain = []
        total = len(plain)
        number = min(max(allowed, 1), total)
        self._credit -= number
        chosen = plain if number == total else sample(plain, number)
        shown += [Shown(seen.position, seen.line, seen.stands_for * total / number) for seen in chosen]
        shown.sort()
        return shown, total - number
