"""Groups of endpoints of which the first serves alone while enough of it is there: priorities, and the own zone in each.

A group that has lost part of its endpoints keeps what it can carry, and the rest goes to the next one, so that traffic
moves as the endpoints go and not all at once (as Envoy's priority levels with their overprovisioning factor).
"""

import random
from collections.abc import Sequence
from typing import Generic, TypeVar

from gateway.upstreams.balancing.balancer import Balancer, Candidate

C = TypeVar("C", bound=Candidate)


class Tier(Generic[C]):
    """One group and what chooses within it."""

    def __init__(self, candidates: Sequence[C], balancer: Balancer[C]) -> None:
        self._candidates = [candidate for candidate in candidates if candidate.weight > 0]
        self._weight = sum(candidate.weight for candidate in self._candidates)
        self.balancer = balancer

    def availability(self) -> float:
        """The share of its weight that may be chosen, 0 to 1."""
        if not self._weight:
            return 0.0
        return sum(candidate.weight for candidate in self._candidates if candidate.is_available) / self._weight


class Tiers(Generic[C]):
    """A balancer over groups, the first of them first. failover_below: the availability below which a group gives some of
    its share away. `settle` is to be called whenever an endpoint became available or stopped to be."""

    def __init__(self, tiers: Sequence[Tier[C]], failover_below: float) -> None:
        self._tiers = tiers
        self._failover_below = failover_below
        self.shares: list[float] = []
        """Of the requests, by group; their sum is 1 unless there is nothing to choose."""
        self.settle()

    def settle(self) -> None:
        able = [self._able(tier.availability()) for tier in self._tiers]
        left, shares = 1.0, []
        for share in able:
            shares.append(min(share, left))
            left -= shares[-1]
        if left > 0 and (taken := 1.0 - left) > 0:
            # Together they are not enough: each gets more than it can carry, in proportion.
            shares = [share / taken for share in shares]
        self.shares = shares

    def _able(self, availability: float) -> float:
        """The share of all requests that a group of this availability carries."""
        return min(1.0, availability / self._failover_below) if self._failover_below else float(availability > 0)

    @property
    def is_enough(self) -> bool:
        """Whether the groups together carry everything."""
        return sum(self._able(tier.availability()) for tier in self._tiers) >= 1.0

    def pick(self, key: bytes, avoid: Candidate | None) -> C | None:
        at = self._draw()
        picked = self._tiers[at].balancer.pick(key, avoid)
        if picked is not None and picked is not avoid:
            return picked
        for other, tier in enumerate(self._tiers):
            found = tier.balancer.pick(key, avoid) if other != at else None
            if found is not None:
                return found
        return picked

    def _draw(self) -> int:
        drawn = random.random()
        for at, share in enumerate(self.shares):
            drawn -= share
            if drawn < 0:
                return at
        return 0
