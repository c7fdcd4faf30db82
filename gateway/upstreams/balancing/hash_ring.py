"""Consistent hashing: endpoints own arcs of a ring, and a key belongs to the arc it falls on (Karger et al., 1997)."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from struct import unpack
from typing import Final, Generic, Protocol, TypeVar
from zlib import crc32

POINTS_BY_WEIGHT: Final = 1024
"""Of an endpoint of weight 1: the share of keys then strays from the weight by 3 % (one standard deviation)."""
MOST_POINTS: Final = 32_768
"""With more weight in total the points are halved until they fit, so that building a ring takes milliseconds."""

_RINGS_KEPT: Final = 16
_POINTS_PER_DIGEST: Final = 16
_OWNER_BITS: Final = 20
_OWNER: Final = (1 << _OWNER_BITS) - 1
_SUCCESSORS: Final = 256


class _HasWeight(Protocol):
    @property
    def address(self) -> str: ...
    @property
    def weight(self) -> int: ...


C = TypeVar("C", bound=_HasWeight)


class HashRing(Generic[C]):
    """Depends on addresses and weights alone: not on their order, the process, or what was there before."""

    def __init__(self, candidates: Sequence[C]) -> None:
        self.candidates = sorted(candidates, key=lambda candidate: candidate.address)
        self._points = _build_points(tuple((candidate.address, candidate.weight) for candidate in self.candidates))

    def owner(self, key: bytes) -> C:
        points = self._points
        # A point holds its place on the ring above the number of its owner; the first beyond the key's place counts.
        at = bisect(points, crc32(key) << _OWNER_BITS)
        return self.candidates[points[at if at < len(points) else 0] & _OWNER]

    def successors(self, key: bytes) -> Iterator[C]:
        """Where the key belongs while endpoints are out: the owners of the next arcs, repeated as they come; at last all
        of them, so that one that is available is found."""
        points = self._points
        at = bisect(points, crc32(key) << _OWNER_BITS)
        for step in range(min(_SUCCESSORS, len(points))):
            yield self.candidates[points[(at + step) % len(points)] & _OWNER]
        yield from self.candidates


@lru_cache(maxsize=_RINGS_KEPT)
def _build_points(weights: tuple[tuple[str, int], ...]) -> list[int]:
    """Sorted points. Kept, because a reload seldom changes the endpoints."""
    by_weight = float(POINTS_BY_WEIGHT)
    total = sum(weight for _, weight in weights)
    # Halved, not divided: most changes of the endpoints then leave the points of the others as they are.
    while by_weight * total > MOST_POINTS:
        by_weight /= 2
    points: list[int] = []
    for owner, (address, weight) in enumerate(weights):
        points += [place << _OWNER_BITS | owner for place in _places(address, max(1, int(by_weight * weight)))]
    points.sort()
    return points


def _places(address: str, count: int) -> list[int]:
    """The first `count` places of an endpoint, always the same and all over the 32-bit ring."""
    places: list[int] = []
    for block in range(-(-count // _POINTS_PER_DIGEST)):
        places += unpack("<16I", blake2b(f"{address}#{block}".encode()).digest())
    return places[:count]
