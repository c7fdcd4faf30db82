"""Who is turned away: the least critical first, as many as needed."""

import pytest

from gateway.model.route import Criticality
from gateway.proxy.overload.shedding import RANKS, Shedding

CRITICAL, NORMAL, SHEDDABLE = (RANKS[each] for each in Criticality)


def offered(shedding: Shedding, critical: int, normal: int, sheddable: int) -> None:
    for rank, count in ((CRITICAL, critical), (NORMAL, normal), (SHEDDABLE, sheddable)):
        for _ in range(count):
            shedding.turns_away(rank)


@pytest.mark.parametrize(
    ("share", "mix", "expected"),
    [
        pytest.param(0.2, (10, 50, 40), (0.0, 0.0, 0.5), id="half of the sheddable are enough"),
        pytest.param(0.5, (10, 50, 40), (0.0, 0.2, 1.0), id="then some of the normal"),
        pytest.param(0.95, (10, 50, 40), (0.5, 1.0, 1.0), id="critical ones last"),
        pytest.param(0.5, (0, 100, 0), (0.0, 0.5, 1.0), id="of one kind alone, a share of it"),
    ],
)
def test_the_least_critical_go_first(
    share: float, mix: tuple[int, int, int], expected: tuple[float, float, float]
) -> None:
    shedding = Shedding()
    offered(shedding, *mix)
    shedding.spread(share)
    if not mix[SHEDDABLE]:
        # None came, so nobody knows how many would: they are less critical than those who are turned away.
        assert shedding.shares[NORMAL] == pytest.approx(expected[NORMAL])
    else:
        assert shedding.shares == pytest.approx(list(expected))


def test_a_share_of_those_who_come_is_turned_away() -> None:
    shedding = Shedding()
    shedding.shares = [0.0, 0.5, 1.0]
    turned_away = [sum(shedding.turns_away(rank) for _ in range(2000)) for rank in (CRITICAL, NORMAL, SHEDDABLE)]
    assert turned_away[CRITICAL] == 0
    assert 800 < turned_away[NORMAL] < 1200
    assert turned_away[SHEDDABLE] == 2000


def test_critical_requests_are_spared_until_everything_is_refused() -> None:
    shedding = Shedding()
    shedding.spare_critical()
    assert [shedding.turns_away(rank) for rank in (CRITICAL, NORMAL, SHEDDABLE)] == [False, True, True]
    shedding.refuse_all()
    assert [shedding.turns_away(rank) for rank in (CRITICAL, NORMAL, SHEDDABLE)] == [True, True, True]
    assert shedding.closes
