"""The tail of live traffic as it came: a bounded window of exchanges, and the truth about what is not in it."""

from collections import deque
from typing import Final

import msgspec

from gateway.wire.live import AccessLine, CountsEvent, LostEvent

KEPT: Final = 2_000
"""Rows; older ones are forgotten."""


class Shown(msgspec.Struct, frozen=True):
    """One exchange of the stream and how many it stands for. `number` counts from 1 within this tail."""

    number: int
    line: AccessLine
    weight: float
    text: str
    """The event as it came, for those who want all of it."""


class _Event(msgspec.Struct):
    exchange: AccessLine
    weight: float = 1.0


_decode = msgspec.json.Decoder(_Event).decode


class Tail:
    """Exchanges oldest first, for one filter."""

    def __init__(self) -> None:
        self.rows: deque[Shown] = deque(maxlen=KEPT)
        self.counts: CountsEvent | None = None
        self.before: CountsEvent | None = None
        """The counts a second earlier: with them, rates can be told."""
        self.missing = 0
        """Lost on the way here, as far as is known."""
        self._number = 0

    def add(self, data: str) -> None:
        event = _decode(data)
        self._number += 1
        self.rows.append(Shown(self._number, event.exchange, event.weight, data))

    def count(self, counts: CountsEvent) -> None:
        self.before, self.counts = self.counts, counts

    def lose(self, lost: LostEvent) -> None:
        if lost.topic == "exchanges":
            self.missing += lost.count

    def still(self) -> "Tail":
        """As it is now."""
        still = Tail()
        vars(still).update(vars(self))
        still.rows = self.rows.copy()
        return still

    def clear(self) -> None:
        self.rows.clear()
        self.counts = self.before = None
        self.missing = 0
