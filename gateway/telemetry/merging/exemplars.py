"""One example of what a bucket counted: the trace of a kept exchange, so that a spike leads to a request."""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from gateway.model.snapshot import Snapshot
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.histogram import EDGES_NS
from gateway.telemetry.labels import OVERFLOW, UNMATCHED, status_class
from gateway.wire.report import ExchangeRecord

Labels: TypeAlias = tuple[str, ...]
_Key: TypeAlias = tuple[str, Labels, int]
"""A family, a series of it and its classic bucket."""

MOST: Final = 10_000
"""Exemplars held; beyond them the one that was renewed longest ago goes."""
_INTERVAL_S: Final = 1.0
_SEEN_S: Final = 300.0
"""Every scraper has seen what is this old: that it goes is no loss."""

_EXCHANGES: Final = catalog.HTTP_REQUEST_DURATION.name
_ATTEMPTS: Final = catalog.UPSTREAM_DURATION.name
FAMILIES: Final = frozenset({_EXCHANGES, _ATTEMPTS})
"""Those that have exemplars."""


class Exemplar(NamedTuple):
    """An exchange or attempt of this duration, which ended at this Unix time; ids in hex digits."""

    trace_id: str
    span_id: str
    value_s: float
    at_s: float


_NONE: Final[Mapping[int, Exemplar]] = {}


class Exemplars:
    """The newest for each classic bucket, at most one a second. Written on the loop, read by scrapes in their threads.

    Only kept exchanges come here, so whoever follows an exemplar finds the trace.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of_series: dict[tuple[str, Labels], dict[int, Exemplar]] = {}
        self._renewed: dict[_Key, float] = {}
        """When each was taken, the longest ago first."""
        self._overflowing: frozenset[str] = frozenset()

    def configure(self, snapshot: Snapshot) -> None:
        """Routes beyond the limit share one label here too."""
        self._overflowing = frozenset(route.name for route in snapshot.routes[snapshot.telemetry.metrics.max_routes :])

    def take(self, records: Iterable[ExchangeRecord]) -> int:
        """Kept exchanges, oldest first; the number of exemplars that had to go for want of room before all had seen them."""
        if not records:
            return 0
        now_s, gone = self._clock(), 0
        for record in records:
            for key, span_id, times in self._observations(record):
                if now_s - self._renewed.get(key, -_INTERVAL_S) >= _INTERVAL_S:
                    began_ns, took_ns = times
                    exemplar = Exemplar(record.trace_id, span_id, took_ns / 1e9, (began_ns + took_ns) / 1e9)
                    gone += self._put(key, exemplar, now_s)
        return gone

    def of(self, instrument: Instrument, labels: Labels) -> Mapping[int, Exemplar]:
        """By index of the classic bucket; a copy."""
        found = self._of_series.get((instrument.name, labels))
        return dict(found) if found else _NONE

    def _put(self, key: _Key, exemplar: Exemplar, now_s: float) -> int:
        self._renewed.pop(key, None)
        self._renewed[key] = now_s
        name, labels, bucket = key
        self._of_series.setdefault((name, labels), {})[bucket] = exemplar
        if len(self._renewed) <= MOST:
            return 0
        name, labels, bucket = oldest = next(iter(self._renewed))
        is_lost = now_s - self._renewed.pop(oldest) < _SEEN_S
        left = self._of_series[name, labels]
        del left[bucket]
        if not left:
            del self._of_series[name, labels]
        return int(is_lost)

    def _observations(self, record: ExchangeRecord) -> Iterator[tuple[_Key, str, tuple[int, int]]]:
        """Of the exchange and its attempts: what is observed, the span it has, when it began and how long it took (nanoseconds)."""
        began_ns = record.started_at_ns
        route = record.route or UNMATCHED
        labels = (OVERFLOW if route in self._overflowing else route, status_class(record.status))
        yield _key(_EXCHANGES, labels, record.duration_ns), record.span_id, (began_ns, record.duration_ns)
        for attempt in record.attempts:
            if attempt.leased_ns >= 0 and attempt.span_id:
                ended_ns = attempt.ended_ns if attempt.ended_ns >= 0 else record.duration_ns
                took_ns = ended_ns - attempt.leased_ns
                labels = (attempt.upstream, status_class(attempt.status))
                yield _key(_ATTEMPTS, labels, took_ns), attempt.span_id, (began_ns + attempt.leased_ns, took_ns)


def _key(family: str, labels: Labels, took_ns: int) -> _Key:
    return family, labels, bisect_left(EDGES_NS, took_ns)
