"""The windows of one series: of a second, of ten, of sixty, each made from the one before."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from gateway.telemetry.history.ring import Ring
from gateway.wire.history import SeriesKind, WindowCounts, WindowData

SeriesKey: TypeAlias = tuple[SeriesKind, str]

LEVELS: Final = ((1, 300), (10, 360), (60, 360))
"""Seconds of a window, and how many are kept: 5 minutes, an hour, 6 hours."""

_SERIES_BYTES: Final = 1_400
_BUCKET_BYTES: Final = 40
_HALF_LIFE_S: Final = 600


class Series:
    """`now` gathers the second that is running; `tens` and `minutes` what is not packed yet of the longer windows."""

    __slots__ = (
        "_active_at_s", "_activity", "_minutes", "_minutes_s", "_tens", "_tens_s", "bytes", "children", "dropped_at_s",
        "in_flight", "key", "now", "parent", "rings", "since_s",
    )  # fmt: skip

    def __init__(self, key: SeriesKey, start_s: int, parent: "Series | None" = None) -> None:
        self.key = key
        self.parent = parent
        """Whose windows are the sums of this one's and its siblings'."""
        self.children = 0
        self.now: WindowData | None = None
        self.in_flight = 0
        """At the moment; an upstream's is that of its endpoints and not kept here."""
        self.rings = [Ring(step_s, keep) for step_s, keep in LEVELS]
        self.since_s = [start_s] * len(LEVELS)
        """From when on each resolution is complete, as far as it is not simply older than what is kept."""
        self.dropped_at_s: int | None = None
        self.bytes = _SERIES_BYTES
        self._tens: WindowData | None = None
        self._tens_s = 0
        self._minutes: WindowData | None = None
        self._minutes_s = 0
        self._activity = 0.0
        self._active_at_s = start_s

    def close_second(self, second_s: int) -> None:
        """The second that `now` is about is over."""
        window, self.now = self.now, None
        if window is None:
            return
        if self.in_flight:
            window.in_flight = self.in_flight
        parent = self.parent
        if parent is not None:
            if parent.now is None:
                parent.now = WindowData()
            parent.now.add(window, is_same_time=True)
        self.bytes += self.rings[0].append(second_s, window)
        tens_s = second_s - second_s % 10
        if self._tens is None or tens_s != self._tens_s:
            self._close_tens()
            # The window is packed and counted everywhere else: it may become the longer one itself.
            self._tens, self._tens_s = window, tens_s
        else:
            self._tens.add(window)

    def activity(self, now_s: int) -> float:
        """Requests lately, those of ten minutes ago counting half."""
        return float(self._activity * 0.5 ** ((now_s - self._active_at_s) / _HALF_LIFE_S))

    def between(self, level: int, start_s: int, end_s: int) -> Iterator[tuple[int, WindowData]]:
        """Windows of a level that begin from start_s on and before end_s; what is still open is among them."""
        yield from self.rings[level].between(start_s, end_s)
        yield from self._open_between(level, start_s, end_s)

    def counts_between(self, level: int, start_s: int, end_s: int) -> Iterator[tuple[int, WindowCounts | WindowData]]:
        """The same for those who want no histograms."""
        yield from self.rings[level].counts_between(start_s, end_s)
        yield from self._open_between(level, start_s, end_s)

    def _open_between(self, level: int, start_s: int, end_s: int) -> Iterator[tuple[int, WindowData]]:
        if level == 0:
            return
        if level == 1:
            if self._tens is not None and start_s <= self._tens_s < end_s:
                yield self._tens_s, self._tens
            return
        if self._minutes is not None and start_s <= self._minutes_s < end_s:
            yield self._minutes_s, self._minutes
        minute_s = self._tens_s - self._tens_s % 60
        if self._tens is not None and start_s <= minute_s < end_s:
            yield minute_s, self._tens

    def expire(self, now_s: int) -> None:
        """Let go of what is too old; for series that nothing is added to."""
        if self._tens is not None and now_s - self._tens_s > LEVELS[1][0] * LEVELS[1][1]:
            self._close_tens()
        if self._minutes is not None and now_s - self._minutes_s > LEVELS[2][0]:
            self.rings[2].append(self._minutes_s, self._minutes)
            self._minutes = None
        for ring in self.rings:
            ring.expire(now_s)
        self._weigh()

    @property
    def is_empty(self) -> bool:
        return (
            self.now is None
            and self._tens is None
            and self._minutes is None
            and not any(self.rings)
            and not self.in_flight
        )

    def drop(self, level: int, now_s: int) -> None:
        """Let go of all windows of a level for want of memory."""
        self.rings[level].clear()
        self.since_s[level] = self.dropped_at_s = now_s
        if level == 1:
            self._close_tens()
        elif level == 2:
            self._minutes = None
        self._weigh()

    def _close_tens(self) -> None:
        window, self._tens = self._tens, None
        if window is None:
            return
        start_s = self._tens_s
        self.rings[1].append(start_s, window)
        self._activity = self.activity(start_s) + window.requests
        self._active_at_s = start_s
        minutes_s = start_s - start_s % 60
        if self._minutes is None or minutes_s != self._minutes_s:
            if self._minutes is not None:
                self.rings[2].append(self._minutes_s, self._minutes)
            self._minutes, self._minutes_s = window, minutes_s
        else:
            self._minutes.add(window)
        self.rings[0].expire(start_s)
        self.rings[1].expire(start_s)
        self.rings[2].expire(start_s)
        self._weigh()

    def _weigh(self) -> None:
        open_windows = [window for window in (self._tens, self._minutes) if window is not None]
        self.bytes = (
            _SERIES_BYTES
            + sum(ring.bytes for ring in self.rings)
            + _BUCKET_BYTES * sum(len(window.buckets) + len(window.overhead) for window in open_windows)
        )
