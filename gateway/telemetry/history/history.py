"""The recent past as it is asked for: any series over any time the windows reach, in steps or as one."""

from heapq import nlargest
from typing import Final

from gateway.telemetry.history.gathering import Gathering
from gateway.telemetry.history.points import point_view, recent_view, time_text
from gateway.telemetry.history.series import LEVELS, Series, SeriesKey
from gateway.wire.history import (
    HistoryPointView,
    HistoryTickView,
    HistoryView,
    RecentView,
    SeriesKind,
    SeriesPointView,
    WindowData,
)

_RECENT_S: Final = 60
_TENS: Final = 1

TICK_KINDS: Final[tuple[SeriesKind, ...]] = ("gateway", "route", "upstream")
TICK_SERIES: Final = 100


class NotKept(ValueError):  # noqa: N818 - the name says what is the case
    """The gateway has no windows as fine as the step for so long ago; `str()` is a sentence for whoever asked."""


class History(Gathering):
    """Reads give what is there, without waiting: a series that had no requests reads as zeros."""

    def find(self, key: SeriesKey) -> Series | None:
        """None for a series of which nothing is known: it never had a request, or is long idle."""
        return self._shelf.series.get(key)

    def read(self, key: SeriesKey, start_s: int, end_s: int, step_s: int) -> HistoryView:
        """A series from start to end, in Unix seconds, both taken back to whole steps. Raises NotKept.

        An end that is not over is taken back to the second that is running; then the last step is shorter.
        """
        now_s = self.now_s
        if step_s < 1 or end_s <= start_s or start_s >= now_s:
            raise NotKept("expected a step of at least a second, and a time that has begun")
        start_s -= start_s % step_s
        end_s = now_s if end_s >= now_s else end_s - end_s % step_s
        if end_s <= start_s:
            raise NotKept("expected a time of at least one step")
        series = self.find(key)
        level = self._level_for(series, start_s, step_s)
        windows = self.windows(key, level, start_s, end_s, step_s)
        starts = range(start_s, end_s, step_s)
        total = WindowData()
        for window in windows.values():
            total.add(window)
        since_s = self.complete_since(series, level)
        return HistoryView(
            kind=key[0],
            name=key[1],
            start=time_text(start_s),
            end=time_text(end_s),
            step_s=step_s,
            resolution_s=LEVELS[level][0],
            complete_since=time_text(since_s),
            is_complete=since_s <= start_s,
            dropped_at=time_text(series.dropped_at_s) if series and series.dropped_at_s is not None else None,
            total=point_view(total, start_s, self.known_seconds(start_s, end_s)),
            points=[point_view(windows.get(at_s, _NOTHING), at_s, min(step_s, end_s - at_s)) for at_s in starts],
        )

    def windows(self, key: SeriesKey, level: int, start_s: int, end_s: int, step_s: int) -> dict[int, WindowData]:
        """By the start of the step they are in; steps in which nothing happened are absent. Fit to be sent and added up."""
        merged: dict[int, WindowData] = {}
        series = self._shelf.series.get(key)
        if series is None:
            return merged
        for at_s, window in series.between(level, start_s, end_s):
            merged.setdefault(at_s - at_s % step_s, WindowData()).add(window)
        return merged

    def summary(self, key: SeriesKey, start_s: int, end_s: int) -> HistoryPointView:
        """One point from start to end in Unix seconds, of the finest windows that reach back so far.

        The ends are moved inwards to whole windows, so that nothing from outside is counted: `at` and `seconds` say what
        was counted in fact, and `seconds` is 0 if there is no whole window.
        """
        now_s = self.now_s
        series = self.find(key)
        since = [self.complete_since(series, level) for level in range(len(LEVELS))]
        start_s = max(start_s, min(since))
        level = next(level for level in range(len(LEVELS)) if since[level] <= start_s)
        width_s = LEVELS[level][0]
        start_s += -start_s % width_s
        end_s = min(end_s, now_s)
        end_s -= end_s % width_s
        total = WindowData()
        if end_s > start_s and series is not None:
            for _, window in series.between(level, start_s, end_s):
                total.add(window)
        return point_view(total, start_s, max(0, end_s - start_s))

    def recent(self, key: SeriesKey) -> RecentView:
        """The last 60 seconds and up to ten more: made of a few windows only, for there may be thousands of series."""
        now_s = self.now_s
        start_s = now_s - _RECENT_S
        start_s -= start_s % LEVELS[_TENS][0]
        total, series = WindowData(), self.find(key)
        if series is not None:
            for _, window in series.between(_TENS, start_s, now_s):
                total.add(window)
        return recent_view(total, self.known_seconds(start_s, now_s))

    def latest(self, kinds: tuple[SeriesKind, ...] = TICK_KINDS, most: int = TICK_SERIES) -> HistoryTickView:
        """The last second that is over, of the series of these kinds in which something happened, the busiest first."""
        now_s = self.now_s
        windows = [
            (key, window)
            for key, series in self._shelf.series.items()
            if key[0] in kinds
            for _, window in series.between(0, now_s - 1, now_s)
        ]
        busiest = nlargest(most, windows, key=lambda told: told[1].requests)
        return HistoryTickView(
            at=time_text(now_s - 1),
            series=[
                SeriesPointView(kind=kind, name=name, point=point_view(window, now_s - 1, 1))
                for (kind, name), window in busiest
            ],
            left_out=len(windows) - len(busiest),
        )

    def _level_for(self, series: Series | None, start_s: int, step_s: int) -> int:
        """Windows to make steps of: those that reach back furthest, if not to the start; of these the widest.

        Raises NotKept.
        """
        now_s = self._second
        fitting = [level for level, (width_s, _) in enumerate(LEVELS) if step_s % width_s == 0]
        kept = [level for level in fitting if LEVELS[level][0] * LEVELS[level][1] >= now_s - start_s - step_s]
        if not kept:
            longest_s = max(LEVELS[level][0] * LEVELS[level][1] for level in fitting)
            raise NotKept(
                f"steps of {step_s} s are kept for {longest_s} s; steps of a second are kept for 5 minutes, "
                "of multiples of 10 s for an hour, of multiples of 60 s for 6 hours"
            )
        return min(kept, key=lambda level: (max(start_s, self.complete_since(series, level)), -level))

    def complete_since(self, series: Series | None, level: int) -> int:
        """From when on the windows of a level are all there. A ring keeps one more, so that steps which began earlier are
        whole."""
        width_s, keep = LEVELS[level]
        since_s = series.since_s[level] if series is not None else self._shelf.known_since_s
        return max(since_s, self._second - width_s * (keep + 1))

    def known_seconds(self, start_s: int, end_s: int) -> int:
        """How many of these seconds the gateway was there."""
        return max(0, end_s - max(start_s, self.started_s))


_NOTHING: Final = WindowData()
