"""Rounds of turns by weight."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.balancing.schedule import LONGEST_SCHEDULE, weighted_schedule


@pytest.mark.parametrize(
    ("weights", "round_of_turns"),
    [((1, 1, 1), "acb"), ((5, 5), "ab"), ((2, 1), "aab"), ((4, 2), "aab"), ((4, 1, 1), "acaaba"), ((1,), "a")],
)
def test_a_round_is_as_short_as_the_weights_allow(weights: tuple[int, ...], round_of_turns: str) -> None:
    assert "".join(weighted_schedule("abc"[: len(weights)], weights)) == round_of_turns


def test_weights_without_a_short_round_are_rounded() -> None:
    schedule = weighted_schedule("abc", (1_000_003, 2_000_003, 1))
    counts = Counter(schedule)
    assert len(schedule) <= LONGEST_SCHEDULE + 3
    assert counts["c"] == 1
    assert counts["b"] / counts["a"] == pytest.approx(2, rel=0.01)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_every_item_has_the_turns_of_its_weight_and_they_are_spread(weights: list[int]) -> None:
    schedule = weighted_schedule(range(len(weights)), weights)
    counts = Counter(schedule)
    assert all(counts[item] * sum(weights) == weight * len(schedule) for item, weight in enumerate(weights))
    for item, count in counts.items():
        turns = [at for at, turn in enumerate(schedule) if turn == item]
        gaps = [other - one for one, other in zip(turns, [*turns[1:], turns[0] + len(schedule)], strict=True)]
        assert max(gaps) <= 2 * len(schedule) / count + len(weights)
