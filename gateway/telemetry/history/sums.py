"""The sum of a series over a window of time that moves on: what has come is added, what has gone is taken away.

To add up six hours anew takes 370 windows; to move the sum on by ten seconds takes two.
"""

from collections.abc import Iterator
from typing import Final

from gateway.telemetry.history.series import LEVELS, Series
from gateway.wire.history import WindowData

_TENS: Final = 1
_MINUTES: Final = 2
_MINUTE_S: Final = 60
_TENS_KEPT_S, _MINUTES_KEPT_S = (width_s * (keep + 2) for width_s, keep in LEVELS[_TENS:])
"""For so long a window can be read after it began (`Ring.expire`)."""


def windows_over(series: Series, start_s: int, end_s: int) -> Iterator[WindowData]:
    """What there is from start to end, both whole tens: whole minutes as one, the rest by ten seconds.

    Where the minutes had to go for want of memory, all is of ten seconds, as far back as those are kept.
    """
    head_s, tail_s = start_s + -start_s % _MINUTE_S, end_s - end_s % _MINUTE_S
    has_minutes = series.since_s[_MINUTES] <= max(head_s, series.since_s[_TENS])
    if tail_s <= head_s or not has_minutes:
        head_s = tail_s = end_s
    for level, from_s, to_s in ((_TENS, start_s, head_s), (_MINUTES, head_s, tail_s), (_TENS, tail_s, end_s)):
        if from_s < to_s:
            for _, window in series.between(level, from_s, to_s):
                yield window


class MovingSum:
    """From start to end, both whole tens and over, so that nothing more is counted into them."""

    __slots__ = ("_end_s", "_since_s", "_start_s", "total")

    def __init__(self) -> None:
        self.total = WindowData()
        self._start_s = self._end_s = 0
        self._since_s: list[int] = []
        """Of the series that was added up: another where windows of it were dropped, or it went and came back."""

    def move(self, series: Series, start_s: int, end_s: int, now_s: int) -> WindowData:
        """The total over the new span; it is the sum's own, and goes on changing."""
        if (self._start_s, self._end_s, self._since_s) == (start_s, end_s, series.since_s):
            return self.total
        if self._can_move(series, start_s, end_s, now_s):
            for window in windows_over(series, self._start_s, start_s):
                self.total.take_away(window)
            for window in windows_over(series, self._end_s, end_s):
                self.total.add(window)
        else:
            self.total = WindowData()
            for window in windows_over(series, start_s, end_s):
                self.total.add(window)
        self._start_s, self._end_s, self._since_s = start_s, end_s, series.since_s.copy()
        return self.total

    def _can_move(self, series: Series, start_s: int, end_s: int, now_s: int) -> bool:
        """Whether what is to be taken away is still there, at the resolution it was added with, and is the lesser work."""
        kept_s = _TENS_KEPT_S if self._start_s % _MINUTE_S or start_s % _MINUTE_S else _MINUTES_KEPT_S
        return (
            series.since_s == self._since_s
            and self._start_s <= start_s < self._end_s <= end_s
            and now_s - self._start_s <= kept_s
        )
