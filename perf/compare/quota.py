"""A processor made smaller: a control group that lets its processes run for a share of each period (version 1 or 2)."""

import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from perf.compare.processes import StartError

_PERIOD_US: Final = 20_000
_SHARES: Final = "262144"
_WEIGHT: Final = "10000"
"""The most there are: it is to get its share whatever else runs."""
_VERSION_1: Final = Path("/sys/fs/cgroup/cpu")
_VERSION_2: Final = Path("/sys/fs/cgroup")


class Quota:
    """A group of its own while the block lasts. share: of one processor. Raises StartError where none can be made."""

    def __init__(self, share: float) -> None:
        self._quota_us = round(share * _PERIOD_US)
        is_first = (_VERSION_1 / "cgroup.procs").exists()
        self._folder = (_VERSION_1 if is_first else _VERSION_2) / f"sightline-{os.getpid()}"
        self._is_first = is_first

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir()
            if self._is_first:
                (self._folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
                (self._folder / "cpu.cfs_quota_us").write_text(str(self._quota_us))
                (self._folder / "cpu.shares").write_text(_SHARES)
            else:
                (self._folder / "cpu.max").write_text(f"{self._quota_us} {_PERIOD_US}")
                (self._folder / "cpu.weight").write_text(_WEIGHT)
        except OSError as error:
            raise StartError(f"no control group for processor time can be made: {error.strerror}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whoever is still in it goes back to the group above."""
        for pid in (self._folder / "cgroup.procs").read_text().split():
            self._move(pid, self._folder.parent)
        self._folder.rmdir()

    def hold(self, pids: list[int]) -> None:
        """Put processes into it, with all their threads."""
        for pid in pids:
            self._move(str(pid), self._folder)

    def _move(self, pid: str, folder: Path) -> None:
        try:
            (folder / "cgroup.procs").write_text(pid)
        except OSError:
            return  # It has ended.
