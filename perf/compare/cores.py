"""Which core carries what: the gateway under test alone on one, backend and load generators on another."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cores:
    """`gateway` and `load` are one core each; `spare` are the rest of the machine."""

    gateway: frozenset[int]
    load: frozenset[int]
    spare: frozenset[int]


def choose_cores() -> Cores:
    """The first two cores this process may use, at different physical cores where the machine tells.

    Raises SystemExit on a machine with a single core: there, a load generator would measure itself.
    """
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("perf needs two cores: one for the gateway, one for backend and load")
    first = usable[0]
    others = [core for core in usable if core not in _siblings(first)] or usable[1:]
    rest = frozenset(usable) - {first, others[0]}
    return Cores(frozenset({first}), frozenset({others[0]}), rest)


def _siblings(core: int) -> frozenset[int]:
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    if not path.exists():
        return frozenset({core})
    found: set[int] = set()
    for part in path.read_text().strip().split(","):
        low, _, high = part.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return frozenset(found)


def core_list(cores: frozenset[int]) -> str:
    """As taskset(1) takes it."""
    return ",".join(str(core) for core in sorted(cores))


def busy_ns(cores: frozenset[int]) -> int:
    """Time these cores have been busy with anything at all, nanoseconds in steps of a tick. Source: /proc/stat."""
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    wanted = {f"cpu{core}" for core in cores}
    total = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, _, rest = line.partition(" ")
        if name in wanted:
            user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = (int(part) for part in rest.split())
            total += user + nice + system + irq + softirq + steal
    return total * tick_ns


def stolen_ns(cores: frozenset[int]) -> int:
    """Time in which these cores were ready to run and the host of the machine let another run, nanoseconds in steps of a tick.
    Source: /proc/stat."""
    lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    wanted = {f"cpu{core}" for core in cores}
    return sum(int(line[8]) for line in lines if line[0] in wanted) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def pin_threads(pid: int, cores: frozenset[int]) -> None:
    """Pin all threads of one process. Threads that have ended meanwhile are passed over."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            os.sched_setaffinity(int(task.name), cores)
        except ProcessLookupError:
            continue
