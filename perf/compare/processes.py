"""Processes of a run: started pinned to a core, measured through /proc with all their descendants, ended by pid."""

import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from perf.compare.cores import core_list, pin_threads

CLOSE_GRACE_S = 15.0


class StartError(Exception):
    """A process that could not be started or did not get ready; the message says why."""


@dataclass
class Process:
    """A started program: the leader and whatever it has forked since."""

    name: str
    popen: subprocess.Popen[bytes]
    output: Path
    cores: frozenset[int]
    started_ns: int = field(default_factory=time.monotonic_ns)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def pids(self) -> list[int]:
        """The leader and all its living descendants."""
        return descendants(self.pid)

    def cpu_ns(self) -> int:
        """User and system time of all of them so far, nanoseconds. A process that has ended no longer counts."""
        return sum(cpu_ns(pid) for pid in self.pids())

    def tail(self) -> str:
        """The end of what it wrote, for error messages."""
        lines = self.output.read_text(errors="replace").split("\n") if self.output.exists() else []
        return " / ".join(line.strip() for line in lines[-4:] if line.strip())[-500:]


def descendants(pid: int) -> list[int]:
    """The process and all its living descendants, parents first."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in children.read_text().split())
            except OSError:
                continue
    return found


def cpu_ns(pid: int) -> int:
    """CPU time of a process, all threads, living and ended. 0 once it is gone.

    The clock id is that of clock_getcpuclockid(3): the same time as utime + stime of /proc/PID/stat, in nanoseconds
    instead of ticks of 10 ms.
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


@dataclass(frozen=True)
class Memory:
    """Bytes. `unique` counts pages no other process maps; `proportional` divides shared ones by their users."""

    resident: int
    proportional: int
    unique: int


def memory_of(pid: int) -> Memory:
    """Memory of one process. Source: /proc/PID/smaps_rollup."""
    sizes: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        key, _, rest = line.partition(":")
        sizes[key] = int(rest.split()[0]) * 1024
    unique = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return Memory(sizes["Rss"], sizes["Pss"], unique)


def resident_bytes(pid: int) -> int:
    """Resident memory alone; cheap enough to be sampled. Source: /proc/PID/statm. 0 once it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stable:
    """Everything a run has started. Leaving it ends all of it, also after an error or Ctrl-C."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            _end(process)
        self._running.clear()

    def start(
        self, name: str, command: Sequence[object], cores: frozenset[int], env: dict[str, str] | None = None
    ) -> Process:
        """Start a program with stdout and stderr in `folder/NAME.out` and `.err`, itself and its children pinned."""
        output = self.folder / f"{name}.err"
        try:
            with output.open("wb") as err, (self.folder / f"{name}.out").open("wb") as out:
                popen = subprocess.Popen(
                    ["taskset", "-c", core_list(cores), *(str(part) for part in command)],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    cwd=Path(__file__).parents[2],
                    env={**os.environ, **(env or {})},
                )
        except OSError as error:
            raise StartError(f"{name}: {error.strerror}") from error
        process = Process(name, popen, output, cores)
        self._running.append(process)
        return process

    def named(self, *names: str) -> list[Process]:
        """Those that run under one of these names."""
        return [process for process in self._running if process.name in names]

    def stop(self, process: Process) -> int:
        """End one process and all it forked; returns the leader's exit code."""
        _end(process)
        self._running.remove(process)
        return process.popen.returncode

    def wait_listening(self, process: Process, port: int, within_s: float = 20.0) -> None:
        """Return once the port accepts connections; raise StartError if the process ends or time runs out first."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if process.popen.poll() is not None:
                raise StartError(f"{process.name} ended with code {process.popen.returncode}: {process.tail()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise StartError(f"{process.name} did not listen on port {port} within {within_s:.0f} s: {process.tail()}")


def _end(process: Process) -> None:
    family = process.pids() if process.popen.poll() is None else []
    if family:
        process.popen.send_signal(signal.SIGTERM)
    try:
        process.popen.wait(CLOSE_GRACE_S)
    except subprocess.TimeoutExpired:
        process.popen.kill()
        process.popen.wait()
    for pid in family[1:]:
        _kill_orphan(pid)


def _kill_orphan(pid: int) -> None:
    """Kill a child that outlived its leader. Its parent is then init, or this process were it a subreaper."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def repin(process: Process, cores: frozenset[int]) -> None:
    """Move every thread of a process and its descendants to other cores."""
    for pid in process.pids():
        pin_threads(pid, cores)
