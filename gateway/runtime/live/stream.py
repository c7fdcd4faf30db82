"""The stream of live traffic: lines looked at once for all who follow, filters evaluated once for all who have the same.

Nothing is split or decoded while nobody follows. A follower that does not read fills a bounded queue of its own and
nothing else.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from operator import attrgetter
from typing import Final

import msgspec
from prometheus_client import Counter, Gauge

from gateway.admin.state import TooManyFollowers, Wanted
from gateway.runtime.live.arrival import Arrival, Lines, Seen
from gateway.runtime.live.audience import Audience
from gateway.runtime.live.events import encode, read_id
from gateway.runtime.live.follower import Follower
from gateway.runtime.live.ring import ExchangeRing, Position, parse_position
from gateway.runtime.live.sampling import Sampler, Shown
from gateway.runtime.live.screen import screen_of
from gateway.runtime.live.topics import Topic
from gateway.wire.filter import Predicate
from gateway.wire.live import LostEvent, decode_line, tells_an_end

EXCHANGES: Final = "exchanges"
MOST_FOLLOWERS: Final = 16
REPLAYED_LINES: Final = 3000
_MOST_REPLAYED: Final = 500
_TICK_S: Final = 0.25
_COUNT_EVERY_S: Final = 1.0


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
        self._audiences: list[Audience] = []
        """Of those who follow exchanges; those with the same filter stand together, for it is evaluated once for all of them."""
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
        return bool(self._audiences)

    def follow(self, wanted: Wanted, predicate: Predicate) -> Follower:
        """Raises TooManyFollowers. The follower's `end` must be called when they have gone."""
        if len(self._followers) >= MOST_FOLLOWERS or self._is_closed:
            raise TooManyFollowers
        follower = Follower(wanted, predicate, self._epoch, self._counter)
        follower.on_end = self._left
        self._followers.append(follower)
        self._gauge.set(len(self._followers))
        self._take_up(follower)
        # Before they have read that they follow: whoever then asks for what was before misses nothing in between.
        asyncio.get_running_loop().call_soon(self._tell_topics, follower, time.monotonic())
        if EXCHANGES in wanted.topics:
            self._seat(follower)
            self._attend()
        if self._timer is None:
            self._ticked_s = time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)
        return follower

    def _seat(self, follower: Follower) -> None:
        if not any(audience.join(follower) for audience in self._audiences):
            self._audiences.append(Audience(follower))
            self._audiences.sort(key=attrgetter("filter"))

    def _left(self, follower: Follower) -> None:
        self._followers = [other for other in self._followers if other is not follower]
        for audience in self._audiences:
            audience.leave(follower)
        self._audiences = [audience for audience in self._audiences if audience.followers]
        self._gauge.set(len(self._followers))

    def close(self) -> None:
        """Everybody is told that this is the end."""
        self._is_closed = True
        for follower in list(self._followers):
            follower.end()

    def offer(self, lines: Lines) -> None:
        """What a report brought."""
        if not self._audiences:
            return
        arrival = Arrival(lines, self._is_remarkable)
        for _, audiences in groupby(self._audiences, attrgetter("filter")):
            alike = list(audiences)
            found = alike[0].look(arrival)
            for audience in alike:
                audience.offer(found, arrival.scanned)
        arrival.forget()

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
        for audience in self._audiences:
            audience.deliver(passed_s)
        for follower in self._followers:
            if EXCHANGES in follower.wanted.topics and now_s >= follower.due_s.get(EXCHANGES, 0.0):
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
        placed = islice(self._ring.placed_newest_first(after), REPLAYED_LINES)
        matching = self._matching(placed, follower)
        if after is None:
            last = [seen for seen, _ in islice(matching, follower.wanted.last)]
            follower.show([Shown(*seen) for seen in reversed(last)], 0, is_replay=True)
            return
        found = list(matching)
        sampler = Sampler(min(follower.wanted.rate * 4, _MOST_REPLAYED))
        sampler.offer([[seen for seen, always in found if not always]], [seen for seen, always in found if always])
        follower.show(*sampler.choose(0.0), is_replay=True)

    def _matching(self, placed: Iterable[tuple[Position, bytes]], follower: Follower) -> Iterator[tuple[Seen, bool]]:
        """Of lines that are kept, those that satisfy a follower's filter, and whether they are remarkable."""
        screen = screen_of(follower.wanted.filter)
        for position, line in placed:
            if not tells_an_end(line) or (screen is not None and not screen.may_satisfy(line)):
                continue
            try:
                exchange = decode_line(line)
            except msgspec.DecodeError:
                continue
            if follower.predicate(exchange):
                yield Seen(position, line, 1.0 / (exchange.sample_rate or 1.0)), self._is_remarkable(exchange)


def _place_in(places: dict[str, str]) -> Position | None:
    try:
        return parse_position(places.get(EXCHANGES, ""))
    except ValueError:
        return None
