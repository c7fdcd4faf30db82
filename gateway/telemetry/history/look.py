"""What somebody wants to look at: a window of time that ends now, or ended a while ago."""

from dataclasses import dataclass
from typing import Final, NamedTuple

SHORTEST_S: Final = 10
LONGEST_S: Final = 6 * 3600
MOST_STEPS: Final = 60
"""The most steps a course over the window is told in."""

_SECONDS_S: Final = 240
"""Windows of a second are kept for five minutes: for looks that begin within four, and for a while after."""
_TENS_S: Final = 3000
"""Windows of ten seconds are kept for an hour."""
_TEN: Final = 10
_MINUTE: Final = 60


class Span(NamedTuple):
    """Unix seconds. From `closed_s` on, windows of ten seconds are not over yet; `end_s` is the second that is running.

    `before_s` is where the window before it begins; `step_s` is that of its course.
    """

    before_s: int
    start_s: int
    closed_s: int
    end_s: int
    step_s: int


@dataclass(frozen=True, slots=True)
class Look:
    """`window_s`: 10 to 21,600 seconds. `at_s`: when it ends in Unix seconds; None for now, whenever that is."""

    window_s: int = 60
    at_s: int | None = None

    def span(self, now_s: int) -> Span:
        """Begins at a whole ten seconds, or at a whole minute where it reaches back far; one of the past ends at such.

        Steps are of a second for up to a minute that is not long ago, otherwise of as many whole tens or minutes as make
        60 steps at most.
        """
        end_s = now_s if self.at_s is None else min(self.at_s, now_s)
        reach_s = now_s - end_s + self.window_s
        grain_s = _grain_s(reach_s)
        start_s = end_s - self.window_s
        start_s -= start_s % grain_s
        before_s = start_s - self.window_s
        before_s -= before_s % _grain_s(now_s - before_s)
        least_s = -(-self.window_s // MOST_STEPS)
        step_s = 1 if least_s == 1 and reach_s <= _SECONDS_S else least_s + -least_s % grain_s
        if end_s == now_s:
            return Span(before_s, start_s, end_s - end_s % _TEN, end_s, step_s)
        end_s = max(end_s - end_s % grain_s, start_s + grain_s)
        return Span(before_s, start_s, end_s, end_s, step_s)


def _grain_s(reach_s: int) -> int:
    return _TEN if reach_s <= _TENS_S else _MINUTE


NOW: Final = Look()
"""The last minute: what is shown where nobody says otherwise."""
