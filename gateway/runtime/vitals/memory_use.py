"""How much memory a process holds that nobody else can take back: what counts against a limit."""

import os
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
