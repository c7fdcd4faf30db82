"""Wired into the processes of a gateway by PYTHONPATH, for rows that need what no signal and no socket can do to it: a wall
clock that jumps, and an event loop that is blocked.

SIGHTLINE_FAULT_CLOCK names a file of eight bytes: nanoseconds, signed, by which the wall clock is wrong. SIGHTLINE_FAULT_BLOCK is
for how many seconds SIGVTALRM blocks whoever gets it. SIGHTLINE_FAULT_SLEEP: under libfaketime 0.9.10 the system call fails by which
CPython sleeps, so it sleeps by another.
"""

import mmap
import os
import select
import signal
import time
from pathlib import Path
from types import FrameType
from typing import SupportsIndex

CLOCK = "SIGHTLINE_FAULT_CLOCK"
BLOCK = "SIGHTLINE_FAULT_BLOCK"
SLEEP = "SIGHTLINE_FAULT_SLEEP"


def move_clock(file: Path) -> None:
    """From now on the wall clock of this process is as wrong as the file says at that moment."""
    with file.open("rb") as opened:
        offset = mmap.mmap(opened.fileno(), 8, prot=mmap.PROT_READ)
    right_ns = time.time_ns

    def wrong_ns() -> int:
        return right_ns() + int.from_bytes(offset[:8], "little", signed=True)

    def wrong_s() -> float:
        return wrong_ns() / 1e9

    time.time_ns = wrong_ns
    time.time = wrong_s


def blocked_by_the_test(_number: int, _frame: FrameType | None) -> None:
    """A plugin that computes, or calls something that waits: nothing else runs meanwhile."""
    time.sleep(float(os.environ[BLOCK]))


def sleep_by_select(seconds: float | SupportsIndex) -> None:
    select.select([], [], [], float(seconds))


if SLEEP in os.environ:
    time.sleep = sleep_by_select
if CLOCK in os.environ:
    move_clock(Path(os.environ[CLOCK]))
if BLOCK in os.environ:
    signal.signal(signal.SIGVTALRM, blocked_by_the_test)
