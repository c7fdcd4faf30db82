"""The stream of live traffic: lines decoded once for all who follow, filters evaluated once for all who have the same.

Nothing is split or decoded while nobody follows. A follower that does not read fills a bounded queue of its own and
nothing else.
"""

import asyncio
import time
from collections.abc import Callable
from itertools import groupby, islice
from operator import attrgetter
from typing import Final

import msgspec
from prometheus_client import Counter, Gauge

from gateway.admin.state import TooManyFollowers, Wanted
from gateway.runtime.live.events import encode, read_id
from gateway.runtime.live.follower import Follower
from gateway.runtime.live.ring import ExchangeRing, Position, parse_position
from gateway.runtime.live.sampling import Sampler, Seen, Shown
from gateway.runtime.live.topics import Topic
from gateway.wire.filter import Predicate
from gateway.wire.live import LostEvent, decode_line, tells_an_end

EXCHANGES: Final = "exchanges"
MOST_FOLLOWERS: Final = 16
REPLAYED_LINES: Final = 3000
_MOST_REPLAYED: Final = 500
_TICK_S: Final = 0.25
_COUNT_EVERY_S: Final = 1.0
_SURE_BYTES: Final = 128 * 1024
"""As long as a worker sends fewer copies of what is remarkable, none of them was left out."""
_SAMPLED: Final = b'"sample_rate":'
"""In lines that stand for others too. A client's text has no bare quotation mark in a line."""


