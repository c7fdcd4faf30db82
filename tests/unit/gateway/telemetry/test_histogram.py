"""Bucket edges, sparse deltas, and that deltas add up to what was observed."""

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.histogram import EDGES_NS, SUM, add_delta, new_counts, take_delta
from gateway.wire.report import HistogramDelta


def observe(counts: list[int], *values: int) -> None:
    for value in values:
        counts[bisect_left(EDGES_NS, value)] += 1
        counts[SUM] += value


def test_there_are_25_edges_from_half_a_millisecond_to_a_minute() -> None:
    assert len(EDGES_NS) == 25
    assert (EDGES_NS[0], EDGES_NS[-1]) == (500_000, 60_000_000_000)
    assert sorted(EDGES_NS) == EDGES_NS


def test_an_edge_belongs_to_its_bucket() -> None:
    counts = new_counts()
    observe(counts, 500_000, 500_001, 60_000_000_001)
    assert take_delta(counts) == HistogramDelta(60_001_000_002, (0, 1, 1, 1, 25, 1))


def test_a_delta_is_taken_once() -> None:
    counts = new_counts()
    observe(counts, 1)
    assert take_delta(counts) is not None
    assert take_delta(counts) is None
    assert counts == new_counts()


@given(st.lists(st.lists(st.integers(0, 10**12), max_size=20), max_size=5))
def test_deltas_of_many_reports_merge_to_the_whole(reports: list[list[int]]) -> None:
    whole, merged, counts = new_counts(), new_counts(), new_counts()
    for values in reports:
        observe(whole, *values)
        observe(counts, *values)
        delta = take_delta(counts)
        if delta is not None:
            add_delta(merged, delta)
    assert merged == whole


def test_a_bucket_this_version_does_not_know_counts_into_the_last() -> None:
    counts = new_counts()
    add_delta(counts, HistogramDelta(7, (40, 2)))
    assert counts[SUM - 1 : SUM + 1] == [2, 7]
