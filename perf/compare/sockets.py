"""Which process holds which connection, read from /proc, so that the split between workers is seen from outside."""

from pathlib import Path

_ESTABLISHED = "01"


def connections_of(pids: list[int], port: int) -> dict[int, list[int]]:
    """For each process, the client ports of its established connections on this IPv4 listening port."""
    peers = _established(port)
    return {pid: [peers[inode] for inode in _socket_inodes(pid) if inode in peers] for pid in pids}


def _established(port: int) -> dict[str, int]:
    wanted = f"{port:04X}"
    found: dict[str, int] = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == _ESTABLISHED and fields[1].endswith(":" + wanted):
            found[fields[9]] = int(fields[2].partition(":")[2], 16)
    return found


def _socket_inodes(pid: int) -> list[str]:
    inodes: list[str] = []
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.append(target[8:-1])
    return inodes
