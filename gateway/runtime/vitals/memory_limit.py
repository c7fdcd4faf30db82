"""How much memory all processes of the gateway may use together."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

_CACHED: Final = ("inactive_file", "active_file")


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """A control group with a limit in bytes. place: where it is told of."""

    limit: int
    place: Path

    def used(self) -> int:
        """Bytes the kernel charges it with and cannot take back: what is cached of files is left out, what sockets and
        other things of the kernel take is not, and no process is asked how much that is. 0 if it cannot be read."""
        charged = _read(self.place / "memory.current") or _read(self.place / "memory.usage_in_bytes")
        told = dict(line.split()[:2] for line in _read(self.place / "memory.stat").splitlines() if " " in line)
        # In version 1 the names alone are of this group without those beneath it.
        cached = sum(int(told.get(f"total_{name}", told.get(name, "0"))) for name in _CACHED)
        return max(0, int(charged) - cached) if charged.strip().isdecimal() else 0


def memory_limit(root: Path = Path("/")) -> int:
    """Bytes: the least limit of the control group (version 2 or 1) and those above it, or else the machine's memory; 0 if
    not even that can be read."""
    return group_memory_limit(root) or _machine_memory(root)


def group_memory_limit(root: Path = Path("/")) -> int:
    """The control group's alone, where it is less than the machine has; 0 if there is none."""
    group = memory_group(root)
    return group.limit if group is not None else 0


def memory_group(root: Path = Path("/")) -> MemoryGroup | None:
    """The control group, of ours and those above it, whose limit is the least; None if the machine has less."""
    machine = _machine_memory(root) or 1 << 62
    limited = [group for group in _groups(root) if 0 < group.limit < machine]
    return min(limited, key=lambda group: group.limit, default=None)


def _groups(root: Path) -> Iterator[MemoryGroup]:
    """A limit that is none at all is absent (version 2), or larger than any machine (version 1)."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        if line.count(":") < 2:
            continue
        _, controllers, group = line.split(":", 2)
        if not controllers:
            yield from _groups_up(root / "sys/fs/cgroup", group, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _groups_up(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes")


def _groups_up(mount: Path, group: str, file: str) -> Iterator[MemoryGroup]:
    """Of the group and all above it. In a container the mount is often the group itself, and the path is not there."""
    path = PurePosixPath(group)
    for ancestor in (path, *path.parents):
        place = mount / str(ancestor).lstrip("/")
        text = _read(place / file).strip()
        if text.isdecimal():
            yield MemoryGroup(int(text), place)


def _machine_memory(root: Path) -> int:
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
