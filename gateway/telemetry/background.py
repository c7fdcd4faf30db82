"""Work that may wait: threads of the supervisor that stand behind the workers where processors are short."""

import os
import sys
import threading
from contextlib import suppress
from typing import Final

_NICER: Final = 10
_MAIN_NICER: Final = 5
"""Beside a worker that leaves nothing over it then still gets a quarter of a processor, which its reports need: with 10, a tenth,
up to half of the access lines were dropped at 30,000 requests a second on one processor, with 5 none."""
_FIRST: Final = os.getpriority(os.PRIO_PROCESS, 0)
"""Of this process, before anything in it stood back."""


def stand_back() -> None:
    """Lower the priority of the calling thread, for good, unless it is the main one. Linux keeps one for each (sched(7)).

    Rendering 30,000 samples or encoding a batch of spans takes tens of milliseconds, which a worker on the same processor would
    otherwise share evenly with its requests.
    """
    if threading.current_thread() is not threading.main_thread():
        _lower(_NICER)


def main_stands_back() -> None:
    """Less of the same for the main thread, and so for all it starts from now on: what shall not inherit it must be there before.

    Taking in reports and feeding who watches is little work, but it comes in pieces of milliseconds.
    """
    _lower(_MAIN_NICER)


def _lower(by: int) -> None:
    if sys.platform != "linux":
        return  # There a number of a thread may be that of somebody else's process.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(_FIRST + by, 19))
