"""Since when: where a course rises to what it is now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Final, NamedTuple

from gateway.wire.history import HistoryPointView, HistoryView

_FEWEST: Final = 4
_TOGETHER: Final = 3
_PART_OF_THE_WAY: Final = 0.35
_PAUSE_S: Final = 60.0
"""After so long without a failure they have begun anew."""
_DIPS: Final = 2
"""So many steps that are low again end what goes on."""


class Sample(NamedTuple):
    """A value of a step that began `at_s`, in Unix seconds."""

    at_s: float
    value: float


class Beginning(NamedTuple):
    """is_earlier: it was so already when knowledge begins, which is what `at_s` is then."""

    at_s: float
    is_earlier: bool


class Span(NamedTuple):
    """Of what is over, in Unix seconds."""

    began_s: float
    until_s: float


class Rise(NamedTuple):
    """`since_s` is the beginning of the step with which it began."""

    since_s: float
    before: float
    now: float


def error_ratios(points: Iterable[HistoryPointView]) -> list[Sample]:
    return [Sample(_at(point), point.error_ratio) for point in points if point.error_ratio is not None]


def p99s(points: Iterable[HistoryPointView]) -> list[Sample]:
    return [Sample(_at(point), point.p99_ms) for point in points if point.p99_ms is not None]


def _at(point: HistoryPointView) -> float:
    return datetime.fromisoformat(point.at).timestamp()


def rise(samples: Sequence[Sample], factor: float = 1.5, least: float = 0.0) -> Rise | None:
    """The newest rise that still lasts; None where the course is as it always was, as far as is told.

    samples: oldest first. factor, least: how much higher than at its calmest it has to be to count as risen.
    """
    if len(samples) < _FEWEST:
        return None
    now = median(sample.value for sample in samples[-_TOGETHER:])
    calm = min(
        median(sample.value for sample in samples[start : start + _TOGETHER])
        for start in range(len(samples) - _TOGETHER + 1)
    )
    if now <= calm * factor or now - calm <= least:
        return None
    line = calm + (now - calm) * _PART_OF_THE_WAY
    start, low = len(samples) - 1, 0
    for position in range(len(samples) - 1, -1, -1):
        low = low + 1 if samples[position].value < line else 0
        if low == _DIPS:
            break
        if not low:
            start = position
    return Rise(samples[start].at_s, calm, now)


def failing_since(course: HistoryView, now_s: float) -> Beginning | None:
    """When the failures of a course began: with its newest rise, or else with the first of those that come again and again. Of
    routes and of endpoints in the same way, so that both say the same moment; None where it has failed in no step lately."""
    ratios = error_ratios(course.points)
    risen = rise(ratios)
    if risen is not None:
        return Beginning(risen.since_s, is_earlier=False)
    began_s = streak([each.at_s for each in ratios if each.value], now_s, _PAUSE_S)
    if began_s is None:
        return None
    known_s = datetime.fromisoformat(course.complete_since).timestamp()
    return Beginning(max(began_s, known_s), is_earlier=began_s <= ratios[0].at_s)


def last_failing(course: HistoryView) -> Span | None:
    """The last time of a course in which it failed, up to the end of its last step; None where it never did."""
    failed = [point for point in course.points if point.error_ratio]
    if not failed:
        return None
    last_s = _at(failed[-1])
    began_s = streak([_at(point) for point in failed], last_s, _PAUSE_S)
    return Span(last_s if began_s is None else began_s, last_s + failed[-1].seconds)


def streak(times_s: Sequence[float], until_s: float, longest_gap_s: float = 15.0) -> float | None:
    """When what happens again and again began, of the times at which it did, oldest first; None if it is over."""
    began_s: float | None = None
    last_s = until_s
    for at_s in reversed(times_s):
        if last_s - at_s > longest_gap_s:
            break
        began_s = last_s = at_s
    return began_s
