"""Which endpoint of an upstream gets the next attempt. No I/O and no knowledge of requests beyond a key to hash.

Everything that depends on weights alone is laid out when a balancer is built, so that a pick is a few comparisons.
"""

import random
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from gateway.model.clock import SECOND_NS, monotonic_ns
from gateway.model.upstream import Balance
from gateway.upstreams.balancing.hash_ring import HashRing
from gateway.upstreams.balancing.schedule import weighted_schedule

FEW_ENDPOINTS: Final = 8
"""Up to here least_request looks at all endpoints; beyond, at two of them, which is nearly as good and costs the same
however many there are (Mitzenmacher, The Power of Two Choices, 2001)."""

_TRIES: Final = 4

UNKNOWN_NS: Final = 3600.0 * SECOND_NS
"""What an endpoint is expected to take that was asked and has not answered yet."""


class Candidate(Protocol):
    """What a balancer has to know of an endpoint. The weight does not change; the other two do, between picks."""

    @property
    def address(self) -> str: ...
    @property
    def weight(self) -> int: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def is_available(self) -> bool: ...
    @property
    def latency(self) -> "Estimate | None": ...


class Estimate(Protocol):
    """How long an endpoint is expected to take."""

    def expected_ns(self, now_ns: int) -> float: ...


C = TypeVar("C", bound=Candidate)
C_co = TypeVar("C_co", bound=Candidate, covariant=True)


class Balancer(Protocol[C_co]):
    def pick(self, key: bytes, avoid: Candidate | None) -> C_co | None:
        """An available endpoint, None if there is none. key: what consistent_hash hashes; others ignore it.

        avoid: the endpoint that was just tried; it is chosen only if no other is available.
        """


def build_balancer(balance: Balance, candidates: Sequence[C], max_load: float | None = None) -> Balancer[C]:
    """A balancer over these endpoints; those of weight 0 get nothing.

    max_load: of consistent_hash: how many times its share of what is in flight an endpoint may have; None: any.
    """
    weighted = [candidate for candidate in candidates if candidate.weight > 0]
    if len(weighted) <= 1:
        return _Single(weighted[0] if weighted else None)
    match balance:
        case Balance.ROUND_ROBIN:
            return _RoundRobin(weighted)
        case Balance.LEAST_REQUEST:
            return _LeastOfAll(weighted) if len(weighted) <= FEW_ENDPOINTS else _LeastOfTwo(weighted)
        case Balance.RANDOM:
            return _Random(weighted)
        case Balance.CONSISTENT_HASH:
            return _ConsistentHash(weighted) if max_load is None else _BoundedHash(weighted, max_load)
        case Balance.PEAK_EWMA:
            return _LeastExpected(weighted)


class _Single(Generic[C]):
    def __init__(self, candidate: C | None) -> None:
        self._candidate = candidate

    def pick(self, key: bytes, avoid: Candidate | None) -> C | None:
        candidate = self._candidate
        return candidate if candidate is not None and candidate.is_available else None


class _RoundRobin(Generic[C]):
    """Smooth weighted: an endpoint's turns are spread over the round, not bunched."""

    def __init__(self, candidates: Sequence[C]) -> None:
        self._candidates = candidates
        self._schedule = weighted_schedule(candidates, [candidate.weight for candidate in candidates])
        # Workers start at different places, or the first endpoint would get all of their first requests.
        self._next = random.randrange(len(self._schedule))

    def pick(self, key: bytes, avoid: Candidate | None) -> C | None:
        schedule = self._schedule
        for _ in range(_TRIES):
            position = self._next
            candidate = schedule[position]
            self._next = position + 1 if position + 1 < len(schedule) else 0
            if candidate.is_available and candidate is not avoid:
                return candidate
        return _any_other(self._candidates, avoid)


class _LeastOfAll(Generic[C]):
    """The lowest load, in flight by weight, of all endpoints; of equally loaded ones, each in its turn by weight."""

    def __init__(self, candidates: Sequence[C]) -> None:
        count = len(candidates)
        order = weighted_schedule(range(count), [candidate.weight for candidate in candidates])
        # Every turn is the list of all endpoints, beginning with the one whose turn it is.
        turns = [[*candidates[first:], *candidates[:first]] for first in range(count)]
        self._turns = [turns[first] for first in order]
        self._next = random.randrange(len(self._turns))

    def pick(self, key: bytes, avoid: Candidate | None) -> C | None:
        position = self._next
        self._next = position + 1 if position + 1 < len(self._turns) else 0
        best: C | None = None
        least = float("inf")
        for candidate in self._turns[position]:
            if not candidate.is_available or candidate is avoid:
                continue
            load = candidate.in_flight
            if not load:
                return candidate
            relative = load / candidate.weight
            if relative < least:
                best, least = candidate, relative
        return best if best is not None else _avoided_after_all(self._turns[position], avoid)


