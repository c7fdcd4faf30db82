"""Followers who want the same exchanges at the same rate: one choice is made for all of them."""

from gateway.runtime.live.arrival import Arrival, Found
from gateway.runtime.live.follower import Follower
from gateway.runtime.live.sampling import Sampler
from gateway.runtime.live.screen import screen_of
from gateway.wire.filter import EVERYTHING


class Audience:
    """Made for its first follower; others may join as long as nothing waits that came before them."""

    def __init__(self, first: Follower) -> None:
        self.followers = [first]
        self.filter = first.filter
        self._rate = first.wanted.rate
        self._sampler = Sampler(self._rate)
        self._predicate = first.predicate
        self._wants_everything = first.wanted.filter == EVERYTHING
        self._screen = screen_of(first.wanted.filter)

    def join(self, follower: Follower) -> bool:
        """False, with nothing done, where the follower wants something else or would be shown what came before."""
        if (follower.filter, follower.wanted.rate) != (self.filter, self._rate):
            return False
        self.deliver(0.0)
        if not self._sampler.is_empty:
            return False
        self.followers.append(follower)
        return True

    def leave(self, follower: Follower) -> None:
        self.followers = [other for other in self.followers if other is not follower]

    def look(self, arrival: Arrival) -> Found:
        """What of an arrival they want, and all others with the same filter."""
        return arrival.find_all() if self._wants_everything else arrival.find(self._predicate, self._screen)

    def offer(self, found: Found, scanned: int) -> None:
        """What was found, among so many."""
        matched = found.matched
        for follower in self.followers:
            follower.scanned += scanned
            follower.matched += matched
            follower.estimated += found.estimated
        self._sampler.offer(found.plain, found.always)
        if self._sampler.is_overfull:
            self.deliver(0.0)

    def deliver(self, passed_s: float) -> None:
        """Show them what is chosen; passed_s: since the last call."""
        shown, sampled_out = self._sampler.choose(passed_s)
        if shown or sampled_out:
            for follower in self.followers:
                follower.show(shown, sampled_out)
