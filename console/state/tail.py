"""The tail of live traffic as it came: a bounded window of exchanges, and the truth about what is not in it."""

from collections import deque
from typing import Final, NamedTuple

import msgspec

from console.state.times import checked
from gateway.wire.live import AccessLine, CountsEvent, HelloEvent, LostEvent

KEPT: Final = 2_000
"""Rows; older ones are forgotten."""
_RATES_OVER: Final = 5
"""Counts come once a second; rates are told over so many of them, so that they can be read."""


class Shown(msgspec.Struct, frozen=True):
    """One exchange of the stream and how many it stands for. `number` counts from 1 within this console."""

    number: int
    line: AccessLine
    weight: float
    text: str
    """The event as it came, for those who want all of it."""
    at_s: float = 0.0
    """When it came."""
    is_replay: bool = False
    """It ended before the tail began, and says nothing about rates."""


class TailRates(NamedTuple):
    """Exchanges a second: looked at, those that match, those shown of them, and those that were shown to nobody for slowness."""

    scanned: float
    matched: float
    shown: float
    lost: float


class _Event(msgspec.Struct):
    exchange: AccessLine
    weight: float = 1.0
    replay: bool = False


class _Counted(NamedTuple):
    at_s: float
    counts: CountsEvent


_decode = msgspec.json.Decoder(_Event).decode


class Tail:
    """Exchanges oldest first, for one filter."""

    def __init__(self) -> None:
        self.rows: deque[Shown] = deque(maxlen=KEPT)
        self.filter: str | None = None
        """As the gateway understood it; None before it has said so."""
        self.began_s = 0.0
        self.missing = 0
        """Lost on the way here, as far as is known."""
        self._epoch = ""
        self._number = 0
        self._is_renewed = False
        self._counted: deque[_Counted] = deque(maxlen=_RATES_OVER + 1)

    @property
    def counts(self) -> CountsEvent | None:
        """The newest, of the stream that runs."""
        return self._counted[-1].counts if self._counted else None

    @property
    def newest(self) -> int:
        """Number of the exchange that came last; 0 before the first."""
        return self._number

    def begin(self, hello: HelloEvent, at_s: float) -> None:
        """A stream has begun. Rows of the same filter and gateway stay: it goes on behind them."""
        self._counted.clear()
        if self._is_renewed or (hello.filter, hello.epoch) != (self.filter, self._epoch):
            self.rows.clear()
            self.missing, self._is_renewed = 0, False
            self.filter, self._epoch, self.began_s = hello.filter, hello.epoch, at_s

    def add(self, data: str, at_s: float) -> None:
        event = checked(_decode(data))
        self._number += 1
        self.rows.append(Shown(self._number, event.exchange, event.weight, data, at_s, event.replay))

    def count(self, counts: CountsEvent, at_s: float) -> None:
        self._counted.append(_Counted(at_s, counts))

    def lose(self, lost: LostEvent) -> None:
        if lost.topic == "exchanges":
            self.missing += lost.count

    def still(self) -> "Tail":
        """As it is now."""
        still = Tail()
        vars(still).update(vars(self))
        still.rows, still._counted = self.rows.copy(), self._counted.copy()
        return still

    def renew(self) -> None:
        """What comes next is another stream. The rows stay until it begins."""
        self._is_renewed = True

    def rates(self) -> TailRates | None:
        """Over the last seconds; None before two counts have come."""
        if len(self._counted) < 2:
            return None
        (began_s, old), (ended_s, new) = self._counted[0], self._counted[-1]
        seconds = ended_s - began_s
        if seconds <= 0:
            return None
        return TailRates(
            (new.scanned - old.scanned) / seconds,
            (new.estimated - old.estimated) / seconds,
            (new.shown - old.shown) / seconds,
            (new.lost - old.lost) / seconds,
        )
