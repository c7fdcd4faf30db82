"""Memory, CPU time and descriptors of the gateway's processes, read from /proc when a scrape or somebody who looks asks for them."""

import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.telemetry import catalog
from gateway.telemetry.labels import SUPERVISOR
from gateway.telemetry.merging.gauges import Reading

FAMILIES: Final = (
    catalog.PROCESS_MEMORY,
    catalog.PROCESS_OPEN_FDS,
    catalog.PROCESS_MAX_FDS,
    catalog.PROCESS_CPU,
    catalog.TELEMETRY_CPU,
)

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_FRESH_S: Final = 1.0
_SPAN_S: Final = 10.0
"""Over which the share of a processor is told, at most."""
_LOOKS: Final = 16
_MAX_FILES: Final = re.compile(r"^Max open files\s+(\d+)", re.MULTILINE)


@dataclass(slots=True)
class _CpuTime:
    """Of all processes that had a label, one after another: the counter goes on when a worker is replaced."""

    pid: int = 0
    of_earlier_s: float = 0.0
    seconds: float = 0.0

    def seen(self, pid: int, seconds: float) -> None:
        if pid != self.pid:
            self.of_earlier_s += self.seconds
            self.pid = pid
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process takes. cpu_ratio: share of one processor; None where it has been looked at once only."""

    resident: int
    descriptors: int
    cpu_ratio: float | None


@dataclass(frozen=True, slots=True)
class _Found:
    """One reading of a process: bytes, a count, and CPU seconds since its start."""

    resident: int
    descriptors: int
    cpu_s: float


@dataclass(slots=True)
class _Looks:
    """At one process, while somebody looks: when, and how much CPU time it had taken."""

    pid: int
    times: deque[tuple[float, float]]

    def ratio(self, now_s: float, cpu_s: float) -> float | None:
        """Since the oldest look that is not too long ago, and with this one."""
        while self.times and now_s - self.times[0][0] > _SPAN_S:
            self.times.popleft()
        self.times.append((now_s, cpu_s))
        passed_s = now_s - self.times[0][0]
        return max(0.0, cpu_s - self.times[0][1]) / passed_s if passed_s > 0 else None


class ProcessTable:
    """`processes` tells the process id by label. Safe to be read by several scrapes at once.

    A process that is gone has no gauges; what CPU time it took after it was last looked at is not known. clock: monotonic seconds.
    """

    def __init__(
        self,
        processes: Callable[[], Mapping[str, int]],
        proc: Path = Path("/proc"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processes = processes
        self._proc = proc
        self._clock = clock
        self._lock = threading.Lock()
        self._cpu: dict[str, _CpuTime] = {}
        self._looks: dict[str, _Looks] = {}
        self._usage: dict[str, Usage] = {}
        self._looked_s = -_FRESH_S

    def readings(self) -> list[Reading]:
        """For a scrape."""
        with self._lock:
            found = [reading for label, pid in self._processes().items() for reading in self._readings_of(label, pid)]
            times = {label: time.of_earlier_s + time.seconds for label, time in self._cpu.items()}
        found += [(catalog.PROCESS_CPU, (label,), seconds) for label, seconds in times.items()]
        if SUPERVISOR in times:
            # Nearly all it does is telemetry, so all of it counts: an upper bound, admin calls and reloads included.
            found.append((catalog.TELEMETRY_CPU, (SUPERVISOR,), times[SUPERVISOR]))
        return found

    def usage(self) -> Mapping[str, Usage]:
        """For who looks: by label, at most a second old. However many ask, it is read once."""
        with self._lock:
            now_s = self._clock()
            if now_s - self._looked_s >= _FRESH_S:
                self._looked_s = now_s
                self._look(now_s)
            return self._usage

    def _look(self, now_s: float) -> None:
        usage, looks = {}, {}
        for label, pid in self._processes().items():
            found = self._read(pid)
            if found is None:
                continue
            of_process = self._looks.get(label)
            if of_process is None or of_process.pid != pid:
                of_process = _Looks(pid, deque(maxlen=_LOOKS))
            looks[label] = of_process
            usage[label] = Usage(found.resident, found.descriptors, of_process.ratio(now_s, found.cpu_s))
        self._looks, self._usage = looks, usage

    def _readings_of(self, label: str, pid: int) -> Iterator[Reading]:
        found = self._read(pid)
        if found is None:
            return
        self._cpu.setdefault(label, _CpuTime()).seen(pid, found.cpu_s)
        yield catalog.PROCESS_MEMORY, (label,), found.resident
        yield catalog.PROCESS_OPEN_FDS, (label,), found.descriptors
        limit = self._max_files(pid)
        if limit is not None:
            yield catalog.PROCESS_MAX_FDS, (label,), limit

    def _read(self, pid: int) -> _Found | None:
        """None if it is gone."""
        folder = self._proc / str(pid)
        try:
            resident = int((folder / "statm").read_text().split()[1]) * _PAGE
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            descriptors = _count_descriptors(folder / "fd")
            return _Found(resident, descriptors, (int(fields[11]) + int(fields[12])) / _TICKS)
        except (OSError, ValueError, IndexError):
            return None

    def _max_files(self, pid: int) -> int | None:
        try:
            limit = _MAX_FILES.search((self._proc / str(pid) / "limits").read_text())
        except OSError:
            return None
        return int(limit[1]) if limit is not None else None


def _count_descriptors(folder: Path) -> int:
    """Newer kernels tell the number as the size of the folder; with others each is looked at."""
    return folder.stat().st_size or sum(1 for _ in os.scandir(folder))
