"""What rows need of the machine: each says nothing where it is there, and else why the row is not run."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def installed(program: str) -> Callable[[], str]:
    """A program on the machine. `.ci/run` installs what is named in a call of this."""

    def look() -> str:
        return "" if shutil.which(program, path=PLACES) else f"{program} is not installed"

    return look


@cache
def root() -> str:
    return "" if os.geteuid() == 0 else "root is needed"


@cache
def small_disk() -> str:
    """A file system of a megabyte, to be filled."""
    if root():
        return root()
    with tempfile.TemporaryDirectory() as folder:
        if mount := _trouble("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder):
            return f"a tmpfs cannot be mounted: {mount}"
        return _trouble("umount", folder)


@cache
def packet_rules() -> str:
    """nftables in a network namespace of our own."""
    if root():
        return root()
    if missing := installed("nft")():
        return missing
    if trouble := _trouble(
        "unshare", "--net", shutil.which("nft", path=PLACES) or "nft", "add", "table", "inet", "probe"
    ):
        return f"nftables cannot be used: {trouble}"
    return ""


@cache
def memory_group() -> str:
    """A control group with a limit on memory, of either version."""
    if root():
        return root()
    for place in (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")):
        probe = place / "sightline-probe"
        if not (place / "cgroup.procs").exists():
            continue
        try:
            probe.mkdir()
            limits = [name for name in ("memory.limit_in_bytes", "memory.max") if (probe / name).exists()]
            probe.rmdir()
        except OSError:
            continue
        if limits:
            return ""
    return "no control group for memory can be made"


def wall_clock_library() -> Path | None:
    """libfaketime, which moves the clock of a program at its start."""
    for pattern in ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1"):
        for found in Path("/").glob(pattern[1:]):
            return found
    return None


def faked_clock() -> str:
    """libfaketime, of Debian's package with this command."""
    return "" if wall_clock_library() else installed("faketime")() or "libfaketime is not where Debian has it"


def _trouble(*command: str) -> str:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as failure:
        return str(failure)
    return "" if ended.returncode == 0 else (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
