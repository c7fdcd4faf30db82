"""What one report brought to those who follow: split and decoded once, and only as far as somebody's filter asks.

With thousands of exchanges a second nearly all lines are of plain successes. A follower who wants everything is shown a
few of them, and of the others needs no more than their number.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from gateway.runtime.live.ring import Position
from gateway.runtime.live.screen import Screen
from gateway.wire.filter import Predicate
from gateway.wire.live import AccessLine, decode_line

SURE_BYTES: Final = 128 * 1024
"""As long as a worker sends fewer copies of what is remarkable, none of them was left out."""
_SAMPLED: Final = b'"sample_rate":'
"""In lines that stand for others too. A client's text has no bare quotation mark in a line."""
_RATE: Final = re.compile(_SAMPLED + rb"(\d+(?:\.\d+)?(?:e-?\d+)?)", re.IGNORECASE)
_RECENT: Final = 0
_COPIES: Final = 1


class Seen(NamedTuple):
    """An exchange that satisfies a filter. `stands_for`: exchanges with no line of their own included."""

    position: Position
    line: bytes
    stands_for: float


class Lines(NamedTuple):
    """Of one report, each with its end: recent ones, as many as `recent_count` says, and copies of what is remarkable among them and besides.

    number: in the ring. are_sampled: whether any of them stands for others too.
    """

    number: int
    recent: bytes
    recent_count: int
    remarkable: bytes
    are_sampled: bool


class Pool(Protocol):
    """Exchanges from which some are chosen; those that are not need never be looked at."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Seen: ...


class Found(NamedTuple):
    """What satisfies a filter. estimated: exchanges that they stand for."""

    plain: list[Pool]
    always: list[Seen]
    estimated: float

    @property
    def matched(self) -> int:
        return sum(len(pool) for pool in self.plain) + len(self.always)


class Arrival:
    """One report's lines while they are looked at."""

    def __init__(self, lines: Lines, is_remarkable: Predicate) -> None:
        """is_remarkable: whether an exchange is always shown."""
        self._number, self._recent, self._count, remarkable, self._are_sampled = lines
        self._is_remarkable = is_remarkable
        self._lines: list[bytes] | None = None
        self._decoded: dict[Position, AccessLine | None] = {}
        self._is_sure = len(remarkable) <= SURE_BYTES
        self._copies = self._place(remarkable.splitlines()) if remarkable else []
        self._copied = {position.line for position, _ in self._copies if position.part == _RECENT}
        self.scanned = self._count + len(self._copies) - len(self._copied)

    @property
    def lines(self) -> list[bytes]:
        """The recent ones."""
        if self._lines is None:
            self._lines = self._recent.splitlines()
        return self._lines

    def find(self, predicate: Predicate, screen: Screen | None) -> Found:
        """What satisfies a filter."""
        plain: list[Seen] = []
        always: list[Seen] = []
        for position, line in self._candidates(screen):
            exchange = self._decode(position, line)
            if exchange is not None and predicate(exchange):
                (always if self._is_remarkable(exchange) else plain).append(_seen(position, line, exchange))
        return Found([plain], always, _estimate(plain) + _estimate(always))

    def find_all(self) -> Found:
        """What everybody is shown who has no filter. Only the copies are decoded, as long as they are all there is to find."""
        if not self._is_sure:
            return self.find(lambda _exchange: True, None)
        among = self.find(lambda _exchange: True, Screen(remarkable=True))
        copied = self._copied
        at: Sequence[int] = range(self._count)
        if copied:
            at = [index for index in at if index not in copied]
        rest: Pool = _Rest(self, at)
        estimated = float(len(at))
        if self._are_sampled:
            lines = self.lines
            rest = sampled = [Seen(self.place_of(index), lines[index], _stands_for(lines[index])) for index in at]
            estimated = _estimate(sampled)
        return Found([*among.plain, rest], among.always, among.estimated + estimated)

    def line_at(self, index: int) -> bytes:
        """A recent one. Of some hundred lines a few are asked for: looking for their ends costs less than splitting all of them."""
        if self._lines is not None:
            return self._lines[index]
        recent = self._recent
        if index * 2 < self._count:
            start = 0
            for _ in range(index):
                start = recent.find(b"\n", start) + 1
            return recent[start : recent.find(b"\n", start)]
        end = len(recent) - 1
        for _ in range(self._count - 1 - index):
            end = recent.rfind(b"\n", 0, end)
        return recent[recent.rfind(b"\n", 0, end) + 1 : end]

    def place_of(self, index: int) -> Position:
        """Of a recent line."""
        return Position(self._number, _RECENT, index)

    def _place(self, copies: list[bytes]) -> list[tuple[Position, bytes]]:
        wanted = set(copies)
        among = {line: index for index, line in enumerate(self.lines) if line in wanted}
        return [
            (self.place_of(among[line]) if line in among else Position(self._number, _COPIES, index), line)
            for index, line in enumerate(copies)
        ]

    def _candidates(self, screen: Screen | None) -> Iterator[tuple[Position, bytes]]:
        """Lines that a screen lets through, all of them without one."""
        if screen is not None and screen.remarkable and not self._is_sure:
            screen = None
        for position, line in self._copies:
            if screen is None or screen.remarkable or screen.has_needle(line):
                yield position, line
        if screen is None or screen.has_needle(self._recent):
            copied = self._copied
            for index, line in enumerate(self.lines):
                if index not in copied and (screen is None or screen.has_needle(line)):
                    yield self.place_of(index), line

    def _decode(self, position: Position, line: bytes) -> AccessLine | None:
        """None for what is no access line."""
        try:
            return self._decoded[position]
        except KeyError:
            pass
        try:
            exchange: AccessLine | None = decode_line(line)
        except msgspec.DecodeError:
            exchange = None
        self._decoded[position] = exchange
        return exchange

    def forget(self) -> None:
        """All that was decoded: nothing more is looked for, but what was found may still be chosen from."""
        self._decoded.clear()


class _Rest:
    """Plain exchanges of an arrival, by the places of their lines."""

    __slots__ = ("_arrival", "_at")

    def __init__(self, arrival: Arrival, at: Sequence[int]) -> None:
        self._arrival = arrival
        self._at = at

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, index: int, /) -> Seen:
        at = self._at[index]
        return Seen(self._arrival.place_of(at), self._arrival.line_at(at), 1.0)


def _seen(position: Position, line: bytes, exchange: AccessLine) -> Seen:
    return Seen(position, line, 1.0 / (exchange.sample_rate or 1.0))


def _estimate(seen: list[Seen]) -> float:
    return sum(one.stands_for for one in seen)


def _stands_for(line: bytes) -> float:
    """Read without decoding: there are thousands of them where only some of the exchanges have a line."""
    found = _RATE.match(line, max(line.rfind(_SAMPLED), 0))
    return 1.0 / (float(found[1]) or 1.0) if found else 1.0
