"""What a follower is shown stands for all there was: the weights add up, and no exchange is favoured."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.runtime.live.arrival import Seen
from gateway.runtime.live.ring import Position
from gateway.runtime.live.sampling import MOST_WAITING, Sampler


def seen(number: int, stands_for: float = 1.0) -> Seen:
    return Seen(Position(1, 0, number), b"%d" % number, stands_for)


@given(st.lists(st.integers(0, 300), max_size=12), st.integers(1, 100))
def test_the_weights_add_up_to_all_that_came(arrivals: list[int], rate: int) -> None:
    sampler, weights, left_out, shown_count = Sampler(rate), 0.0, 0, 0
    for count in [*arrivals, 0]:
        sampler.offer([[seen(number) for number in range(count)]], [])
        shown, out = sampler.choose(1.0)
        weights += sum(one.weight for one in shown)
        left_out += out
        shown_count += len(shown)
    assert weights == pytest.approx(sum(arrivals))
    assert shown_count + left_out == sum(arrivals)


def test_what_a_line_stands_for_goes_into_its_weight() -> None:
    sampler = Sampler(10)
    sampler.offer(
        [
            [seen(number, stands_for=4.0) for number in range(60)],
            [seen(number, stands_for=4.0) for number in range(40)],
        ],
        [],
    )
    shown, left_out = sampler.choose(0.0)
    assert (len(shown), left_out) == (10, 90)
    assert sum(one.weight for one in shown) == pytest.approx(400)


def test_remarkable_ones_are_always_shown_and_stand_for_themselves() -> None:
    sampler = Sampler(1)
    for _ in range(5):
        sampler.offer([[seen(number) for number in range(50)]], [seen(number) for number in range(50, 90)])
        shown, _ = sampler.choose(0.25)
        assert sum(1 for one in shown if one.position.line >= 50 and one.weight == 1.0) == 40


def test_a_rate_below_one_a_call_lets_exchanges_wait_rather_than_leaving_a_moment_out() -> None:
    sampler = Sampler(1)
    sampler.choose(0.0)
    sampler.offer([[seen(1)]], [])
    assert len(sampler.choose(0.0)[0]) == 1
    for number in range(3):
        sampler.offer([[seen(number)] * 10], [])
        assert sampler.choose(0.25) == ([], 0)
    shown, left_out = sampler.choose(0.25)
    assert ([one.weight for one in shown], left_out) == ([30.0], 29)


def test_every_exchange_has_the_same_chance() -> None:
    counts: Counter[int] = Counter()
    for _ in range(3000):
        sampler = Sampler(2)
        sampler.offer([[seen(number) for number in range(4)], [], [seen(number) for number in range(4, 10)]], [])
        counts.update(one.position.line for one in sampler.choose(0.0)[0])
    assert all(480 < counts[number] < 720 for number in range(10))


def test_too_many_that_wait_are_chosen_from_at_once() -> None:
    sampler = Sampler(1)
    sampler.offer([[seen(0)]], [])
    sampler.choose(0.0)
    sampler.offer([[seen(number) for number in range(MOST_WAITING + 1)]], [])
    assert sampler.is_overfull
    shown, left_out = sampler.choose(0.0)
    assert (len(shown), left_out) == (1, MOST_WAITING)
