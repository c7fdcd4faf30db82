"""The table of processes: what /proc says of living ones, and CPU time that never falls when one is replaced."""

import os
import resource
from pathlib import Path

from gateway.runtime.vitals.processes import ProcessTable
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.merging.gauges import Reading

TICKS = os.sysconf("SC_CLK_TCK")


def value_of(readings: list[Reading], instrument: Instrument, label: str) -> float | None:
    found = [value for each, labels, value in readings if each is instrument and labels == (label,)]
    assert len(found) <= 1
    return found[0] if found else None


def put(proc: Path, pid: int, *, cpu_s: int, pages: int = 10) -> None:
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True, exist_ok=True)
    (folder / "statm").write_text(f"100 {pages} 3 4 5 6 7\n")
    (folder / "stat").write_text(f"{pid} (a) b) S {'0 ' * 10}{cpu_s * TICKS} 0 0 0\n")
    (folder / "limits").write_text("Limit  Soft Limit  Hard Limit  Units\nMax open files   1024  4096  files\n")


def test_this_process_is_told_as_the_system_has_it() -> None:
    readings = ProcessTable(lambda: {"supervisor": os.getpid()}).readings()
    assert (value_of(readings, catalog.PROCESS_MEMORY, "supervisor") or 0) > 1_000_000
    assert value_of(readings, catalog.PROCESS_MAX_FDS, "supervisor") == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    cpu_s = value_of(readings, catalog.PROCESS_CPU, "supervisor") or 0
    assert 0 < cpu_s <= sum(os.times()[:2]) + 0.02
    assert value_of(readings, catalog.TELEMETRY_CPU, "supervisor") == cpu_s


def test_descriptors_that_are_opened_are_counted() -> None:
    table = ProcessTable(lambda: {"supervisor": os.getpid()})
    before = value_of(table.readings(), catalog.PROCESS_OPEN_FDS, "supervisor") or 0
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
    try:
        assert value_of(table.readings(), catalog.PROCESS_OPEN_FDS, "supervisor") == before + 5
    finally:
        for descriptor in opened:
            os.close(descriptor)


def test_the_cpu_time_of_a_label_goes_on_when_its_process_is_replaced(tmp_path: Path) -> None:
    processes = {"worker-1": 41}
    table = ProcessTable(lambda: processes, tmp_path)
    put(tmp_path, 41, cpu_s=7)
    assert value_of(table.readings(), catalog.PROCESS_CPU, "worker-1") == 7
    put(tmp_path, 42, cpu_s=1)
    processes["worker-1"] = 42
    assert value_of(table.readings(), catalog.PROCESS_CPU, "worker-1") == 8
    put(tmp_path, 42, cpu_s=2)
    assert value_of(table.readings(), catalog.PROCESS_CPU, "worker-1") == 9


def test_a_process_that_is_gone_has_no_gauges_and_keeps_its_counter(tmp_path: Path) -> None:
    processes = {"worker-1": 41}
    table = ProcessTable(lambda: processes, tmp_path)
    put(tmp_path, 41, cpu_s=7)
    table.readings()
    processes["worker-1"] = 42
    readings = table.readings()
    assert value_of(readings, catalog.PROCESS_MEMORY, "worker-1") is None
    assert value_of(readings, catalog.PROCESS_CPU, "worker-1") == 7


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_share_of_a_processor_is_told_from_the_second_look_on_over_the_last_seconds(tmp_path: Path) -> None:
    clock = Clock()
    table = ProcessTable(lambda: {"worker-1": 41}, tmp_path, clock)
    put(tmp_path, 41, cpu_s=7, pages=20)
    first = table.usage()["worker-1"]
    assert (first.cpu_ratio, first.resident) == (None, 20 * os.sysconf("SC_PAGE_SIZE"))
    clock.now_s += 4
    put(tmp_path, 41, cpu_s=9)
    assert table.usage()["worker-1"].cpu_ratio == 0.5
    clock.now_s += 8
    assert table.usage()["worker-1"].cpu_ratio == 0.0
    clock.now_s += 60
    assert table.usage()["worker-1"].cpu_ratio is None


def test_who_looks_again_within_a_second_reads_nothing(tmp_path: Path) -> None:
    clock = Clock()
    asked: list[int] = []

    def processes() -> dict[str, int]:
        asked.append(1)
        return {"worker-1": 41}

    table = ProcessTable(processes, tmp_path, clock)
    put(tmp_path, 41, cpu_s=7)
    assert table.usage() == table.usage()
    assert len(asked) == 1
    clock.now_s += 1
    table.usage()
    assert len(asked) == 2


def test_the_share_of_a_successor_is_its_own_and_of_the_gone_there_is_nothing(tmp_path: Path) -> None:
    clock, processes = Clock(), {"worker-1": 41}
    table = ProcessTable(lambda: processes, tmp_path, clock)
    put(tmp_path, 41, cpu_s=7)
    table.usage()
    put(tmp_path, 42, cpu_s=1)
    processes["worker-1"] = 42
    clock.now_s += 2
    assert table.usage()["worker-1"].cpu_ratio is None
    processes["worker-1"] = 43
    clock.now_s += 2
    assert table.usage() == {}
