"""What all pools of an upstream share where its `limits` say so: how many connections, and how many may wait for one."""

from collections.abc import Sequence
from typing import Protocol

from gateway.model.breaker import UpstreamLimits


class Sharer(Protocol):
    """A pool. taken: connections it has or is opening. queued: who waits, and has none being opened for him."""

    @property
    def taken(self) -> int: ...
    @property
    def queued(self) -> int: ...
    def make_room(self) -> bool:
        """Close an idle connection; False if there is none."""

    def open_if_needed(self) -> None:
        """Open connections for those who wait, as far as there is room."""


class Room:
    """Of one upstream in one worker; a pool asks it only when it has no idle connection to give."""

    def __init__(self, limits: UpstreamLimits, pools: Sequence[Sharer] = ()) -> None:
        self.limits = limits
        self.pools = pools
        self._turn = 0
        self.has_queue = False
        """False if nobody waits; True if somebody may."""

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another connection."""
        most = self.limits.connections
        return most is not None and sum(pool.taken for pool in self.pools) >= most

    @property
    def is_queue_full(self) -> bool:
        """Whether nobody else may wait."""
        most = self.limits.pending
        return most is not None and sum(pool.queued for pool in self.pools) >= most

    def make(self) -> None:
        """Have an idle connection closed, whosever it is, if there is no room."""
        if self.is_full:
            any(pool.make_room() for pool in self.pools)

    def is_owed(self, owner: Sharer) -> bool:
        """Whether a connection that has fallen free must make room: somebody waits elsewhere who has none to hope for."""
        return self.is_full and any(pool is not owner and pool.queued and not pool.taken for pool in self.pools)

    def is_wanted_elsewhere(self, owner: Sharer) -> bool:
        """The same of one that nobody of its own pool waits for."""
        self.has_queue = any(pool.queued for pool in self.pools)
        return self.has_queue and self.is_full and any(pool is not owner and pool.queued for pool in self.pools)

    def freed(self) -> None:
        """There is room for one more: who waits gets it, each pool in its turn."""
        self._turn += 1
        for position in range(len(self.pools)):
            self.pools[(self._turn + position) % len(self.pools)].open_if_needed()
