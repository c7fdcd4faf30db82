"""Histograms fine enough for percentiles, from which the coarser ones of the exposition formats follow without any error.

An observation falls into one of the fine buckets, whose upper edges (inclusive) are all edges that anything is ever shown
with: the classic ones of the exposition, and the exponential ones of schema 4 (16 to a doubling, as Prometheus and
OpenTelemetry define them) from a microsecond to beyond an hour. So every fine bucket lies in exactly one classic and in
exactly one exponential bucket. Only buckets that counted something take room.

The cells name the bucket of a short duration without a search (38 ns; the search 140 ns, among the 25 classic edges alone it
would be 85 ns); a cell that an edge runs through says 0, and the search decides. `observe` is written out where it runs for
nearly every exchange, for a call would cost as much again.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.wire.report import HistogramDelta

EDGES_NS: Final[list[int]] = [
    round(milliseconds * 1_000_000)
    for milliseconds in (
        *(0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750),
        *(1_000, 1_500, 2_500, 5_000, 10_000, 30_000, 60_000),
    )
]
"""The classic upper edges, inclusive, the same for every duration, so that sums over routes and upstreams hold."""

LAG_EDGES_NS: Final[list[int]] = [
    round(milliseconds * 1_000_000) for milliseconds in (1, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000)
]

SEMCONV_EDGES_NS: Final[list[int]] = [
    round(milliseconds * 1_000_000)
    for milliseconds in (5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000)
]
"""Those that OpenTelemetry's conventions advise for HTTP durations."""

SCHEMA: Final = 4
"""2**SCHEMA buckets to a doubling: an edge is 4.4 % above the one before it."""
FIRST_EXPONENT: Final = -20 << SCHEMA
"""Exponential bucket i ends at 2**(i / 2**SCHEMA) seconds; the first at 0.95 us, what is shorter counts as zero."""
LAST_EXPONENT: Final = 12 << SCHEMA
"""The last one ends at 4,096 s; what is longer counts into the one after it."""


def _exponential_edge(index: int) -> int:
    """Whole nanoseconds: no duration lies between the true edge and this one."""
    return int(2.0 ** (index / (1 << SCHEMA)) * 1e9)


_EXPONENTIAL_NS: Final = [_exponential_edge(index) for index in range(FIRST_EXPONENT, LAST_EXPONENT + 1)]

FINE_EDGES_NS: Final[list[int]] = sorted({*EDGES_NS, *LAG_EDGES_NS, *SEMCONV_EDGES_NS, *_EXPONENTIAL_NS})
"""Bucket b is beyond edge b - 1 up to edge b; the last bucket, of the index after the last edge, has no end."""
LAST_BUCKET: Final = len(FINE_EDGES_NS)

CELL_SHIFT: Final = 9
CELLS_NS: Final = 1 << 23
"""Durations below it (8.4 ms) are looked up in the cells."""


def _cells() -> bytes:
    cells = bytearray()
    for start in range(0, CELLS_NS, 1 << CELL_SHIFT):
        bucket = bisect_left(FINE_EDGES_NS, start)
        cells.append(bucket if bucket == bisect_left(FINE_EDGES_NS, start + (1 << CELL_SHIFT) - 1) else 0)
    return bytes(cells)


CELLS: Final = _cells()
"""The bucket of all durations `ns` with `ns >> CELL_SHIFT` this index; 0 where they are not of one bucket. A byte each, for
the processor's caches: buckets of durations this short are below 256."""


class Histogram:
    """Counts by fine bucket and the sum of what was observed, in nanoseconds. `buckets` is the same object all its life."""

    __slots__ = ("buckets", "sum_ns")

    def __init__(self) -> None:
        self.buckets: defaultdict[int, int] = defaultdict(int)
        self.sum_ns = 0

    @property
    def count(self) -> int:
        return sum(self.buckets.values())

    def observe(self, ns: int) -> None:
        """Count one duration, not negative."""
        self.buckets[(CELLS[ns >> CELL_SHIFT] if ns < CELLS_NS else 0) or bisect_left(FINE_EDGES_NS, ns)] += 1
        self.sum_ns += ns

    def take(self) -> HistogramDelta | None:
        """What was observed since the last call, handed over and forgotten; None if nothing was."""
        taken = self.buckets
        if not taken:
            return None
        delta = HistogramDelta(self.sum_ns, taken.copy())
        taken.clear()
        self.sum_ns = 0
        return delta

    def add(self, delta: HistogramDelta) -> None:
        """Merge a delta; a bucket that this version does not know counts into the last."""
        buckets = self.buckets
        for bucket, count in delta.buckets.items():
            buckets[bucket if bucket < LAST_BUCKET else LAST_BUCKET] += count  # noqa: FURB136 - a call costs as much as the rest
        self.sum_ns += delta.sum_ns

    def add_counts(self, counts: Mapping[int, int]) -> None:
        """Merge counts of this version's buckets, without their sum."""
        buckets = self.buckets
        for bucket, count in counts.items():
            buckets[bucket] += count

    def copy(self) -> "Histogram":
        """As it is now."""
        copied = Histogram()
        copied.buckets.update(self.buckets)
        copied.sum_ns = self.sum_ns
        return copied


@lru_cache(8)
def _classic_of(edges_ns: tuple[int, ...]) -> tuple[int, ...]:
    """The classic bucket of each fine bucket."""
    return (*(bisect_left(edges_ns, edge) for edge in FINE_EDGES_NS), len(edges_ns))


def classic_counts(buckets: Mapping[int, int], edges_ns: Sequence[int] = EDGES_NS) -> list[int]:
    """Observations per classic bucket, one more than edges: the last is of those beyond all edges. Not cumulative.

    Exact for edges that are among FINE_EDGES_NS, as those of all instruments of the catalog are.
    """
    counts = [0] * (len(edges_ns) + 1)
    classic_of = _classic_of(tuple(edges_ns))
    for bucket, count in buckets.items():
        counts[classic_of[bucket]] += count
    return counts


class Exponential(NamedTuple):
    """An exponential (native) histogram in seconds, as Prometheus has it.

    Bucket i of `counts` holds what is beyond base**(i - 1) up to base**i, base being 2**(2**-schema). OpenTelemetry counts
    from the lower edge: its index is i - 1. Buckets without observations are absent. `zero_count` observations are at
    most `zero_threshold_s`.
    """

    schema: int
    zero_threshold_s: float
    zero_count: int
    counts: dict[int, int]


_EXPONENT_OF: Final = (
    0,
    *(FIRST_EXPONENT + bisect_left(_EXPONENTIAL_NS, edge) for edge in FINE_EDGES_NS[1:]),
    LAST_EXPONENT + 1,
)
"""The exponential bucket of each fine bucket but the first."""


def exponential(buckets: Mapping[int, int], schema: int = 3) -> Exponential:
    """The same observations in exponential buckets of a schema from 0 to SCHEMA.

    Exact, but that all beyond 4,096 s are in the bucket after it. Native histograms are shown with schema 3, whose
    buckets are 9 % wide.
    """
    shift = SCHEMA - schema
    counts: dict[int, int] = {}
    for bucket, count in sorted(buckets.items()):
        if bucket:
            # Rounded up: bucket i of a schema is buckets 2i - 1 and 2i of the next finer one.
            index = -(-_EXPONENT_OF[bucket] >> shift)
            counts[index] = counts.get(index, 0) + count
    return Exponential(schema, 2.0 ** (FIRST_EXPONENT >> SCHEMA), buckets.get(0, 0), counts)
