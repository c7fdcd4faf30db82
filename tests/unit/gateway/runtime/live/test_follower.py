"""One follower's queue: bounded, and what did not fit is counted."""

import asyncio
import json

from prometheus_client import CollectorRegistry, Counter

from gateway.admin.state import Wanted
from gateway.runtime.live.events import HEARTBEAT, read_id, write_id
from gateway.runtime.live.follower import QUEUE_EVENTS, Follower
from gateway.runtime.live.ring import Position
from gateway.runtime.live.sampling import Shown
from gateway.wire.filter import EVERYTHING
from tests.support.event_stream import parse_events


def follower() -> Follower:
    counter = Counter("events", "Events.", ("result",), registry=CollectorRegistry())
    return Follower(Wanted(("exchanges",), EVERYTHING, 50), lambda _line: True, "epoch", counter)


def shown(number: int, weight: float = 1.0) -> Shown:
    return Shown(Position(number, 0, 0), b'{"n":%d}' % number, weight)


def test_a_stream_begins_by_saying_what_it_will_tell() -> None:
    events = parse_events(asyncio.run(follower().read(1.0)))
    assert [event.name for event in events] == ["hello"]
    assert json.loads(events[0].data)["topics"] == ["exchanges"]


def test_an_exchange_is_told_with_its_weight_and_a_place_to_go_on_from() -> None:
    following = follower()
    following.show([shown(1, 2.5)], 3)
    event = parse_events(asyncio.run(following.read(1.0)))[-1]
    assert json.loads(event.data) == {"weight": 2.5, "exchange": {"n": 1}}
    assert event.id == "epoch;exchanges=1.0.0"


def test_who_does_not_read_loses_the_oldest_and_is_told_how_many() -> None:
    following = follower()
    following.matched = QUEUE_EVENTS + 100
    following.show([shown(number, 2.0) for number in range(QUEUE_EVENTS + 100)], 0)
    events = parse_events(asyncio.run(following.read(1.0)))
    assert len(events) == QUEUE_EVENTS + 1
    assert (events[0].name, json.loads(events[0].data)["count"]) == ("lost", 100)
    following.count()
    counts = json.loads(parse_events(asyncio.run(following.read(1.0)))[-1].data)
    assert (counts["shown"], counts["lost"], counts["lost_weight"]) == (QUEUE_EVENTS, 100, 200.0)


def test_large_events_are_bounded_by_their_bytes() -> None:
    following = follower()
    line = b'{"path":"%b"}' % (b"x" * 100_000)
    following.show([Shown(Position(1, 0, number), line, 1.0) for number in range(100)], 0)
    assert len(asyncio.run(following.read(1.0))) < 2_200_000


def test_a_silent_stream_beats() -> None:
    following = follower()
    asyncio.run(following.read(1.0))
    assert asyncio.run(following.read(0.01)) == HEARTBEAT


def test_the_end_is_told() -> None:
    following = follower()
    following.end()
    assert [event.name for event in parse_events(asyncio.run(following.read(1.0)))] == ["hello", "bye"]
    assert following.is_closed


def test_ids_are_written_and_read() -> None:
    places = {"exchanges": "1.0.7", "incidents": "12"}
    assert read_id(write_id("ab12", places)) == ("ab12", places)
    assert read_id("") == ("", {})
    assert read_id("x;=;;a=b=c")[0] == "x"
