"""Lines about exchanges that go on: one when an exchange has been open for a while, then one now and then until it ends.

Tunnels and long streams would otherwise be seen only when they are over. Found by the walk over open exchanges that
each report makes anyway; an exchange that ends in time costs a comparison.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from gateway.model.exchange import Exchange
from gateway.model.snapshot import AccessLogSettings

START: Final = "start"
STILL_OPEN: Final = "still_open"
_MOST_AT_ONCE: Final = 500
"""The others are told of with the next report."""


class Due(NamedTuple):
    """An exchange that is to be told of. `open_ns` is for how long it has been open."""

    exchange: Exchange
    event: str
    open_ns: int


class StillOpen:
    """Knows which open exchanges were told of, and when each is to be told of again. One worker's."""

    __slots__ = ("_after_ns", "_every_ns", "_next_ns")

    def __init__(self) -> None:
        self._next_ns: dict[Exchange, int] = {}
        """By exchange, the monotonic time of its next line; of those that have had their first."""
        self.configure(AccessLogSettings())

    def configure(self, settings: AccessLogSettings) -> None:
        """What was told is remembered: no exchange starts twice."""
        self._after_ns = settings.open_after_ns
        self._every_ns = settings.open_every_ns

    def due(self, exchanges: Iterable[Exchange], now_ns: int) -> list[Due]:
        """Of all exchanges under way now, those to be told of. now_ns: monotonic."""
        known, self._next_ns = self._next_ns, {}
        found: list[Due] = []
        latest_ns = now_ns - self._after_ns
        for exchange in exchanges:
            if exchange.started_ns > latest_ns:
                continue
            next_ns = known.get(exchange)
            if (next_ns is None or now_ns >= next_ns) and len(found) < _MOST_AT_ONCE:
                event = START if next_ns is None else STILL_OPEN
                found.append(Due(exchange, event, now_ns - exchange.started_ns))
                next_ns = now_ns + self._every_ns
            if next_ns is not None:
                self._next_ns[exchange] = next_ns
        return found
