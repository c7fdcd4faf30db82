"""Percentiles from fine histograms against the exact ones of the same durations."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.histogram import Histogram
from gateway.telemetry.history.quantiles import RATIOS, quantiles_ns
from perf.percentiles import DISTRIBUTIONS, MOST_ERROR, exact, recorded

WIDTH = 2 ** (1 / 16)
ROUNDED = 1.002
"""Edges are whole nanoseconds, which shows at a microsecond."""


def merged(workers: list[list[int]]) -> Histogram:
    """As reported by each worker and added up."""
    whole = Histogram()
    for durations_ns in workers:
        of_worker = Histogram()
        for ns in durations_ns:
            of_worker.observe(ns)
        delta = of_worker.take()
        if delta is not None:
            whole.add(delta)
    return whole


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_percentiles_over_merged_workers_are_within_five_per_cent(name: str) -> None:
    random = Random(name)
    latencies_ns = [DISTRIBUTIONS[name](random) for _ in range(8000)]
    ordered_ns = sorted(latencies_ns)
    for ratio, answer_ms in zip(RATIOS, recorded(latencies_ns, 3), strict=True):
        assert answer_ms * 1e6 / exact(ordered_ns, ratio) == pytest.approx(1, abs=MOST_ERROR)


@given(st.lists(st.integers(1000, 4000 * 10**9), min_size=1, max_size=60))
def test_no_percentile_is_further_off_than_a_bucket_is_wide_whatever_the_durations(durations_ns: list[int]) -> None:
    answers = quantiles_ns(merged([durations_ns]).buckets)
    for ratio, answer in zip(RATIOS, answers, strict=True):
        assert answer is not None
        assert 1 / (WIDTH * ROUNDED) <= answer / exact(sorted(durations_ns), ratio) <= WIDTH * ROUNDED


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=60))
def test_a_higher_percentile_is_never_lower(durations_ns: list[int]) -> None:
    answers = [answer for answer in quantiles_ns(merged([durations_ns]).buckets) if answer is not None]
    assert answers == sorted(answers)
    assert len(answers) == len(RATIOS)


def test_nothing_has_no_percentiles() -> None:
    assert quantiles_ns({}) == [None] * 4


def test_what_is_too_short_or_too_long_to_tell_apart_reads_as_the_bound() -> None:
    assert quantiles_ns(merged([[0]]).buckets, (0.5,))[0] == pytest.approx(477, abs=1)
    assert quantiles_ns(merged([[10**14]]).buckets, (0.5,)) == [4096e9]
