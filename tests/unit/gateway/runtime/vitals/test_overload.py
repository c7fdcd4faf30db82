"""What is told of workers that are short of something, and of loops that stood still."""

import os
from types import SimpleNamespace
from typing import Any

from gateway.model.overload import MemoryMarks, OverloadSettings
from gateway.runtime.incidents import Incidents
from gateway.runtime.vitals.overload import OverloadWatch
from gateway.telemetry import catalog
from gateway.telemetry.store import MetricsStore
from gateway.wire.control import LoopBlocked, MemoryUse, Pressed, ResourcePressure, decode_down

MIB = 1 << 20


class Fleet:
    """One worker, which has this process id; 0: it has none yet."""

    def __init__(self, pid: int, sent: list[bytes] | None = None) -> None:
        self.seats: Any = [SimpleNamespace(pid=pid)]
        self.sent: list[bytes] = [] if sent is None else sent

    def tell(self, message: bytes) -> None:
        self.sent.append(message)


class Scene:
    def __init__(self, settings: OverloadSettings | None = None) -> None:
        self.store = MetricsStore()
        self.incidents = Incidents()
        self.watch = OverloadWatch(self.store, self.incidents)
        self.watch.settings = settings or OverloadSettings()

    def press(self, worker: int, level: str, resource: str = "memory", value: float = 99 * MIB) -> None:
        self.watch.take(worker, Pressed(resources=[ResourcePressure(resource, value, 95 * MIB, level)]))

    def kinds(self) -> list[str]:
        return [incident.kind for incident in self.incidents.newest()]


def test_a_shortage_of_several_workers_is_one_incident_with_its_evidence_until_the_last_has_enough() -> None:
    scene = Scene()
    for worker, level in ((1, "shed"), (2, "refuse"), (1, "refuse"), (1, "fine")):
        scene.press(worker, level)
    assert scene.kinds() == ["overload_began"]
    (began,) = scene.incidents.newest()
    assert began.text == "worker 1 is short of memory: 99 MiB, and 95 MiB is the mark"
    assert began.detail["resource"] == "memory"
    scene.press(2, "fine", value=10 * MIB)
    assert scene.kinds() == ["overload_began", "overload_ended"]


def test_a_worker_that_is_gone_is_short_of_nothing() -> None:
    scene = Scene()
    scene.press(1, "shed")
    scene.watch.worker_gone(1)
    assert scene.kinds() == ["overload_began", "overload_ended"]
    assert scene.watch.readings() == []


def test_scrapes_see_how_short_each_worker_is() -> None:
    scene = Scene()
    scene.press(1, "refuse", value=190 * MIB)
    assert scene.watch.readings() == [
        (catalog.OVERLOAD_PRESSURE, ("1", "memory"), 2.0),
        (catalog.OVERLOAD_LEVEL, ("1", "memory"), 2),
    ]


def test_a_loop_that_stood_still_is_counted_and_told_with_its_place() -> None:
    scene = Scene()
    scene.watch.take(2, LoopBlocked(duration_ns=2_000_000_000, cpu_ns=0, frames=["a.py:7 hold", "b.py:9 call"]))
    (told,) = scene.incidents.newest()
    assert told.text == "the event loop of worker 2 stood still for 2000 ms in a.py:7 hold"
    assert told.detail["frame_2"] == "b.py:9 call"
    assert scene.store.counted(catalog.EVENT_LOOP_BLOCKED) == {("worker-2",): 1}


def test_workers_are_told_the_sum_of_memory_only_while_it_is_much() -> None:
    plenty = Scene(OverloadSettings(memory=MemoryMarks(limit=1 << 50)))
    fleet = Fleet(os.getpid())
    plenty.watch.share_memory(fleet)
    assert fleet.sent == []
    short = Scene(OverloadSettings(memory=MemoryMarks(limit=1 * MIB)))
    short.watch.share_memory(Fleet(0, sent=fleet.sent))
    short.watch.share_memory(fleet)
    one, two = (decode_down(message) for message in fleet.sent)
    assert isinstance(one, MemoryUse)
    assert isinstance(two, MemoryUse)
    assert two.total > 1.5 * one.total


def test_what_all_take_is_looked_at_more_closely_where_it_is_above_the_first_mark() -> None:
    for limit, pause_s in ((1 << 50, 0.25), (1 * MIB, 0.05), (None, 0.25)):
        scene = Scene(OverloadSettings(memory=MemoryMarks(limit=1 * MIB)))
        scene.watch.share_memory(Fleet(os.getpid()))
        scene.watch.settings = OverloadSettings(memory=MemoryMarks(limit=limit))
        scene.watch.share_memory(Fleet(os.getpid()))
        assert scene.watch.pause_s == pause_s
