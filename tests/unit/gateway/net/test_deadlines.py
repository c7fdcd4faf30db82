"""Deadlines are met by a sweep, by each that has one and no other."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator

import pytest
import uvloop

from gateway.model.clock import MILLISECOND_NS, NEVER_NS, monotonic_ns
from gateway.net.deadlines import SWEEP_NS, Deadlines
from tests.support.scripted import Clock, ScriptedLoop


class Watched:
    """Notes when it is called; `then` is done at that moment."""

    def __init__(self, deadline_ns: int, then: Callable[[], object] = lambda: None) -> None:
        self.deadline_ns = deadline_ns
        self.calls: list[int] = []
        self._then = then

    def on_deadline(self, now_ns: int) -> None:
        assert self.deadline_ns == NEVER_NS
        self.calls.append(now_ns)
        self._then()


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock.installed():
        yield clock


@pytest.fixture
def loop(clock: Clock) -> Iterator[ScriptedLoop]:
    loop = ScriptedLoop(clock)
    yield loop
    loop.end()


@pytest.fixture
def deadlines(loop: ScriptedLoop) -> Deadlines:
    deadlines = Deadlines(loop)
    deadlines.start()
    return deadlines


def sweep(clock: Clock, loop: ScriptedLoop, after_ns: int = SWEEP_NS) -> None:
    clock.now_ns += after_ns
    loop.settle()


def test_a_deadline_is_met_once_and_by_the_first_sweep_behind_it(
    clock: Clock, loop: ScriptedLoop, deadlines: Deadlines
) -> None:
    watched = Watched(clock.now_ns + SWEEP_NS + 1)
    deadlines.watch(watched)
    sweep(clock, loop)
    assert watched.calls == []
    sweep(clock, loop)
    sweep(clock, loop)
    assert watched.calls == [clock.now_ns - SWEEP_NS]


def test_a_deadline_at_this_very_moment_has_passed(clock: Clock, loop: ScriptedLoop, deadlines: Deadlines) -> None:
    watched = Watched(clock.now_ns + SWEEP_NS)
    deadlines.watch(watched)
    sweep(clock, loop)
    assert len(watched.calls) == 1


def test_a_new_deadline_set_at_the_old_one_is_met_as_well(
    clock: Clock, loop: ScriptedLoop, deadlines: Deadlines
) -> None:
    def again() -> None:
        watched.deadline_ns = clock.now_ns + 10 * MILLISECOND_NS

    watched = Watched(clock.now_ns, again)
    deadlines.watch(watched)
    for _ in range(3):
        sweep(clock, loop)
    assert len(watched.calls) == 3


def test_whoever_is_not_watched_any_more_is_left_alone(clock: Clock, loop: ScriptedLoop, deadlines: Deadlines) -> None:
    watched = Watched(clock.now_ns)
    deadlines.watch(watched)
    deadlines.unwatch(watched)
    deadlines.unwatch(watched)
    sweep(clock, loop)
    assert watched.calls == []


def test_watching_and_unwatching_within_a_sweep_is_no_harm(
    clock: Clock, loop: ScriptedLoop, deadlines: Deadlines
) -> None:
    late = Watched(clock.now_ns)

    def rearrange() -> None:
        deadlines.unwatch(early)
        deadlines.watch(late)

    early = Watched(clock.now_ns, rearrange)
    deadlines.watch(early)
    sweep(clock, loop)
    sweep(clock, loop)
    assert (len(early.calls), len(late.calls)) == (1, 1)


def test_one_that_fails_takes_nobody_elses_deadline_with_it(
    clock: Clock, loop: ScriptedLoop, deadlines: Deadlines
) -> None:
    many = [Watched(clock.now_ns, lambda: 1 / 0) for _ in range(3)]
    for watched in many:
        deadlines.watch(watched)
    sweep(clock, loop)
    assert [len(watched.calls) for watched in many] == [1, 1, 1]
    assert [type(error["exception"]) for error in loop.errors] == [ZeroDivisionError] * 3
    many[0].deadline_ns = clock.now_ns
    sweep(clock, loop)
    assert len(many[0].calls) == 2


def test_after_a_stop_nothing_is_swept_until_the_next_start(
    clock: Clock, loop: ScriptedLoop, deadlines: Deadlines
) -> None:
    watched = Watched(clock.now_ns)
    deadlines.watch(watched)
    deadlines.stop()
    deadlines.stop()
    sweep(clock, loop, 10 * SWEEP_NS)
    assert watched.calls == []
    deadlines.start()
    sweep(clock, loop)
    assert len(watched.calls) == 1


def test_an_object_watched_twice_is_called_once(clock: Clock, loop: ScriptedLoop, deadlines: Deadlines) -> None:
    watched = Watched(clock.now_ns)
    deadlines.watch(watched)
    deadlines.watch(watched)
    sweep(clock, loop)
    assert len(watched.calls) == 1


def test_many_that_are_due_at_once_leave_room_for_others_between_them(
    clock: Clock, loop: ScriptedLoop, deadlines: Deadlines
) -> None:
    course: list[str] = []

    def take_a_millisecond() -> None:
        if not course:
            loop.call_soon(course.append, "somebody else")
        course.append("deadline")
        clock.now_ns += MILLISECOND_NS

    for _ in range(10):
        deadlines.watch(Watched(clock.now_ns, take_a_millisecond))
    sweep(clock, loop)
    assert course.count("deadline") == 10
    assert course.index("somebody else") <= 4
    late = Watched(clock.now_ns)
    deadlines.watch(late)
    sweep(clock, loop, 2 * SWEEP_NS)
    assert len(late.calls) == 1


class Listener(asyncio.Protocol):
    """Whoever waits for a word until its deadline."""

    def __init__(self, deadline_ns: int) -> None:
        self.deadline_ns = deadline_ns
        self.told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.deadline_ns = NEVER_NS
        self.told.set_result(data.decode())

    def on_deadline(self, _now_ns: int) -> None:
        self.told.set_result("too late")


def test_what_came_in_time_while_the_loop_was_held_up_is_not_too_late() -> None:
    async def listen() -> str:
        loop = asyncio.get_running_loop()
        deadlines = Deadlines(loop)
        deadlines.start()
        ours, theirs = socket.socketpair()
        nudge, nudged = socket.socketpair()

        def hold_up() -> None:
            """As what is found in one look for news does, before timers run and the next look."""
            loop.remove_reader(nudged)
            theirs.send(b"here")
            time.sleep(max(0.0, (listener.deadline_ns - monotonic_ns() + SWEEP_NS) / 1e9))

        with ours, theirs, nudge, nudged:
            transport, listener = await loop.create_connection(
                lambda: Listener(monotonic_ns() + 2 * SWEEP_NS), sock=ours
            )
            deadlines.watch(listener)
            loop.add_reader(nudged, hold_up)
            nudge.send(b"!")
            try:
                return await asyncio.wait_for(listener.told, 20.0)
            finally:
                deadlines.stop()
                transport.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(listen()) == "here"
