"""How much memory a process holds that nobody else can take back: what counts against a limit."""

import ctypes
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_KEPT_FREE: Final = 8 * 1024 * 1024
_MAPPED_FROM: Final = 1024 * 1024

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def private_memory(pid: int | str = "self", proc: Path = Path("/proc")) -> int:
    """Bytes of resident memory less what it shares with files and others (proc(5), statm); 0 if it is gone."""
    try:
        fields = (proc / str(pid) / "statm").read_text().split()
        return max(0, int(fields[1]) - int(fields[2])) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def shrink_heap() -> None:
    """Give back to the kernel what has been freed (malloc_trim(3)): left to itself, the C library keeps what lies between
    pieces in use, so that a process which was large once stays so. Takes milliseconds; nothing where there is no such call."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


def keep_heap() -> None:
    """Let the C library keep some megabytes of what has been freed (mallopt(3)); nothing where there is no such call.

    By default it gives back all above 128 KiB, so that each block of access lines, a hundred of them, had to be faulted in anew
    page by page: 0.15 faults a request, each half a microsecond or more.
    """
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(_M_TRIM_THRESHOLD, _KEPT_FREE)
        adjust(_M_MMAP_THRESHOLD, _MAPPED_FROM)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
