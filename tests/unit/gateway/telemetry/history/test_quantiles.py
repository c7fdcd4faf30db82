"""Percentiles from fine histograms against the exact ones of the same durations."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.histogram import Histogram
from gateway.telemetry.history.quantiles import RATIOS, quantiles_ns

WIDTH = 2 ** (1 / 16)
ROUNDED = 1.002
"""Edges are whole nanoseconds, which shows at a microsecond."""


def exact(durations_ns: list[int], ratio: float) -> int:
    """The smallest that so many do not exceed."""
    ordered = sorted(durations_ns)
    return ordered[max(math.ceil(ratio * len(ordered) - 1e-6), 1) - 1]


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


def lognormal(random: Random, middle_ms: float, spread: float) -> int:
    return int(random.lognormvariate(0, spread) * middle_ms * 1e6)


DISTRIBUTIONS = {
    "lognormal of 8 ms": lambda random: lognormal(random, 8, 0.8),
    "1.2 ms, 1 % at 40 ms": lambda random: lognormal(random, 40 if random.random() < 0.012 else 1.2, 0.15),
    "20 ms, 5 % at 300 ms": lambda random: lognormal(random, 300 if random.random() < 0.053 else 20, 0.2),
    "Pareto from 2 ms": lambda random: int(2e6 * random.paretovariate(1.5)),
    "all at 220 ms": lambda random: int(220e6 * random.uniform(0.999, 1.001)),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_percentiles_over_merged_workers_are_within_five_per_cent(name: str) -> None:
    random = Random(name)
    workers = [[DISTRIBUTIONS[name](random) for _ in range(size)] for size in (9000, 400, 5600)]
    durations_ns = [ns for worker in workers for ns in worker]
    answers = quantiles_ns(merged(workers).buckets)
    for ratio, answer in zip(RATIOS, answers, strict=True):
        assert answer is not None
        assert answer / exact(durations_ns, ratio) == pytest.approx(1, abs=0.05)


@given(st.lists(st.integers(1000, 4000 * 10**9), min_size=1, max_size=60))
def test_no_percentile_is_further_off_than_a_bucket_is_wide_whatever_the_durations(durations_ns: list[int]) -> None:
    answers = quantiles_ns(merged([durations_ns]).buckets)
    for ratio, answer in zip(RATIOS, answers, strict=True):
        assert answer is not None
        assert 1 / (WIDTH * ROUNDED) <= answer / exact(durations_ns, ratio) <= WIDTH * ROUNDED


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
