"""The last five minutes by the second, of the series the gateway tells of each second: what has just begun is seen here first."""

from collections import Counter, deque
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from gateway.wire.history import HistoryTickView, SeriesKind

KEPT_S: Final = 300
_MOST_SERIES: Final = 1_000
"""Those told of last are kept."""

SeriesName: TypeAlias = tuple[SeriesKind, str]
Failure: TypeAlias = tuple[str, str]
"""Source and reason, both from their closed lists."""


class Second(NamedTuple):
    """One series in one second in which it had requests. `at_s`: Unix seconds of its beginning."""

    at_s: int
    requests: int
    errors: int
    p99_ms: float | None
    failures: dict[Failure, int]


class Lately(NamedTuple):
    """Some seconds together. `seconds` is how many of them were listened to."""

    seconds: int
    requests: int
    errors: int
    failures: Counter[Failure]

    @property
    def error_ratio(self) -> float | None:
        return self.errors / self.requests if self.requests else None

    @property
    def rate(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0


class Pulse:
    """Fed with ticks in the order in which they came."""

    def __init__(self) -> None:
        self.since_s = 0
        """The first second that was heard; 0 before it."""
        self.until_s = 0
        """The end of the newest."""
        self._series: dict[SeriesName, deque[Second]] = {}

    def take(self, tick: HistoryTickView) -> None:
        at_s = int(datetime.fromisoformat(tick.at).timestamp())
        if at_s < self.until_s:  # Told again after a break, or by a gateway whose clock went back.
            return
        self.since_s = self.since_s or at_s
        self.until_s = at_s + 1
        for told in tick.series:
            point = told.point
            failures = {(each.source, each.reason): each.count for each in point.failures}
            second = Second(at_s, point.requests, point.errors, point.p99_ms, failures)
            self._series.setdefault((told.kind, told.name), deque(maxlen=KEPT_S)).append(second)
        self._forget(at_s - KEPT_S)

    def seconds(self, kind: SeriesKind, name: str, last_s: int = KEPT_S) -> list[Second]:
        """Those of the last `last_s` seconds in which something happened, oldest first."""
        start_s, found = self.until_s - last_s, list[Second]()
        for second in reversed(self._series.get((kind, name), ())):
            if second.at_s < start_s:
                break
            found.append(second)
        found.reverse()
        return found

    def lately(self, kind: SeriesKind, name: str, last_s: int) -> Lately:
        """The last so many seconds as one."""
        requests, errors, failures = 0, 0, Counter[Failure]()
        for second in self.seconds(kind, name, last_s):
            requests += second.requests
            errors += second.errors
            failures.update(second.failures)
        return Lately(min(last_s, self.until_s - self.since_s), requests, errors, failures)

    def still(self) -> "Pulse":
        """As it is now."""
        still = Pulse()
        still.since_s, still.until_s = self.since_s, self.until_s
        still._series = {key: seconds.copy() for key, seconds in self._series.items()}
        return still

    def names(self, kind: SeriesKind) -> list[str]:
        """Series of a kind that are known of."""
        return [name for each, name in self._series if each == kind]

    def _forget(self, before_s: int) -> None:
        idle = [key for key, seconds in self._series.items() if seconds[-1].at_s < before_s]
        if len(self._series) - len(idle) > _MOST_SERIES:
            by_age = sorted(self._series, key=lambda key: self._series[key][-1].at_s)
            idle = by_age[: len(self._series) - _MOST_SERIES]
        for key in idle:
            del self._series[key]
