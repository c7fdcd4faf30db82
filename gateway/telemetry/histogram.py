"""Histograms as the data path keeps them: a list of counts per bucket with the sum behind it, sent on as sparse deltas.

Observing is written out where it happens, `counts[bisect_left(EDGES_NS, value)] += 1; counts[SUM] += value`: a call would
cost as much again.
"""

from collections.abc import Sequence
from typing import Final

from gateway.wire.report import HistogramDelta

EDGES_NS: Final[list[int]] = [
    round(milliseconds * 1_000_000)
    for milliseconds in (
        *(0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750),
        *(1_000, 1_500, 2_500, 5_000, 10_000, 30_000, 60_000),
    )
]
"""Upper edges, inclusive, the same for every duration, so that sums over routes and upstreams hold."""

SUM: Final = len(EDGES_NS) + 1
"""Index of the sum of all observations; the bucket before it takes what lies beyond the last edge."""

LAG_EDGES_NS: Final[list[int]] = [
    round(milliseconds * 1_000_000) for milliseconds in (1, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000)
]


def new_counts(edges: Sequence[int] = EDGES_NS) -> list[int]:
    """An empty histogram: one bucket per edge, one beyond them, and the sum."""
    return [0] * (len(edges) + 2)


def take_delta(counts: list[int]) -> HistogramDelta | None:
    """What was observed since the last call, and zero the counts; None if nothing was."""
    buckets: list[int] = []
    last = len(counts) - 1
    for index in range(last):
        count = counts[index]
        if count:
            buckets += (index, count)
            counts[index] = 0
    if not buckets:
        return None
    total = counts[last]
    counts[last] = 0
    return HistogramDelta(total, tuple(buckets))


def add_delta(counts: list[int], delta: HistogramDelta) -> None:
    """Merge a delta into totals of the same edges; an index beyond them counts into the last bucket."""
    last = len(counts) - 1
    pairs = iter(delta.buckets)
    for index, count in zip(pairs, pairs, strict=False):
        counts[min(index, last - 1)] += count
    counts[last] += delta.sum_ns
