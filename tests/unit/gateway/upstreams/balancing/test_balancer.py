"""Balancers: shares by weight, nothing to what is unavailable, another endpoint after the one just tried."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from gateway.model.upstream import Balance
from gateway.upstreams.balancing.balancer import FEW_ENDPOINTS, Balancer, Estimate, build_balancer

ALL = pytest.mark.parametrize("balance", list(Balance))


@dataclass
class Stand:
    """A candidate that stands in for an endpoint."""

    address: str
    weight: int = 1
    in_flight: int = 0
    is_available: bool = True
    latency: Estimate | None = None


@dataclass
class Takes:
    """An estimate that does not change."""

    expected: float

    def expected_ns(self, _now_ns: int) -> float:
        return self.expected


def stands(*weights: int) -> list[Stand]:
    return [Stand(f"10.0.0.{number}:80", weight) for number, weight in enumerate(weights, 1)]


def shares(balancer: Balancer[Stand], picks: int, avoid: Stand | None = None) -> dict[str, int]:
    picked = [balancer.pick(b"key-%d" % number, avoid) for number in range(picks)]
    return Counter(candidate.address for candidate in picked if candidate is not None)


def build(balance: Balance, candidates: Sequence[Stand]) -> Balancer[Stand]:
    return build_balancer(balance, candidates)


@pytest.fixture(autouse=True)
def _same_draws_every_time() -> None:
    random.seed(1)


@ALL
def test_nothing_is_picked_from_nothing(balance: Balance) -> None:
    assert build(balance, []).pick(b"k", None) is None


@ALL
def test_a_single_endpoint_is_picked_while_it_is_available_even_if_just_tried(balance: Balance) -> None:
    (only,) = candidates = stands(3)
    balancer = build(balance, candidates)
    assert balancer.pick(b"k", None) is only
    assert balancer.pick(b"k", only) is only
    only.is_available = False
    assert balancer.pick(b"k", None) is None


@ALL
@pytest.mark.parametrize("count", [2, 5, FEW_ENDPOINTS, FEW_ENDPOINTS + 1, 30])
def test_an_unavailable_endpoint_gets_nothing_and_the_others_all(balance: Balance, count: int) -> None:
    candidates = stands(*[1] * count)
    balancer = build(balance, candidates)
    for candidate in candidates[:-1]:
        candidate.is_available = False
    assert shares(balancer, 50) == {candidates[-1].address: 50}
    candidates[-1].is_available = False
    assert shares(balancer, 50) == {}
    candidates[0].is_available = True
    assert shares(balancer, 50) == {candidates[0].address: 50}


@ALL
@pytest.mark.parametrize("count", [2, FEW_ENDPOINTS, FEW_ENDPOINTS + 1])
def test_the_endpoint_just_tried_is_picked_only_if_there_is_no_other(balance: Balance, count: int) -> None:
    candidates = stands(*[1] * count)
    balancer = build(balance, candidates)
    tried = candidates[0]
    assert tried.address not in shares(balancer, 300, avoid=tried)
    for other in candidates[1:]:
        other.is_available = False
    assert shares(balancer, 20, avoid=tried) == {tried.address: 20}


@ALL
def test_an_endpoint_of_weight_nought_gets_nothing(balance: Balance) -> None:
    candidates = stands(0, 1, 0, 1)
    picked = shares(build(balance, candidates), 200)
    assert set(picked) == {candidates[1].address, candidates[3].address}


@ALL
def test_shares_follow_weights(balance: Balance) -> None:
    picked = shares(build(balance, stands(1, 2, 5)), 8000)
    expected = {"10.0.0.1:80": 1000, "10.0.0.2:80": 2000, "10.0.0.3:80": 5000}
    assert all(abs(picked[address] - share) < 0.15 * share for address, share in expected.items())


@ALL
def test_the_shares_of_equals_are_equal(balance: Balance) -> None:
    picked = shares(build(balance, stands(*[7] * 12)), 24_000)
    assert all(abs(share - 2000) < 300 for share in picked.values())


def test_round_robin_gives_each_its_turn() -> None:
    balancer = build(Balance.ROUND_ROBIN, stands(1, 1, 1))
    turns = [balancer.pick(b"", None) for _ in range(6)]
    assert len(set(map(id, turns[:3]))) == 3
    assert turns[:3] == turns[3:]


def test_round_robin_spreads_the_turns_of_a_heavy_endpoint() -> None:
    candidates = stands(4, 1, 1)
    balancer = build(Balance.ROUND_ROBIN, candidates)
    turns = [balancer.pick(b"", None) for _ in range(12)]
    heavy = "".join("H" if turn is candidates[0] else "l" for turn in turns)
    assert "HHH" not in heavy * 2
    assert heavy.count("H") == 8


def test_the_share_of_an_endpoint_that_is_out_goes_to_the_others_alike() -> None:
    candidates = stands(*[1] * 5)
    balancer = build(Balance.ROUND_ROBIN, candidates)
    for candidate in candidates[1:4]:
        candidate.is_available = False
    picked = shares(balancer, 4000)
    assert set(picked) == {candidates[0].address, candidates[4].address}


def test_least_request_prefers_the_lowest_load_for_its_weight() -> None:
    candidates = stands(1, 1, 4)
    for candidate, load in zip(candidates, (2, 3, 7), strict=True):
        candidate.in_flight = load
    balancer = build(Balance.LEAST_REQUEST, candidates)
    assert shares(balancer, 10) == {candidates[2].address: 10}
    candidates[2].in_flight = 9
    assert shares(balancer, 10) == {candidates[0].address: 10}


def test_least_request_gives_equally_loaded_endpoints_their_turns() -> None:
    candidates = stands(1, 1, 1, 1)
    for candidate in candidates:
        candidate.in_flight = 5
    assert set(shares(build(Balance.LEAST_REQUEST, candidates), 400).values()) == {100}


def test_least_request_of_many_avoids_the_loaded_ones() -> None:
    candidates = stands(*[1] * 20)
    for candidate in candidates[:10]:
        candidate.in_flight = 50
    picked = shares(build(Balance.LEAST_REQUEST, candidates), 4000)
    loaded = sum(picked.get(candidate.address, 0) for candidate in candidates[:10])
    assert loaded < 0.3 * 4000


def test_least_request_evens_out_what_is_in_flight() -> None:
    candidates = stands(*[1] * 20)
    balancer = build(Balance.LEAST_REQUEST, candidates)
    for _ in range(2000):
        candidate = balancer.pick(b"", None)
        assert candidate is not None
        candidate.in_flight += 1
    loads = [candidate.in_flight for candidate in candidates]
    assert max(loads) - min(loads) < 10


def test_a_key_stays_with_its_endpoint() -> None:
    candidates = stands(1, 1, 1)
    one, other = build(Balance.CONSISTENT_HASH, candidates), build(Balance.CONSISTENT_HASH, candidates[::-1])
    for number in range(200):
        assert one.pick(b"%d" % number, None) is other.pick(b"%d" % number, None)


def test_an_endpoint_that_is_out_hands_over_its_own_keys_only_and_spreads_them() -> None:
    candidates = stands(*[1] * 5)
    balancer = build(Balance.CONSISTENT_HASH, candidates)
    keys = [b"user-%d" % number for number in range(5000)]
    before = {key: balancer.pick(key, None) for key in keys}
    candidates[2].is_available = False
    after = {key: balancer.pick(key, None) for key in keys}
    moved = [key for key in keys if before[key] is not after[key]]
    assert all(before[key] is candidates[2] for key in moved)
    heirs = Counter(candidate.address for key in moved if (candidate := after[key]) is not None)
    assert len(heirs) == 4
    assert max(heirs.values()) < 2 * min(heirs.values())


@pytest.mark.parametrize("count", [2, FEW_ENDPOINTS])
def test_peak_ewma_prefers_where_an_answer_is_expected_first(count: int) -> None:
    candidates = stands(*[1] * count)
    for candidate in candidates:
        candidate.latency, candidate.in_flight = Takes(10e6), 4
    candidates[1].latency = Takes(2e6)
    balancer = build(Balance.PEAK_EWMA, candidates)
    assert shares(balancer, 20) == {candidates[1].address: 20}
    candidates[1].in_flight = 100  # 2 ms times 101 is more than 10 ms times 5.
    assert candidates[1].address not in shares(balancer, 50)


def test_peak_ewma_of_many_sends_little_to_the_slow_ones() -> None:
    candidates = stands(*[1] * 20)
    for number, candidate in enumerate(candidates):
        candidate.latency, candidate.in_flight = Takes(50e6 if number < 10 else 1e6), 1
    picked = shares(build(Balance.PEAK_EWMA, candidates), 4000)
    assert sum(picked.get(candidate.address, 0) for candidate in candidates[:10]) < 0.3 * 4000


def test_peak_ewma_lets_one_request_find_out_about_an_endpoint_nothing_is_known_of() -> None:
    known, unknown = candidates = stands(1, 1)
    known.latency, known.in_flight = Takes(5e6), 3
    unknown.latency = Takes(0.0)
    balancer = build(Balance.PEAK_EWMA, candidates)
    assert balancer.pick(b"", None) is unknown
    unknown.in_flight = 1
    assert shares(balancer, 20) == {known.address: 20}


def bounded(candidates: Sequence[Stand]) -> Balancer[Stand]:
    return build_balancer(Balance.CONSISTENT_HASH, candidates, max_load=1.25)


def test_a_key_within_the_bound_stays_with_its_owner() -> None:
    candidates = stands(1, 1, 1)
    for candidate in candidates:
        candidate.in_flight = 10
    plain, with_bound = build(Balance.CONSISTENT_HASH, candidates), bounded(candidates)
    assert all(plain.pick(b"%d" % key, None) is with_bound.pick(b"%d" % key, None) for key in range(200))


def test_no_endpoint_takes_more_than_its_bounded_share_though_all_ask_for_one_key() -> None:
    candidates = stands(1, 1, 2)
    balancer = bounded(candidates)
    for total in range(1, 401):
        candidate = balancer.pick(b"hot", None)
        assert candidate is not None
        candidate.in_flight += 1
        assert candidate.in_flight <= 1.25 * total * candidate.weight / 4 + 1
    assert sum(candidate.in_flight for candidate in candidates) == 400


def test_what_is_too_much_for_the_owner_always_goes_to_the_same_next_one() -> None:
    candidates = stands(1, 1, 1, 1)
    owner = build(Balance.CONSISTENT_HASH, candidates).pick(b"hot", None)
    assert owner is not None
    owner.in_flight = 100
    assert len(shares_of_key(bounded(candidates), b"hot", 20)) == 1


def shares_of_key(balancer: Balancer[Stand], key: bytes, picks: int) -> set[str]:
    return {candidate.address for _ in range(picks) if (candidate := balancer.pick(key, None)) is not None}
