"""What a worker does when it is short of something, look by look."""

from collections.abc import Iterator

import pytest

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.overload import MemoryMarks, OverloadSettings
from gateway.proxy.overload.gate import Growth
from gateway.proxy.overload.pressure import Pressure
from gateway.proxy.overload.shedding import Shedding
from gateway.wire.control import ResourcePressure
from tests.support.scripted import Clock, ScriptedLoop

MIB = 1 << 20


class Port:
    """A listener that is told when to hold back; `waiting` are turned away with each look."""

    def __init__(self) -> None:
        self.is_held = False
        self.looks: list[tuple[Growth, int]] = []
        self.has_waiting = False

    def hold_back(self) -> None:
        self.is_held = True

    def release(self) -> None:
        self.is_held = False

    def look(self, growth: Growth, ceiling: int) -> bool:
        self.looks.append((growth, ceiling))
        return self.has_waiting


class Scene:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.loop = ScriptedLoop(clock)
        self.port = Port()
        self.shedding: Shedding | None = None
        self.told: list[list[ResourcePressure]] = []
        self.memory = 0
        self.pressure = Pressure(self.loop, lambda: [self.port], self._shed)
        self.pressure.told = self.told.append
        self.pressure.memory_use = lambda: self.memory

    def _shed(self, shedding: Shedding | None) -> None:
        self.shedding = shedding

    def pass_time(self, seconds: float, late_s: float = 0.0) -> None:
        """In steps of a look; each fires so late."""
        until_ns = self.clock.now_ns + round(seconds * SECOND_NS)
        step_ns = 20 * MILLISECOND_NS + round(late_s * SECOND_NS)
        while self.clock.now_ns < until_ns:
            self.clock.now_ns += step_ns
            self.loop.settle()

    def levels(self) -> dict[str, str]:
        return {one.resource: one.level for one in self.told[-1]}


@pytest.fixture
def scene() -> Iterator[Scene]:
    clock = Clock()
    with clock.installed():
        scene = Scene(clock)
        yield scene
        scene.pressure.stop()
        scene.loop.end()
    assert scene.loop.errors == []


def test_without_anything_to_watch_there_is_no_timer(scene: Scene) -> None:
    scene.pressure.configure(OverloadSettings(memory=MemoryMarks(limit=None)))
    scene.pass_time(1)
    assert scene.told == []


def test_memory_above_its_marks_sheds_and_then_refuses_and_is_forgiven(scene: Scene) -> None:
    scene.pressure.configure(OverloadSettings(memory=MemoryMarks(limit=100 * MIB)))
    scene.memory = 96 * MIB
    scene.pass_time(0.2)
    assert scene.shedding is not None
    assert not scene.shedding.turns_away(0)
    assert scene.shedding.turns_away(1)
    assert not scene.port.is_held
    scene.memory = 99 * MIB
    scene.pass_time(0.2)
    assert scene.shedding.turns_away(0)
    assert scene.shedding.closes
    assert scene.port.is_held
    assert scene.port.looks[-1][0].is_none
    scene.memory = 50 * MIB
    scene.pass_time(2)
    assert scene.shedding is None
    assert not scene.port.is_held
    assert scene.levels()["memory"] == "fine"


def test_above_the_first_mark_of_memory_the_second_is_noticed_at_once(scene: Scene) -> None:
    scene.pressure.configure(OverloadSettings(memory=MemoryMarks(limit=100 * MIB)))
    scene.memory = 96 * MIB
    scene.pass_time(0.2)
    scene.memory = 99 * MIB
    scene.pass_time(0.04)
    assert scene.port.is_held


def test_what_the_other_processes_take_counts(scene: Scene) -> None:
    scene.pressure.configure(OverloadSettings(memory=MemoryMarks(limit=100 * MIB)))
    scene.memory = 30 * MIB
    scene.pressure.note_others(97 * MIB)
    scene.pass_time(0.2)
    assert scene.levels()["memory"] == "shed"


def test_a_group_without_a_limit_has_no_marks(scene: Scene) -> None:
    scene.pressure.configure(OverloadSettings())
    scene.memory = 1 << 40
    scene.pass_time(0.5)
    assert scene.shedding is None


def test_a_loop_that_lags_lets_nobody_in_and_recovers_within_two_seconds(scene: Scene) -> None:
    scene.pressure.configure(OverloadSettings(loop_delay_ns=50 * MILLISECOND_NS))
    scene.pass_time(3, late_s=0.3)
    assert scene.port.is_held
    assert scene.shedding is not None
    assert scene.port.looks[-1][0].is_none
    scene.port.has_waiting = True
    scene.pass_time(1.0)
    assert scene.port.is_held
    scene.port.has_waiting = False
    scene.pass_time(3.0)
    assert not scene.port.is_held
    assert scene.shedding is None


def test_descriptors_kept_for_others_close_the_gate_for_a_moment(scene: Scene) -> None:
    scene.pressure.configure(OverloadSettings(memory=MemoryMarks(limit=None), reserved_descriptors=64))
    scene.pressure.short_of_descriptors(960)
    scene.pass_time(0.3)
    assert scene.port.is_held
    assert scene.levels()["file_descriptors"] == "shed"
    assert scene.shedding is None
    scene.pass_time(4)
    assert not scene.port.is_held


def test_while_there_is_too_little_memory_what_was_freed_is_given_back_once_a_second(scene: Scene) -> None:
    shrunk: list[int] = []
    scene.pressure.shrink = lambda: shrunk.append(scene.clock.now_ns)
    scene.pressure.configure(OverloadSettings(memory=MemoryMarks(limit=100 * MIB)))
    scene.memory = 50 * MIB
    scene.pass_time(3)
    assert shrunk == []
    scene.memory = 97 * MIB
    scene.pass_time(3.5)
    assert len(shrunk) == 4
