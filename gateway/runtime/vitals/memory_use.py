"""How much memory a process holds that nobody else can take back: what counts against a limit."""

import ctypes
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

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


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
