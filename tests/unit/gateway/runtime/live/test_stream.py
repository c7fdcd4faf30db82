"""The stream: who is shown what, how a connection is taken up again, and what is told when something is missing."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.admin.state import TooManyFollowers, Wanted
from gateway.runtime.live.arrival import Lines
from gateway.runtime.live.follower import Follower
from gateway.runtime.live.ring import ExchangeRing
from gateway.runtime.live.stream import MOST_FOLLOWERS, Stream
from gateway.runtime.live.topics import Told, Topic
from gateway.wire.filter import compile_filter, parse_filter
from gateway.wire.live import decode_line
from tests.support.event_stream import Event, parse_events


def line(number: int, **facts: Any) -> bytes:
    fields = {"request_id": str(number), "http.response.status_code": 200, **facts}
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


class Scene:
    def __init__(self, ring: ExchangeRing | None = None) -> None:
        self.ring = ring or ExchangeRing()
        self.attended = 0
        registry = CollectorRegistry()
        self.is_remarkable = compile_filter(parse_filter("err | slow | retried"))
        self.stream = Stream(
            self.ring, self.is_remarkable, "here", self.attend, Gauge("g", "G.", registry=registry),
            Counter("c", "C.", ("result",), registry=registry),
        )  # fmt: skip

    def attend(self) -> None:
        self.attended += 1

    def follow(self, text: str = "", rate: int = 50, topics: str = "exchanges", **more: Any) -> Follower:
        wanted = Wanted(tuple(topics.split(",")), parse_filter(text), rate, **more)
        return self.stream.follow(wanted, compile_filter(wanted.filter))

    def report(self, *lines: bytes, remarkable: bytes = b"") -> None:
        """As a worker does: with copies of what is remarkable."""
        remarkable = remarkable or b"".join(each for each in lines if self.is_remarkable(decode_line(each)))
        self.offer(*lines, remarkable=remarkable)

    def offer(self, *lines: bytes, remarkable: bytes) -> None:
        recent = b"".join(lines)
        number = self.ring.add(recent, len(lines), remarkable)
        self.stream.offer(Lines(number, recent, len(lines), remarkable, are_sampled=b'"sample_rate":' in recent))


async def until(follower: Follower, is_enough: Callable[[list[Event]], bool]) -> list[Event]:
    data = b""
    async with asyncio.timeout(5):
        while not is_enough(parse_events(data)):
            data += await follower.read(1.0)
    return parse_events(data)


def named(name: str, number: int = 1) -> Callable[[list[Event]], bool]:
    return lambda events: sum(event.name == name for event in events) >= number


def ids(events: list[Event]) -> list[str]:
    return [json.loads(event.data)["exchange"]["request_id"] for event in events if event.name == "exchange"]


def counted(scanned: int) -> Callable[[list[Event]], bool]:
    return lambda events: any(
        event.name == "counts" and json.loads(event.data)["scanned"] == scanned for event in events
    )


def test_each_follower_is_shown_what_its_filter_wants() -> None:
    async def run() -> tuple[list[str], list[str], int]:
        scene = Scene()
        failed, all_of_them = scene.follow("err"), scene.follow()
        scene.report(line(1), line(2, **{"http.response.status_code": 503}), line(3))
        return (
            ids(await until(failed, named("exchange"))),
            ids(await until(all_of_them, named("exchange", 3))),
            scene.attended,
        )

    failed, everything, attended = asyncio.run(run())
    assert (failed, everything) == (["2"], ["1", "2", "3"])
    assert attended >= 2


def test_failures_are_all_shown_although_the_worker_had_no_room_for_a_copy_of_each() -> None:
    async def run() -> list[Event]:
        scene = Scene()
        follower = scene.follow(rate=5)
        broken = [line(number, **{"http.response.status_code": 500, "url.path": "/x" * 500}) for number in range(200)]
        scene.offer(*broken, line(500), remarkable=b"".join(broken[:150]))
        return await until(follower, counted(201))

    events = asyncio.run(run())
    statuses = [
        json.loads(event.data)["exchange"]["http.response.status_code"] for event in events if event.name == "exchange"
    ]
    assert statuses.count(500) == 200


def test_lines_that_stand_for_others_say_so_to_those_who_want_everything() -> None:
    async def run() -> list[Event]:
        scene = Scene()
        follower = scene.follow()
        scene.report(line(1), line(2, sample_rate=0.1), line(3, **{"http.response.status_code": 500}, sample_rate=0.5))
        return await until(follower, named("exchange", 3))

    told = [json.loads(event.data) for event in asyncio.run(run()) if event.name == "exchange"]
    assert {one["exchange"]["request_id"]: one["weight"] for one in told} == {"1": 1, "2": 10, "3": 2}


def test_failures_are_all_shown_and_the_rest_is_sampled_with_weights_that_add_up() -> None:
    async def run() -> list[Event]:
        scene = Scene()
        follower = scene.follow(rate=5)
        broken = [line(number, **{"http.response.status_code": 500}) for number in range(20)]
        scene.report(*broken, *[line(number) for number in range(100, 1100)])
        return await until(follower, counted(1020))

    events = asyncio.run(run())
    shown = [json.loads(event.data) for event in events if event.name == "exchange"]
    plain = [one["weight"] for one in shown if one["exchange"]["http.response.status_code"] == 200]
    assert sum(one["exchange"]["http.response.status_code"] == 500 for one in shown) == 20
    assert len(plain) <= 6
    assert sum(plain) == pytest.approx(1000)
    counts = json.loads([event for event in events if event.name == "counts"][-1].data)
    assert (counts["matched"], counts["sampled_out"], counts["lost"]) == (1020, 1000 - len(plain), 0)


def test_a_line_that_came_twice_is_shown_once() -> None:
    async def run() -> list[Event]:
        scene = Scene()
        follower = scene.follow()
        broken = line(2, **{"http.response.status_code": 500})
        scene.report(line(1), broken, remarkable=broken + line(3, **{"http.response.status_code": 500}))
        return await until(follower, counted(3))

    assert ids(asyncio.run(run())) == ["1", "2", "3"]


def test_a_connection_is_taken_up_behind_the_last_event_it_saw() -> None:
    async def run() -> list[Event]:
        scene = Scene()
        follower = scene.follow()
        scene.report(line(1), line(2))
        last = (await until(follower, named("exchange", 2)))[-1].id
        follower.end()
        scene.report(line(3), line(4))
        return await until(scene.follow(last_event_id=last), named("exchange", 2))

    events = asyncio.run(run())
    assert ids(events) == ["3", "4"]
    assert all(json.loads(event.data)["replay"] for event in events if event.name == "exchange")


def test_a_connection_whose_place_is_not_kept_any_more_is_told_so() -> None:
    async def run() -> list[Event]:
        scene = Scene(ExchangeRing(recent=2))
        for number in range(10):
            scene.report(line(number))
        return await until(scene.follow(last_event_id="here;exchanges=2.0.0"), named("exchange"))

    events = asyncio.run(run())
    assert [json.loads(event.data)["why"] for event in events if event.name == "lost"] == ["gone"]


def test_a_place_of_another_supervisor_is_lost() -> None:
    async def run() -> list[Event]:
        return await until(Scene().follow(last_event_id="there;exchanges=2.0.0"), named("lost"))

    assert json.loads(asyncio.run(run())[-1].data) == {"topic": "exchanges", "why": "restarted", "count": 0}


def test_a_follower_may_begin_with_the_last_few() -> None:
    async def run() -> list[Event]:
        scene = Scene()
        scene.report(*[line(number) for number in range(9)])
        return await until(scene.follow(last=3), named("exchange", 3))

    assert ids(asyncio.run(run())) == ["6", "7", "8"]


def test_a_topic_is_asked_behind_the_place_it_told_last() -> None:
    async def run() -> tuple[list[Event], list[str]]:
        asked: list[str] = []

        def ask(after: str, _wanted: object) -> list[Told]:
            asked.append(after)
            return [Told(b'{"n":%d}' % (len(asked)), f"p{len(asked)}", lost=7 if len(asked) == 2 else 0)]

        scene = Scene()
        scene.stream.register(Topic("ticks", 0.01, ask, resumes=True))
        assert scene.stream.topics == ("exchanges", "ticks")
        events = await until(scene.follow(topics="ticks"), named("ticks", 2))
        return events, asked

    events, asked = asyncio.run(run())
    assert asked[:2] == ["", "p1"]
    assert [event.id for event in events if event.name == "ticks"][:2] == ["here;ticks=p1", "here;ticks=p2"]
    assert json.loads(next(event for event in events if event.name == "lost").data)["count"] == 7


def test_the_place_from_which_a_topic_is_told_is_taken_before_a_follower_hears_that_they_follow() -> None:
    async def run() -> list[str]:
        asked: list[str] = []

        def ask(after: str, _wanted: object) -> list[Told]:
            asked.append(after)
            return [Told(b"", "now")]

        scene = Scene()
        scene.stream.register(Topic("ticks", 60.0, ask, resumes=True))
        following = scene.follow(topics="ticks")
        await asyncio.sleep(0)
        assert b"hello" in await following.read(0.0)
        return asked

    assert asyncio.run(run()) == [""]


def test_a_topic_that_fails_does_not_end_the_stream() -> None:
    async def run() -> tuple[list[Event], list[str]]:
        asked: list[str] = []
        told: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(str(context["exception"])))

        def ask(after: str, _wanted: object) -> list[Told]:
            asked.append(after)
            if len(asked) == 1:
                raise LookupError("not this time")
            return [Told(b"{}")]

        scene = Scene()
        scene.stream.register(Topic("ticks", 0.01, ask))
        return await until(scene.follow(topics="ticks"), named("ticks")), told

    events, told = asyncio.run(run())
    assert named("ticks")(events)
    assert told == ["not this time"]


def test_only_so_many_may_follow_and_one_who_leaves_makes_room() -> None:
    async def run() -> None:
        scene = Scene()
        followers = [scene.follow() for _ in range(MOST_FOLLOWERS)]
        with pytest.raises(TooManyFollowers):
            scene.follow()
        followers[3].end()
        scene.follow()

    asyncio.run(run())


def test_the_end_of_the_gateway_ends_every_stream() -> None:
    async def run() -> list[Event]:
        scene = Scene()
        follower = scene.follow()
        scene.stream.close()
        with pytest.raises(TooManyFollowers):
            scene.follow()
        return await until(follower, named("bye"))

    assert asyncio.run(run())[-1].name == "bye"


def test_nothing_is_decoded_while_nobody_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    monkeypatch.setattr("gateway.runtime.live.arrival.decode_line", lambda _line: pytest.fail("decoded"))
    scene.report(line(1))
