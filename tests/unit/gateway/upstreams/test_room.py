"""The room that pools of an upstream share: none takes more than there is, and nobody waits for ever for want of it."""

from collections.abc import Callable

import pytest

from gateway.model.breaker import UpstreamLimits
from gateway.model.upstream import ConnectionLimits, Endpoint
from gateway.upstreams.room import Room
from tests.support.pooling import PoolUnderTest
from tests.support.scripted import ScriptedLoop

Share = Callable[..., tuple[PoolUnderTest, PoolUnderTest]]


@pytest.fixture
def share(loop: ScriptedLoop) -> Share:
    """Two pools that share what the limits say."""

    def build(**limits: int) -> tuple[PoolUnderTest, PoolUnderTest]:
        pools = [PoolUnderTest(loop, ConnectionLimits(), Endpoint(f"{host}:1", host, 1)) for host in ("a", "b")]
        room = Room(UpstreamLimits(**limits), pools)
        for pool in pools:
            pool.room = room
        return pools[0], pools[1]

    return build


def test_together_they_open_no_more_than_the_limit(share: Share) -> None:
    one, other = share(connections=3)
    for pool in (one, other) * 4:
        pool.ask()
    one.loop.settle()
    assert one.taken + other.taken == len(one.loop.dials) == 3
    assert (one.queued + other.queued, one.room is not None and one.room.is_full) == (5, True)


def test_an_idle_connection_of_one_makes_room_for_who_waits_at_the_other(share: Share) -> None:
    one, other = share(connections=1)
    one.idle_connection()
    asker = other.ask()
    assert one.closed == ["made_room"]
    other.accept(-1)
    assert len(asker.granted) == 1


def test_a_connection_that_falls_free_makes_room_for_a_pool_that_has_none_to_hope_for(share: Share) -> None:
    one, other = share(connections=1)
    first = one.ask()
    one.accept()
    waiting, late = other.ask(), one.ask()
    first.use(first.granted[0])
    assert one.closed == ["made_room"]
    other.loop.settle()
    other.accept(-1)
    assert (len(waiting.granted), len(late.granted)) == (1, 0)
    waiting.use(waiting.granted[0])
    one.loop.settle()
    one.accept(-1)
    assert len(late.granted) == 1


def test_a_connection_that_nobody_of_its_own_waits_for_makes_room(share: Share) -> None:
    one, other = share(connections=2)
    first, second = one.ask(), other.ask()
    one.accept(0)
    other.accept(1)
    third = other.ask()
    first.use(first.granted[0])
    other.loop.settle()
    other.accept(-1)
    assert (one.closed, len(third.granted), len(second.granted)) == (["made_room"], 1, 1)


def test_together_no_more_wait_than_the_limit(share: Share) -> None:
    one, other = share(connections=1, pending=2)
    assert [pool.ask().is_queued for pool in (one, one, other, one, other)] == [True, True, True, False, False]


def test_a_queue_is_not_limited_while_there_is_room_for_another_connection(share: Share) -> None:
    one, _ = share(pending=1)
    assert all(one.ask().is_queued for _ in range(5))
