"""What a worker's reports of the last seconds say of it: how many requests it ends, and how late its loop is."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from gateway.telemetry.history.quantiles import quantiles_ns
from gateway.wire.report import HistogramDelta, Report

_RATE_S: Final = 10.0
_LAG_S: Final = 60.0
_FRESH_S: Final = 1.0
_BEATS: Final = 400
"""Reports come five times a second."""


@dataclass(frozen=True, slots=True)
class _Beat:
    at_s: float
    requests: int
    lag: HistogramDelta | None


class Pulse:
    """Of one worker process. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._beats: deque[_Beat] = deque(maxlen=_BEATS)
        self._began_s: float | None = None
        self._lag_at_s = -_FRESH_S
        self._lag_ms: float | None = None

    def take(self, report: Report, now_s: float) -> None:
        """A report that came now."""
        if not report.counted:
            return
        if self._began_s is None:
            self._began_s = now_s
        requests = sum(request.count for route in report.routes for request in route.requests)
        self._beats.append(_Beat(now_s, requests, report.loop_lag))
        while now_s - self._beats[0].at_s > _LAG_S:
            self._beats.popleft()

    def rate(self, now_s: float) -> float | None:
        """Requests per second in the last ten; None before there are two reports."""
        if self._began_s is None or now_s - self._began_s <= 0:
            return None
        # The first report is about a time that is not known, so it only says when counting began.
        since_s = max(self._began_s, now_s - _RATE_S)
        return sum(beat.requests for beat in self._beats if beat.at_s > since_s) / (now_s - since_s)

    def loop_lag_p99_ms(self, now_s: float) -> float | None:
        """Of the last minute; worked out at most once a second, however many look."""
        if now_s - self._lag_at_s >= _FRESH_S:
            self._lag_at_s, self._lag_ms = now_s, self._find_lag(now_s)
        return self._lag_ms

    def _find_lag(self, now_s: float) -> float | None:
        counts: dict[int, int] = {}
        for beat in self._beats:
            if beat.lag is not None and now_s - beat.at_s <= _LAG_S:
                for bucket, count in beat.lag.buckets.items():
                    counts[bucket] = counts.get(bucket, 0) + count
        (p99_ns,) = quantiles_ns(counts, (0.99,))
        return round(p99_ns / 1e6, 3) if p99_ns is not None else None