class _LeastOfTwo(Generic[C]):
    """The less loaded of two endpoints, each drawn by weight."""

    def __init__(self, candidates: Sequence[C]) -> None:
        self._candidates = candidates
        self._drawn = _Random(candidates)

    def pick(self, key: bytes, avoid: Candidate | None) -> C | None:
        one = self._drawn.pick(key, avoid)
        other = self._drawn.pick(key, avoid)
        if one is None or other is None:
            return one or other
        return one if one.in_flight * other.weight <= other.in_flight * one.weight else other


class _LeastExpected(Generic[C]):
    """Where an answer is expected first: the latency of an endpoint times what it has in flight, by weight. Of several of
    which that is equal, as while nothing is known, one drawn by weight."""

    def __init__(self, candidates: Sequence[C]) -> None:
        self._candidates = candidates
        self._drawn = _Random(candidates)

    def pick(self, key: bytes, avoid: Candidate | None) -> C | None:
        best = self._drawn.pick(key, avoid)
        if best is None or best is avoid:
            return best
        now_ns = monotonic_ns()
        least = _expected(best, now_ns)
        others = self._candidates if len(self._candidates) <= FEW_ENDPOINTS else (self._drawn.pick(key, avoid) or best,)
        for candidate in others:
            if not candidate.is_available or candidate is avoid:
                continue
            expected = _expected(candidate, now_ns)
            if expected < least:
                best, least = candidate, expected
        return best


def _expected(candidate: Candidate, now_ns: int) -> float:
    estimate = candidate.latency
    cost_ns = estimate.expected_ns(now_ns) if estimate is not None else 0.0
    if not cost_ns:
        # Nothing is known: one request finds out, and until its answer comes no other is risked.
        cost_ns = UNKNOWN_NS if candidate.in_flight else 0.0
    return cost_ns * (candidate.in_flight + 1) / candidate.weight


class _Random(Generic[C]):
    def __init__(self, candidates: Sequence[C]) -> None:
        self._candidates = candidates
        self._schedule = weighted_schedule(candidates, [candidate.weight for candidate in candidates])

    def pick(self, key: bytes, avoid: Candidate | None) -> C | None:
        schedule = self._schedule
        for _ in range(_TRIES):
            candidate = schedule[int(random.random() * len(schedule))]
            if candidate.is_available and candidate is not avoid:
                return candidate
        return _any_other(self._candidates, avoid)


class _ConsistentHash(Generic[C]):
    """One key, one endpoint, in every worker and across reloads; an endpoint that goes takes only its own keys along."""

    def __init__(self, candidates: Sequence[C]) -> None:
        self._ring = HashRing(candidates)

    def pick(self, key: bytes, avoid: Candidate | None) -> C | None:
        candidate = self._ring.owner(key)
        if candidate.is_available and candidate is not avoid:
            return candidate
        for candidate in self._ring.successors(key):
            if candidate.is_available and candidate is not avoid:
                return candidate
        return _avoided_after_all(self._ring.candidates, avoid)


class _BoundedHash(Generic[C]):
    """As consistent hashing, but no endpoint takes more than its bounded share of what is in flight: what would be too
    much goes on to the owner of the next arc (Mirrokni, Thorup, Zadimoghaddam, 2017)."""

    def __init__(self, candidates: Sequence[C], max_load: float) -> None:
        self._ring = HashRing(candidates)
        self._max_load = max_load

    def pick(self, key: bytes, avoid: Candidate | None) -> C | None:
        ring = self._ring
        usable = [candidate for candidate in ring.candidates if candidate.is_available and candidate is not avoid]
        if not usable:
            return _avoided_after_all(ring.candidates, avoid)
        in_flight = sum(candidate.in_flight for candidate in usable) + 1
        by_weight = self._max_load * in_flight / sum(candidate.weight for candidate in usable)
        for candidate in ring.successors(key):
            if candidate.is_available and candidate is not avoid and candidate.in_flight < by_weight * candidate.weight:
                return candidate
        return min(usable, key=lambda candidate: candidate.in_flight / candidate.weight)


def _any_other(candidates: Sequence[C], avoid: Candidate | None) -> C | None:
    """By weight among those that can be chosen: for the rare pick that met unavailable endpoints only."""
    available = [candidate for candidate in candidates if candidate.is_available and candidate is not avoid]
    if not available:
        return _avoided_after_all(candidates, avoid)
    return random.choices(available, [candidate.weight for candidate in available])[0]


def _avoided_after_all(candidates: Sequence[C], avoid: Candidate | None) -> C | None:
    """The endpoint just tried, if it is one of these and there is no other."""
    for candidate in candidates:
        if candidate is avoid and candidate.is_available:
            return candidate
    return None
