"""Fine buckets: cells agree with the search, deltas add up, and both kinds of coarser histograms are exact."""

import math
from bisect import bisect_left
from fractions import Fraction
from itertools import pairwise

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.telemetry import catalog
from gateway.telemetry.histogram import (
    CELL_SHIFT,
    CELLS,
    EDGES_NS,
    FINE_EDGES_NS,
    LAG_EDGES_NS,
    LAST_BUCKET,
    LAST_EXPONENT,
    SCHEMA,
    Histogram,
    classic_counts,
    exponential,
)
from gateway.wire.report import HistogramDelta

DURATIONS = st.one_of(
    st.integers(0, 10**14), st.integers(0, 10**7), st.sampled_from(FINE_EDGES_NS), st.sampled_from(EDGES_NS)
)


def histogram_of(*durations_ns: int) -> Histogram:
    histogram = Histogram()
    for ns in durations_ns:
        histogram.observe(ns)
    return histogram


def is_within(ns: int, index: int, schema: int) -> bool:
    """Whether base**(index - 1) < ns <= base**index, in whole numbers."""
    scale = 1 << schema
    power = Fraction(ns, 10**9) ** scale
    return Fraction(2) ** (index - 1) < power <= Fraction(2) ** index


def test_there_are_25_classic_edges_from_half_a_millisecond_to_a_minute() -> None:
    assert len(EDGES_NS) == 25
    assert (EDGES_NS[0], EDGES_NS[-1]) == (500_000, 60_000_000_000)
    assert sorted(EDGES_NS) == EDGES_NS


def test_every_edge_of_the_catalog_is_a_fine_edge() -> None:
    edges = {edge for instrument in catalog.INSTRUMENTS for edge in instrument.edges_ns}
    assert edges == {*EDGES_NS, *LAG_EDGES_NS}
    assert edges <= set(FINE_EDGES_NS)


def test_a_cell_names_the_bucket_of_all_its_durations_or_none() -> None:
    for cell, bucket in enumerate(CELLS):
        first, last = cell << CELL_SHIFT, ((cell + 1) << CELL_SHIFT) - 1
        of_all = {bisect_left(FINE_EDGES_NS, first), bisect_left(FINE_EDGES_NS, last)}
        assert bucket == (of_all.pop() if len(of_all) == 1 else 0)


@given(DURATIONS)
def test_a_duration_falls_into_the_bucket_the_search_finds(ns: int) -> None:
    assert dict(histogram_of(ns).buckets) == {bisect_left(FINE_EDGES_NS, ns): 1}


@given(st.lists(DURATIONS, max_size=30))
def test_the_classic_buckets_are_as_if_observed_directly(durations_ns: list[int]) -> None:
    buckets = histogram_of(*durations_ns).buckets
    for edges in (EDGES_NS, LAG_EDGES_NS):
        expected = [0] * (len(edges) + 1)
        for ns in durations_ns:
            expected[bisect_left(edges, ns)] += 1
        assert classic_counts(buckets, edges) == expected


@given(DURATIONS, st.sampled_from(range(SCHEMA + 1)))
@example(1_000_000_000, 3)
@example(1_000_000_001, 3)
@example(4_096 * 10**9, 4)
def test_the_exponential_bucket_is_the_one_of_the_definition(ns: int, schema: int) -> None:
    result = exponential(histogram_of(ns).buckets, schema)
    if result.zero_count:
        assert (result.zero_count, result.counts) == (1, {})
        assert ns / 1e9 <= result.zero_threshold_s == 2.0**-20
        return
    [(index, count)] = result.counts.items()
    assert (count, result.schema) == (1, schema)
    if ns > 4_096 * 10**9:
        assert index == (LAST_EXPONENT >> SCHEMA - schema) + 1
    else:
        assert is_within(ns, index, schema)


def test_exponential_buckets_come_in_order() -> None:
    counts = exponential(histogram_of(*(10**exponent for exponent in range(12, 3, -1))).buckets).counts
    assert list(counts) == sorted(counts)
    assert len(counts) == 9


def test_a_delta_is_taken_once() -> None:
    histogram = histogram_of(1_000_000, 1_000_000, 3)
    delta = histogram.take()
    assert delta is not None
    assert (delta.sum_ns, sum(delta.buckets.values())) == (2_000_003, 3)
    assert histogram.take() is None
    assert (histogram.count, histogram.sum_ns) == (0, 0)


@given(st.lists(st.lists(DURATIONS, max_size=20), max_size=5))
def test_deltas_of_many_reports_merge_to_the_whole(reports: list[list[int]]) -> None:
    whole, merged, reported = Histogram(), Histogram(), Histogram()
    for durations_ns in reports:
        for ns in durations_ns:
            whole.observe(ns)
            reported.observe(ns)
        delta = reported.take()
        if delta is not None:
            merged.add(msgspec.msgpack.decode(msgspec.msgpack.encode(delta), type=HistogramDelta))
    assert merged.buckets == whole.buckets
    assert (merged.sum_ns, merged.count) == (whole.sum_ns, sum(map(len, reports)))


def test_a_bucket_this_version_does_not_know_counts_into_the_last() -> None:
    histogram = Histogram()
    histogram.add(HistogramDelta(7, {LAST_BUCKET + 40: 2}))
    assert dict(histogram.buckets) == {LAST_BUCKET: 2}
    assert classic_counts(histogram.buckets)[-1] == 2


def test_a_copy_does_not_change_with_what_it_was_copied_from() -> None:
    histogram = histogram_of(5)
    copied = histogram.copy()
    histogram.observe(5)
    assert (copied.count, copied.sum_ns) == (1, 5)


def test_fine_edges_are_nowhere_further_apart_than_a_sixteenth_of_a_doubling() -> None:
    widest = max(upper / lower for lower, upper in pairwise(FINE_EDGES_NS))
    assert math.log2(widest) == pytest.approx(1 / 16, abs=0.002)
