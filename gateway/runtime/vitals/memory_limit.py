"""How much memory all processes of the gateway may use together."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def memory_limit(root: Path = Path("/")) -> int:
    """Bytes: the least limit of the control group (version 2 or 1) and those above it, or else the machine's memory; 0 if
    not even that can be read."""
    return group_memory_limit(root) or _machine_memory(root)


def group_memory_limit(root: Path = Path("/")) -> int:
    """The control group's alone, where it is less than the machine has; 0 if there is none."""
    machine = _machine_memory(root)
    return min((limit for limit in _group_limits(root) if 0 < limit < (machine or 1 << 62)), default=0)


def _group_limits(root: Path) -> Iterator[int]:
    """A limit that is none at all is absent (version 2), or larger than any machine (version 1)."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        if line.count(":") < 2:
            continue
        _, controllers, group = line.split(":", 2)
        if not controllers:
            yield from _limits_up(root / "sys/fs/cgroup", group, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits_up(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes")


def _limits_up(mount: Path, group: str, file: str) -> Iterator[int]:
    """Of the group and all above it. In a container the mount is often the group itself, and the path is not there."""
    path = PurePosixPath(group)
    for ancestor in (path, *path.parents):
        text = _read(mount / str(ancestor).lstrip("/") / file).strip()
        if text.isdecimal():
            yield int(text)


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
