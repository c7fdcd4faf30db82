"""The ring of consistent hashing: even shares, and no key moves that need not."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.upstreams.balancing.hash_ring import HashRing


@dataclass(frozen=True)
class Owner:
    address: str
    weight: int = 1


def owners(count: int) -> list[Owner]:
    return [Owner(f"10.0.{number // 256}.{number % 256}:8080") for number in range(count)]


@pytest.mark.parametrize("count", [2, 3, 8, 20, 50])
@pytest.mark.parametrize("form", [b"10.1.%d.7", b"user-%d", b"/v1/orders/%06d"])
def test_no_share_strays_by_more_than_a_seventh(count: int, form: bytes) -> None:
    ring = HashRing(owners(count))
    shares = Counter(ring.owner(form % number).address for number in range(20_000))
    assert len(shares) == count
    # Half a percent of the keys on top: they are a sample themselves.
    assert all(abs(share - 20_000 / count) < 0.15 * 20_000 / count + 60 for share in shares.values())


def test_shares_follow_weights() -> None:
    ring = HashRing([Owner("a:1", 1), Owner("b:1", 3)])
    share = sum(ring.owner(b"k%d" % number).address == "b:1" for number in range(10_000))
    assert 7200 < share < 7800


def test_huge_weights_make_no_huge_ring() -> None:
    ring = HashRing([Owner("a:1", 1_000_000), Owner("b:1", 3_000_000), Owner("c:1", 1)])
    assert len(ring._points) < 40_000
    share = sum(ring.owner(b"k%d" % number).address == "b:1" for number in range(10_000))
    assert 7200 < share < 7800


def test_successors_name_every_owner() -> None:
    ring = HashRing(owners(40))
    assert set(ring.successors(b"key")) == set(owners(40))
    assert next(ring.successors(b"key")) == ring.owner(b"key")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 500), min_size=2, max_size=10, unique=True),
    st.data(),
)
def test_taking_an_owner_away_moves_its_keys_alone(numbers: list[int], data: st.DataObject) -> None:
    before = [Owner(f"10.0.0.1:{number}") for number in numbers]
    gone = data.draw(st.sampled_from(before))
    full = HashRing(data.draw(st.permutations(before)))
    rest = HashRing([owner for owner in before if owner != gone])
    for number in range(300):
        key = b"key-%d" % number
        if full.owner(key) != gone:
            assert rest.owner(key) == full.owner(key)
