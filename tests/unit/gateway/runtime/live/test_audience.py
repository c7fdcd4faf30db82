"""Who may share a choice with whom, and that each is counted from when they came."""

import asyncio
import json

import msgspec
from prometheus_client import CollectorRegistry, Counter

from gateway.admin.state import Wanted
from gateway.runtime.live.arrival import Arrival, Lines
from gateway.runtime.live.audience import Audience
from gateway.runtime.live.follower import Follower
from gateway.wire.filter import compile_filter, parse_filter
from gateway.wire.live import AccessLine
from tests.support.event_stream import parse_events


def follower(text: str = "", rate: int = 5) -> Follower:
    wanted = Wanted(("exchanges",), parse_filter(text), rate)
    counter = Counter("events", "Events.", ("result",), registry=CollectorRegistry())
    return Follower(wanted, compile_filter(wanted.filter), "epoch", counter)


def offer(audience: Audience, number: int) -> None:
    lines = b"".join(msgspec.json.encode(AccessLine(request_id=str(each))) + b"\n" for each in range(number))
    arrival = Arrival(Lines(1, lines, number, b"", are_sampled=False), lambda _line: False)
    audience.offer(audience.look(arrival), arrival.scanned)


def told(following: Follower) -> list[str]:
    return [event.data for event in parse_events(asyncio.run(following.read(1.0))) if event.name == "exchange"]


def test_all_are_shown_the_same() -> None:
    first, second = follower(), follower()
    audience = Audience(first)
    assert audience.join(second)
    offer(audience, 100)
    audience.deliver(0.0)
    shown = told(first)
    assert len(shown) == 5
    assert told(second) == shown
    assert sum(json.loads(data)["weight"] for data in shown) == 100


def test_others_have_a_filter_or_a_rate_of_their_own() -> None:
    audience = Audience(follower())
    assert not audience.join(follower("err"))
    assert not audience.join(follower(rate=6))


def test_who_comes_later_is_not_counted_what_came_before() -> None:
    first, second = follower(), follower()
    audience = Audience(first)
    offer(audience, 10)
    assert audience.join(second)
    offer(audience, 1)
    assert (len(told(first)), first.matched, second.matched, second.scanned) == (5, 11, 1, 1)


def test_nobody_joins_where_something_waits_that_came_before() -> None:
    audience = Audience(follower(rate=1))
    for _ in range(2):  # The first of them is shown at once, the rest waits for its turn.
        offer(audience, 10)
        audience.deliver(0.0)
    assert not audience.join(follower(rate=1))


def test_who_has_left_is_shown_nothing_more() -> None:
    first, second = follower(), follower()
    audience = Audience(first)
    audience.join(second)
    audience.leave(first)
    offer(audience, 3)
    audience.deliver(0.0)
    assert (first.matched, second.matched, audience.followers) == (0, 3, [second])
