"""Percentiles from fine histograms."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

from gateway.telemetry.histogram import FINE_EDGES_NS, LAST_BUCKET

RATIOS: Final = (0.5, 0.95, 0.99, 0.999)

_ROUNDING: Final = 1e-6
"""0.999 times a whole number may come out a little too large, and the rank must not be the next one for that."""


def quantiles_ns(buckets: Mapping[int, int], ratios: Sequence[float] = RATIOS) -> list[float | None]:
    """For each ratio, in rising order, the duration that this share of the observations does not exceed; None of none.

    Within a bucket observations are taken to lie evenly on a logarithmic scale, as Prometheus takes those of a native
    histogram. Both the true quantile and the answer are in the same bucket, and buckets are at most 4.4 % wide: no answer
    is further off than that, whatever the distribution. (Below a microsecond all is one bucket; beyond 4,096 s the answer
    is that.)
    """
    if not buckets:
        return [None] * len(ratios)
    ordered = sorted(buckets)
    counts = [buckets[bucket] for bucket in ordered]
    up_to = list(accumulate(counts))
    total = up_to[-1]
    if not total:
        return [None] * len(ratios)
    answers: list[float | None] = []
    for ratio in ratios:
        rank = ratio * total
        place = bisect_left(up_to, rank - _ROUNDING)
        below = up_to[place] - counts[place]
        answers.append(_within(ordered[place], (rank - below) / counts[place]))
    return answers


def _within(bucket: int, share: float) -> float:
    """The place in a bucket that so much of it lies below."""
    share = min(max(share, 0.0), 1.0)
    if bucket == 0:
        return FINE_EDGES_NS[0] * share
    if bucket >= LAST_BUCKET:
        return float(FINE_EDGES_NS[-1])
    lower, upper = FINE_EDGES_NS[bucket - 1], FINE_EDGES_NS[bucket]
    return float(lower * (upper / lower) ** share)