class Stream:
    """All who follow. `is_remarkable` says which exchanges are always shown."""

    def __init__(
        self,
        ring: ExchangeRing,
        is_remarkable: Predicate,
        epoch: str,
        attend: Callable[[], None],
        followers: Gauge,
        events: Counter,
    ) -> None:
        """epoch: of this supervisor, so that places of another are not taken for its own. attend: called as long as
        somebody follows exchanges. followers, events: metrics.
        """
        self._ring = ring
        self._is_remarkable = is_remarkable
        self._epoch = epoch
        self._attend = attend
        self._gauge = followers
        self._counter = events
        for result in ("shown", "sampled_out", "lost"):
            events.labels(result)
        self._topics: dict[str, Topic] = {}
        self._followers: list[Follower] = []
        self._timer: asyncio.TimerHandle | None = None
        self._ticked_s = 0.0
        self._is_closed = False

    def register(self, topic: Topic) -> None:
        self._topics[topic.name] = topic

    @property
    def topics(self) -> tuple[str, ...]:
        return (EXCHANGES, *self._topics)

    @property
    def wants_exchanges(self) -> bool:
        """Whether anybody follows exchanges."""
        return any(EXCHANGES in follower.wanted.topics for follower in self._followers)

    def follow(self, wanted: Wanted, predicate: Predicate) -> Follower:
        """Raises TooManyFollowers. The follower's `end` must be called when they have gone."""
        if len(self._followers) >= MOST_FOLLOWERS or self._is_closed:
            raise TooManyFollowers
        follower = Follower(wanted, predicate, self._epoch, self._counter)
        follower.on_end = self._left
        self._followers.append(follower)
        # Those with the same filter stand together, for it is evaluated once for all of them.
        self._followers.sort(key=attrgetter("filter"))
        self._gauge.set(len(self._followers))
        self._take_up(follower)
        # Before they have read that they follow: whoever then asks for what was before misses nothing in between.
        asyncio.get_running_loop().call_soon(self._tell_topics, follower, time.monotonic())
        if EXCHANGES in wanted.topics:
            self._attend()
        if self._timer is None:
            self._ticked_s = time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)
        return follower

    def _left(self, follower: Follower) -> None:
        self._followers = [other for other in self._followers if other is not follower]
        self._gauge.set(len(self._followers))

    def close(self) -> None:
        """Everybody is told that this is the end."""
        self._is_closed = True
        for follower in list(self._followers):
            follower.end()

    def offer(self, arrival: int, recent: bytes, remarkable: bytes) -> None:
        """What a report brought, as it went into the ring."""
        if not self.wants_exchanges:
            return
        lines = recent.splitlines()
        placed = [(Position(arrival, 0, at), line) for at, line in enumerate(lines) if tells_an_end(line)]
        if remarkable:
            shown = set(lines)
            kept = enumerate(remarkable.splitlines())
            placed += [(Position(arrival, 1, at), line) for at, line in kept if line not in shown]
        following = [follower for follower in self._followers if EXCHANGES in follower.wanted.topics]
        groups = [list(group) for _, group in groupby(following, attrgetter("filter"))]
        for group, (plain, always) in zip(groups, self._parts(placed, remarkable, groups), strict=True):
            estimated = sum(seen.stands_for for seen in plain) + sum(seen.stands_for for seen in always)
            for follower in group:
                follower.scanned += len(placed)
                follower.matched += len(plain) + len(always)
                follower.estimated += estimated
                follower.sampler.offer(plain, always)
                if follower.sampler.is_overfull:
                    follower.show(*follower.sampler.choose(0.0))

    def _parts(
        self, placed: list[tuple[Position, bytes]], remarkable: bytes, groups: list[list[Follower]]
    ) -> list[tuple[list[Seen], list[Seen]]]:
        """Of each group of followers, with one filter each, the plain and the remarkable exchanges that satisfy it."""
        # A worker copies what is remarkable, and more than that, until its room for it is full: what is not among the copies
        # need not be decoded for those who want everything, and they are the most.
        if groups[0][0].filter or len(remarkable) > _SURE_BYTES:
            return self._sift(placed, [group[0].predicate for group in groups])
        rest = self._sift(placed, [group[0].predicate for group in groups[1:]]) if len(groups) > 1 else []
        return [self._sift_everything(placed, set(remarkable.splitlines())), *rest]

    def _sift_everything(
        self, placed: list[tuple[Position, bytes]], copied: set[bytes]
    ) -> tuple[list[Seen], list[Seen]]:
        others: list[tuple[Position, bytes]] = []
        certain: list[Seen] = []
        for position, line in placed:
            if line in copied or _SAMPLED in line:
                others.append((position, line))
            else:
                certain.append(Seen(position, line, 1.0))
        ((plain, always),) = self._sift(others, [lambda _exchange: True])
        return plain + certain, always

    def _sift(
        self, placed: list[tuple[Position, bytes]], predicates: list[Predicate]
    ) -> list[tuple[list[Seen], list[Seen]]]:
        """For each predicate the plain and the remarkable exchanges that satisfy it."""
        found: list[tuple[list[Seen], list[Seen]]] = [([], []) for _ in predicates]
        for position, line in placed:
            try:
                exchange = decode_line(line)
            except msgspec.DecodeError:
                continue
            is_remarkable = self._is_remarkable(exchange)
            seen = None
            for predicate, parts in zip(predicates, found, strict=True):
                if predicate(exchange):
                    seen = seen or Seen(position, line, 1.0 / (exchange.sample_rate or 1.0))
                    parts[is_remarkable].append(seen)
        return found

    def _tick(self) -> None:
        try:
            self._tell_all()
        finally:
            # Whatever a topic raises, the loop's exception handler says so; it must not end the stream of everybody.
            is_needed = bool(self._followers) and not self._is_closed
            self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick) if is_needed else None

    def _tell_all(self) -> None:
        if self.wants_exchanges:
            self._attend()
        now_s = time.monotonic()
        passed_s, self._ticked_s = now_s - self._ticked_s, now_s
        for follower in self._followers:
            if EXCHANGES in follower.wanted.topics:
                follower.show(*follower.sampler.choose(passed_s))
                if now_s >= follower.due_s.get(EXCHANGES, 0.0):
                    follower.due_s[EXCHANGES] = now_s + _COUNT_EVERY_S
                    follower.count()
            self._tell_topics(follower, now_s)

    def _tell_topics(self, follower: Follower, now_s: float) -> None:
        for name in follower.wanted.topics:
            topic = self._topics.get(name)
            if topic is None or now_s < follower.due_s.get(name, 0.0):
                continue
            follower.due_s[name] = now_s + topic.every_s - _TICK_S / 2
            for told in topic.ask(follower.places.get(name, ""), follower.wanted.filter):
                if told.lost:
                    follower.tell("lost", encode(LostEvent(topic=name, why="gone", count=told.lost)))
                follower.places[name] = told.place
                if topic.resumes:
                    follower.resumable[name] = told.place
                if told.data:
                    follower.tell(name, told.data)

    def _take_up(self, follower: Follower) -> None:
        """Go on where an earlier connection ended, or begin with the last few."""
        epoch, places = read_id(follower.wanted.last_event_id)
        is_ours = epoch == self._epoch
        for name in follower.wanted.topics:
            topic = self._topics.get(name)
            if places and not is_ours:
                follower.tell("lost", encode(LostEvent(topic=name, why="restarted")))
            elif topic is not None and topic.resumes and name in places:
                follower.places[name] = follower.resumable[name] = places[name]
        if EXCHANGES in follower.wanted.topics:
            after = _place_in(places) if is_ours else None
            if after is not None or follower.wanted.last:
                self._replay(follower, after)

    def _replay(self, follower: Follower, after: Position | None) -> None:
        if after is not None and not self._ring.reaches_back_to(after):
            follower.tell("lost", encode(LostEvent(topic=EXCHANGES, why="gone")))
        kept = self._ring.placed_newest_first(after)
        placed = list(islice((placed for placed in kept if tells_an_end(placed[1])), REPLAYED_LINES))
        ((plain, always),) = self._sift(placed, [follower.predicate])
        if after is None:
            last = sorted(plain + always)[-follower.wanted.last :]
            follower.show([Shown(*seen) for seen in last], 0, is_replay=True)
            return
        sampler = Sampler(min(follower.wanted.rate * 4, _MOST_REPLAYED))
        sampler.offer(plain, always)
        follower.show(*sampler.choose(0.0), is_replay=True)


def _place_in(places: dict[str, str]) -> Position | None:
    try:
        return parse_position(places.get(EXCHANGES, ""))
    except ValueError:
        return None
