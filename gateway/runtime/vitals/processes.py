"""Memory, CPU time and descriptors of the gateway's processes, read from /proc when a scrape asks for them."""

import os
import re
import threading
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


class ProcessTable:
    """`processes` tells the process id by label. Safe to be read by several scrapes at once.

    A process that is gone has no gauges; what CPU time it took after it was last looked at is not known.
    """

    def __init__(self, processes: Callable[[], Mapping[str, int]], proc: Path = Path("/proc")) -> None:
        self._processes = processes
        self._proc = proc
        self._lock = threading.Lock()
        self._cpu: dict[str, _CpuTime] = {}

    def readings(self) -> list[Reading]:
        with self._lock:
            found = [reading for label, pid in self._processes().items() for reading in self._read(label, pid)]
            times = {label: time.of_earlier_s + time.seconds for label, time in self._cpu.items()}
        found += [(catalog.PROCESS_CPU, (label,), seconds) for label, seconds in times.items()]
        if SUPERVISOR in times:
            # Nearly all it does is telemetry, so all of it counts: an upper bound, admin calls and reloads included.
            found.append((catalog.TELEMETRY_CPU, (SUPERVISOR,), times[SUPERVISOR]))
        return found

    def _read(self, label: str, pid: int) -> Iterator[Reading]:
        folder = self._proc / str(pid)
        try:
            resident = int((folder / "statm").read_text().split()[1]) * _PAGE
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            limit = _MAX_FILES.search((folder / "limits").read_text())
            descriptors = _count_descriptors(folder / "fd")
        except (OSError, ValueError, IndexError):
            return
        self._cpu.setdefault(label, _CpuTime()).seen(pid, (int(fields[11]) + int(fields[12])) / _TICKS)
        yield catalog.PROCESS_MEMORY, (label,), resident
        yield catalog.PROCESS_OPEN_FDS, (label,), descriptors
        if limit is not None:
            yield catalog.PROCESS_MAX_FDS, (label,), int(limit[1])


def _count_descriptors(folder: Path) -> int:
    """Newer kernels tell the number as the size of the folder; with others each is looked at."""
    return folder.stat().st_size or sum(1 for _ in os.scandir(folder))
