"""All series there are, what they weigh, and which windows go when they weigh too much."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from gateway.telemetry.history.series import LEVELS, Series, SeriesKey

GATEWAY: Final[SeriesKey] = ("gateway", "")

_SWEPT_AT_ONCE: Final = 200
_KEPT_RATIO: Final = 0.9
"""What is left when memory had to be freed: not so little less that it has to be done again at once."""


class Shelf:
    """Series by kind and name. `limit` is the most bytes their windows may take; the gateway's own never go."""

    def __init__(self, limit: int, now_s: int) -> None:
        self.limit = limit
        self.known_since_s = now_s
        """From when on a series that is not here had no requests."""
        self.gateway = Series(GATEWAY, now_s)
        self.series: dict[SeriesKey, Series] = {GATEWAY: self.gateway}
        self.bytes = self.gateway.bytes
        self._sweep: Iterator[SeriesKey] = iter(())

    def add(self, key: SeriesKey, parent: Series | None = None) -> Series:
        """A series that was not here yet. What happened to it before is known: nothing."""
        series = self.series[key] = Series(key, self.known_since_s, parent)
        self.bytes += series.bytes
        if parent is not None:
            parent.children += 1
        return series

    def close_second(self, series: Series, second_s: int) -> None:
        """The second that the series gathered is over."""
        before = series.bytes
        series.close_second(second_s)
        self.bytes += series.bytes - before

    def sweep(self, now_s: int) -> None:
        """Look after some of the series in turn: what is too old in those that are idle, and what all weigh."""
        looked_at = 0
        for key in islice(self._sweep, _SWEPT_AT_ONCE):
            looked_at += 1
            series = self.series.get(key)
            if series is None:
                continue
            before = series.bytes
            series.expire(now_s)
            self.bytes += series.bytes - before
            if series.is_empty:
                self._remove(series)
        if not looked_at:
            self._sweep = iter(list(self.series))
        if self.bytes > self.limit:
            self._free(now_s)

    def _remove(self, series: Series) -> bool:
        if series is self.gateway or series.children or series.now is not None:
            return False
        del self.series[series.key]
        self.bytes -= series.bytes
        if series.parent is not None:
            series.parent.children -= 1
        return True

    def _free(self, now_s: int) -> None:
        """The longest windows go first, those of the quietest series before others; at the end whole series."""
        goal = int(self.limit * _KEPT_RATIO)
        quietest = sorted(self.series.values(), key=lambda series: series.activity(now_s))
        for level in reversed(range(len(LEVELS))):
            for series in quietest:
                if self.bytes <= goal:
                    return
                if series is not self.gateway and series.rings[level]:
                    before = series.bytes
                    series.drop(level, now_s)
                    self.bytes += series.bytes - before
        for series in quietest:
            if self.bytes <= goal:
                return
            if self._remove(series):
                self.known_since_s = now_s
