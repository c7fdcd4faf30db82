"""Groups of endpoints: the first serves alone while enough of it is there, and gives away what it cannot carry."""

import random
from collections import Counter

import pytest

from gateway.model.upstream import Balance
from gateway.upstreams.balancing.balancer import build_balancer
from gateway.upstreams.balancing.tiers import Tier, Tiers
from tests.unit.gateway.upstreams.balancing.test_balancer import Stand


@pytest.fixture(autouse=True)
def _same_draws_every_time() -> None:
    random.seed(1)


def groups(*sizes: int, failover_below: float = 0.7) -> tuple[list[list[Stand]], Tiers[Stand]]:
    stands = [[Stand(f"10.0.{tier}.{at}:80") for at in range(size)] for tier, size in enumerate(sizes)]
    tiers = [Tier(group, build_balancer(Balance.ROUND_ROBIN, group)) for group in stands]
    return stands, Tiers(tiers, failover_below)


def down(group: list[Stand], count: int) -> None:
    for stand in group[:count]:
        stand.is_available = False


def picks(tiers: Tiers[Stand], count: int = 1000) -> Counter[str]:
    return Counter(picked.address[:6] for _ in range(count) if (picked := tiers.pick(b"", None)) is not None)


def test_the_first_group_serves_alone_while_enough_of_it_is_there() -> None:
    stands, tiers = groups(10, 10)
    down(stands[0], 3)
    tiers.settle()
    assert tiers.shares == [1.0, 0.0]
    assert picks(tiers) == {"10.0.0": 1000}


def test_what_it_cannot_carry_goes_to_the_next_group() -> None:
    stands, tiers = groups(10, 10)
    down(stands[0], 65 // 10)
    tiers.settle()
    assert tiers.shares == [pytest.approx(0.4 / 0.7), pytest.approx(1 - 0.4 / 0.7)]
    assert picks(tiers)["10.0.1"] == pytest.approx(1000 * (1 - 0.4 / 0.7), rel=0.15)


def test_a_group_that_is_gone_leaves_everything_to_the_next() -> None:
    stands, tiers = groups(2, 2, 2)
    down(stands[0], 2)
    tiers.settle()
    assert picks(tiers) == {"10.0.1": 1000}
    down(stands[1], 2)
    tiers.settle()
    assert picks(tiers) == {"10.0.2": 1000}


def test_groups_that_are_not_enough_together_share_in_proportion() -> None:
    stands, tiers = groups(10, 10)
    down(stands[0], 9)
    down(stands[1], 7)
    tiers.settle()
    assert not tiers.is_enough
    assert tiers.shares == [pytest.approx(0.25), pytest.approx(0.75)]


def test_where_nothing_is_left_nothing_is_picked_and_what_comes_back_is_found() -> None:
    stands, tiers = groups(1, 1)
    for group in stands:
        down(group, 1)
    tiers.settle()
    assert tiers.pick(b"", None) is None
    stands[1][0].is_available = True  # Even before anybody said so.
    assert tiers.pick(b"", None) is stands[1][0]


def test_another_group_is_tried_before_the_endpoint_that_was_just_tried() -> None:
    stands, tiers = groups(1, 1)
    assert tiers.pick(b"", stands[0][0]) is stands[1][0]
    down(stands[1], 1)
    assert tiers.pick(b"", stands[0][0]) is stands[0][0]
