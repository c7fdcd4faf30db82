"""Who serves which snapshot when workers are slow, fail, die or come late. The processes are played by the test."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
import pytest
import structlog.testing

from gateway.model.breaker import CircuitCause, CircuitState
from gateway.model.snapshot import Snapshot
from gateway.runtime.fleet import distribution as module
from gateway.runtime.fleet.distribution import PublishFailed
from gateway.runtime.fleet.fleet import Fleet
from gateway.runtime.fleet.launcher import Launcher
from gateway.runtime.fleet.package import Package, build_package, encode_slices
from gateway.runtime.fleet.process import WorkerProcess
from gateway.wire.control import (
    VERSION,
    Abort,
    Addresses,
    Applied,
    Begin,
    CircuitChanged,
    Circuits,
    Commit,
    Down,
    Drain,
    Drained,
    Failed,
    Hello,
    LoopBlocked,
    Measured,
    OpenCircuit,
    Prepared,
    Pressed,
    Suspect,
    Up,
    decode_down,
    encode,
)
from gateway.wire.report import Place, TakeLines


class Process:
    """A worker that obeys at once, unless it is told not to."""

    def __init__(self, index: int, say: Callable[["Process", memoryview], None]) -> None:
        self.index = index
        self.pid = 1000 + index
        self.is_clear = True
        self.heard: list[Down] = []
        self.refuses = ""
        self.is_slow = False
        self._say = say
        self._sequence = 0
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def hand_over(self, sockets: Mapping[int, object]) -> None:
        pass

    def take_lines(self, place: Place) -> bytes:
        return f"{place} of {self.index}".encode()

    def say(self, message: Up) -> None:
        self._say(self, memoryview(encode(message)))

    def send(self, *messages: bytes) -> None:
        for message in messages:
            down = decode_down(message)
            self.heard.append(down)
            asyncio.get_running_loop().call_soon(self.obey, down)

    def obey(self, down: Down) -> None:
        match down:
            case Begin(snapshot=snapshot):
                self._sequence = snapshot.sequence
                if self.refuses:
                    self.say(Failed(sequence=snapshot.sequence, error=self.refuses))
                elif not self.is_slow:
                    self.prepare()
            case Commit(sequence=sequence):
                self.say(Applied(sequence=sequence, revision=f"revision-{sequence}", swap_ns=1))
            case Drain():
                self.say(Drained(cut=1))
                self.end(0)
            case _:
                pass

    def prepare(self) -> None:
        self.say(Prepared(sequence=self._sequence, duration_ns=1, longest_step_ns=1))

    def end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)

    def kill(self) -> None:
        self.end(-9)

    async def wait(self) -> int:
        return await self._ended


class Observer:
    def __init__(self) -> None:
        self.reports: list[int] = []
        self.lines: list[bytes] = []
        self.gone: list[tuple[int, str]] = []
        self.circuits: list[tuple[int, str]] = []
        self.open: dict[int, list[OpenCircuit]] = {}
        self.serving: list[tuple[int, int, int]] = []
        self.died: list[tuple[int, str, str]] = []

    def on_report(self, worker: int, report: msgspec.Raw, take_lines: TakeLines) -> None:
        self.reports.append(worker)
        self.lines.append(take_lines((1, 64, 20)))

    def on_circuit(self, worker: int, change: CircuitChanged) -> None:
        self.circuits.append((worker, change.upstream))

    def open_circuits(self, worker: int) -> list[OpenCircuit]:
        return self.open.get(worker, [])

    def on_trouble(self, worker: int, message: Pressed | LoopBlocked) -> None:
        """Nothing of these tests is short of anything."""

    def on_suspect(self, suspect: Suspect) -> None:
        raise AssertionError("nothing is watched here")

    def on_worker_serving(self, worker: int, pid: int, restarts: int) -> None:
        self.serving.append((worker, pid, restarts))

    def on_worker_gone(self, worker: int, reason: str) -> None:
        self.gone.append((worker, reason))

    def on_worker_died(self, worker: int, reason: str, how: str, restart_in_s: float) -> None:
        self.died.append((worker, reason, how))

    def on_change(self, states: Mapping[str, int]) -> None:
        pass


class Stage:
    """A fleet of two and every process it has started, in order."""

    def __init__(self) -> None:
        self.observer = Observer()
        self.fleet = Fleet(2, self.observer)
        self.processes: list[Process] = []
        self.version = VERSION

    async def start_process(
        self, _launcher: Launcher, index: int, workers: int, on_message: Callable[[Process, memoryview], None]
    ) -> Process:
        process = Process(index, on_message)
        self.processes.append(process)
        hello = Hello(version=self.version, worker=index, pid=process.pid)
        asyncio.get_running_loop().call_soon(process.say, hello)
        return process

    def worker(self, index: int) -> Process:
        """The newest process of a seat."""
        return [process for process in self.processes if process.index == index][-1]

    async def publish(self, sequence: int) -> None:
        async def nothing() -> None:
            pass

        await self.fleet.distribution.publish(package(sequence), {}, nothing)

    def sequences(self) -> list[int]:
        return [seat.sequence for seat in self.fleet.seats]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - the condition is the test's own
                await asyncio.sleep(0.001)


def package(sequence: int) -> Package:
    snapshot = Snapshot(f"revision-{sequence}", sequence, (), (), ())
    return build_package(snapshot, encode_slices(snapshot), {})


def play(monkeypatch: pytest.MonkeyPatch, scene: Callable[[Stage], Awaitable[None]]) -> Stage:
    async def run() -> Stage:
        stage = Stage()
        monkeypatch.setattr(WorkerProcess, "start", stage.start_process)
        await stage.fleet.start()
        await scene(stage)
        await stage.fleet.kill()
        return stage

    return asyncio.run(run())


def test_every_worker_serves_what_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        assert stage.sequences() == [1, 1]
        assert [seat.state for seat in stage.fleet.seats] == ["serving", "serving"]
        await stage.publish(2)
        assert stage.sequences() == [2, 2]

    play(monkeypatch, scene)


def test_what_one_worker_cannot_compile_none_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        stage.worker(2).refuses = "a pattern is too large"
        with pytest.raises(PublishFailed, match="a pattern is too large"):
            await stage.publish(2)
        assert stage.sequences() == [1, 1]
        assert stage.worker(1).heard[-1] == Abort(sequence=2)
        stage.worker(2).refuses = ""
        await stage.publish(3)
        assert stage.sequences() == [3, 3]

    play(monkeypatch, scene)


def test_nothing_is_committed_before_all_have_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        stage.worker(2).is_slow = True
        publishing = asyncio.create_task(stage.publish(2))
        await stage.until(lambda: isinstance(stage.worker(2).heard[-1], Begin))
        compiled = stage.fleet.seats[0].delivery
        assert compiled is not None
        await stage.until(compiled.prepared.is_set)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not isinstance(stage.worker(1).heard[-1], Commit)
        assert stage.sequences() == [1, 1]
        stage.worker(2).prepare()
        await publishing
        assert stage.sequences() == [2, 2]

    play(monkeypatch, scene)


def test_a_worker_that_does_not_answer_holds_the_others_up_no_longer_than_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PREPARE_S", 0.05)

    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        stuck = stage.worker(2)
        stuck.is_slow = True
        await stage.publish(2)
        await stage.publish(3)
        assert stage.sequences() == [3, 1]
        stuck.is_slow = False
        stuck.prepare()
        await stage.until(lambda: stage.sequences() == [3, 3])

    play(monkeypatch, scene)


def test_a_worker_that_dies_while_it_prepares_does_not_hold_the_others_up_and_its_successor_catches_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        stage.worker(2).is_slow = True
        publishing = asyncio.create_task(stage.publish(2))
        await stage.until(lambda: isinstance(stage.worker(2).heard[-1], Begin))
        stage.worker(2).kill()
        await publishing
        await stage.until(lambda: stage.sequences() == [2, 2])

    with structlog.testing.capture_logs() as logged:
        stage = play(monkeypatch, scene)
    assert stage.observer.gone[0] == (2, "killed")
    assert stage.fleet.seats[1].restarts == 1
    told = [(entry["event"], entry["worker"]) for entry in logged if entry["event"].startswith("worker_")]
    assert told == [("worker_died", 2), ("worker_serving", 2)]


def test_why_a_worker_ended_is_told_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        for code in (1, 0):
            count = len(stage.processes)
            stage.worker(1).end(code)
            await stage.until(lambda count=count: len(stage.processes) > count)  # type: ignore[misc]
            await stage.until(lambda: stage.sequences() == [1, 1])

    assert play(monkeypatch, scene).observer.gone[:2] == [(1, "crashed"), (1, "exited")]


def test_a_worker_of_another_version_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        stage.version = VERSION + 1
        stage.worker(1).kill()
        await stage.until(lambda: (1, "unusable") in stage.observer.gone)
        stage.version = VERSION
        await stage.until(lambda: stage.sequences() == [1, 1])

    play(monkeypatch, scene)


def test_a_worker_that_speaks_nonsense_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        worker = stage.worker(1)
        worker._say(worker, memoryview(b"\xc1"))
        await stage.until(lambda: (1, "unusable") in stage.observer.gone)

    play(monkeypatch, scene)


def test_addresses_wait_for_a_worker_that_is_behind_with_its_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        worker = stage.worker(1)
        worker.is_clear = False
        stage.fleet.distribution.set_addresses({"orders:80": ("10.0.0.1",)})
        sent = Addresses(resolved={"orders:80": ("10.0.0.1",)})
        assert sent in stage.worker(2).heard
        assert sent not in worker.heard
        worker.is_clear = True
        worker.say(Measured(report=msgspec.Raw(b"\x90")))
        assert sent in worker.heard

    observer = play(monkeypatch, scene).observer
    assert (observer.reports, observer.lines) == ([1], [b"(1, 64, 20) of 1"])


def test_a_drain_ends_every_worker_and_counts_what_was_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        await stage.fleet.drain(0, 0)
        assert [seat.state for seat in stage.fleet.seats] == ["stopped", "stopped"]
        with pytest.raises(PublishFailed, match="ending"):
            await stage.publish(2)

    stage = play(monkeypatch, scene)
    assert stage.fleet.cut == 2
    assert sorted(stage.observer.gone) == [(1, "drained"), (2, "drained")]
    assert len(stage.processes) == 2


def test_what_happens_to_a_circuit_is_passed_on_with_the_worker_it_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        stage.worker(2).say(CircuitChanged("orders", CircuitState.OPEN, CircuitCause.FAILURE_RATIO, 20, 20))
        await stage.until(lambda: stage.observer.circuits == [(2, "orders")])

    play(monkeypatch, scene)


def test_a_worker_is_told_the_circuits_of_the_one_before_it_ahead_of_what_it_is_to_serve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = OpenCircuit("orders", CircuitCause.FAILURE_RATIO, 4, 3, 1)

    async def scene(stage: Stage) -> None:
        await stage.publish(1)
        stage.observer.open[2] = [opened]
        stage.worker(2).end(1)
        await stage.until(lambda: len(stage.processes) == 3 and stage.sequences() == [1, 1])
        told = [type(each) for each in stage.worker(2).heard]
        assert stage.worker(2).heard[told.index(Circuits)] == Circuits([opened])
        assert told.index(Circuits) < told.index(Begin)
        assert Circuits not in map(type, stage.worker(1).heard)

    play(monkeypatch, scene)
