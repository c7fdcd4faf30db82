"""The figures of a series for whoever looks at it: of a window, of the one before, and how its rate went.

Reads remember their sums from one look to the next, so that a long window costs no more than a short one while somebody
goes on looking.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from gateway.telemetry.history.history import History
from gateway.telemetry.history.look import MOST_STEPS, Look, Span
from gateway.telemetry.history.points import recent_view
from gateway.telemetry.history.quantiles import quantiles_ns
from gateway.telemetry.history.series import LEVELS, Series, SeriesKey
from gateway.telemetry.history.sums import MovingSum
from gateway.wire.history import RecentView, SparksView, WindowData

_LOOKS: Final = 3
_SERIES: Final = 1500
"""Sums are remembered for the windows that were looked at last, and for so many series of each: about 10 KiB a series. The
others are added up anew each time."""

_TENS: Final = 1
_MINUTES: Final = 2
_MS: Final = 1e6


@dataclass(frozen=True, slots=True)
class SeriesFigures:
    """`previous` is None where nothing is known of the time before the window."""

    recent: RecentView
    previous: RecentView | None
    spark: list[float]
    """Requests a second in equal steps that are over, the oldest first."""


@dataclass(slots=True)
class _Seen:
    """What is remembered of one series under one look."""

    now: MovingSum = field(default_factory=MovingSum)
    before: MovingSum = field(default_factory=MovingSum)
    previous: RecentView | None = None
    previous_s: int = 0
    """The start of the window that `previous` lies before."""
    spark: list[float] = field(default_factory=list)
    spark_s: tuple[int, int] = (0, 0)


class Figures:
    """Used from one thread. Nothing is kept up to date while nobody looks."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._seen: OrderedDict[Look, dict[SeriesKey, _Seen]] = OrderedDict()

    def of(self, key: SeriesKey, look: Look) -> SeriesFigures:
        """Some 50 us for a series that is busy, a millisecond where its sums are not remembered."""
        span = look.span(self._history.now_s)
        series = self._history.find(key)
        if series is None:
            known_s, before_s = self._known(None, span.start_s, span.end_s), self._known_before(None, span)
            return SeriesFigures(
                RecentView(seconds=known_s),
                RecentView(seconds=before_s) if before_s else None,
                [0.0] * len(_steps(span)),
            )
        seen = self._remembered(key, look)
        total = _total(seen, series, span)
        recent = recent_view(total, self._known(series, span.start_s, span.end_s))
        if seen.previous_s != span.start_s:
            seen.previous, seen.previous_s = self._previous(seen, series, span), span.start_s
        return SeriesFigures(recent, seen.previous, _spark(seen, series, span))

    def total(self, key: SeriesKey, look: Look) -> WindowData:
        """Everything of the window added up, for whoever wants more than the figures."""
        series = self._history.find(key)
        if series is None:
            return WindowData()
        return _total(self._remembered(key, look), series, look.span(self._history.now_s)).copy()

    def sparks(self, key: SeriesKey, look: Look) -> SparksView:
        """The courses of rate, errors and p99: a millisecond or a few."""
        span = look.span(self._history.now_s)
        series = self._history.find(key)
        steps = _steps(span)
        merged: dict[int, WindowData] = {}
        if series is not None and steps:
            for at_s, window in series.between(_level_of(series, steps), steps.start, steps.stop):
                merged.setdefault(at_s - at_s % span.step_s, WindowData()).add(window)
        windows = [merged.get(at_s, _NOTHING) for at_s in steps]
        p99s = [quantiles_ns(window.buckets, (0.99,))[0] for window in windows]
        return SparksView(
            step_s=span.step_s,
            rate=[round(window.requests / span.step_s, 3) for window in windows],
            error_ratio=[round(each.errors / each.requests, 6) if each.requests else None for each in windows],
            p99_ms=[None if p99 is None else round(p99 / _MS, 3) for p99 in p99s],
        )

    def forget(self) -> None:
        """Let go of all sums: nobody looks any more."""
        self._seen.clear()

    def _remembered(self, key: SeriesKey, look: Look) -> _Seen:
        if look.at_s is not None:
            return _Seen()
        seen = self._seen.get(look)
        if seen is None:
            seen = self._seen[look] = {}
            if len(self._seen) > _LOOKS:
                self._seen.popitem(last=False)
        self._seen.move_to_end(look)
        found = seen.get(key)
        if found is None:
            found = _Seen()
            if len(seen) < _SERIES:
                seen[key] = found
        return found

    def _previous(self, seen: _Seen, series: Series, span: Span) -> RecentView | None:
        known_s = self._known_before(series, span)
        if not known_s:
            return None
        return recent_view(seen.before.move(series, span.before_s, span.start_s, span.end_s), known_s)

    def _known_before(self, series: Series | None, span: Span) -> int:
        """0 for less than half: a moment is nothing to compare with."""
        known_s = self._known(series, span.before_s, span.start_s)
        return known_s if 2 * known_s >= span.start_s - span.before_s else 0

    def _known(self, series: Series | None, start_s: int, end_s: int) -> int:
        """Of how many of these seconds anything is known."""
        levels = (_TENS, _MINUTES)
        since_s = min(self._history.complete_since(series, level) for level in levels)
        return self._history.known_seconds(max(start_s, since_s), end_s)


def _total(seen: _Seen, series: Series, span: Span) -> WindowData:
    """What is over, and what there is of the ten seconds that are not."""
    total = seen.now.move(series, span.start_s, span.closed_s, span.end_s)
    if span.end_s > span.closed_s:
        for _, window in series.between(_TENS, span.closed_s, span.end_s):
            total = total.copy()
            total.add(window)
    return total


def _steps(span: Span) -> range:
    """The steps that are over, by their starts."""
    step_s = span.step_s
    end_s = span.end_s if step_s == 1 else span.closed_s - span.closed_s % step_s
    first_s = span.start_s + -span.start_s % step_s
    return range(max(first_s, end_s - MOST_STEPS * step_s), max(first_s, end_s), step_s)


def _spark(seen: _Seen, series: Series, span: Span) -> list[float]:
    """Steps that are over stay as they are; only what is new is looked up."""
    steps = _steps(span)
    before_s, until_s = seen.spark_s
    if before_s <= steps.start < until_s <= steps.stop:
        seen.spark = seen.spark[(steps.start - before_s) // span.step_s :]
        seen.spark += _rates(series, range(until_s, steps.stop, span.step_s))
    else:
        seen.spark = _rates(series, steps)
    seen.spark_s = (steps.start, steps.stop)
    return seen.spark


def _rates(series: Series, steps: range) -> list[float]:
    requests = dict.fromkeys(steps, 0)
    if steps:
        for at_s, window in series.counts_between(_level_of(series, steps), steps.start, steps.stop):
            requests[at_s - at_s % steps.step] += window.requests
    return [round(count / steps.step, 3) for count in requests.values()]


def _level_of(series: Series, steps: range) -> int:
    """The widest windows that steps can be made of, of those that reach back to the first if any do."""
    fitting = [level for level, (width_s, _) in enumerate(LEVELS) if steps.step % width_s == 0]
    return max(fitting, key=lambda level: (series.since_s[level] <= steps.start, level))


_NOTHING: Final = WindowData()
