"""Work that may wait: threads of the supervisor that stand behind the workers where processors are short."""

import os
import threading
from contextlib import suppress
from typing import Final

_NICENESS: Final = 10


def stand_back() -> None:
    """Lower the priority of the calling thread, for good, unless it is the main one. Linux keeps one for each (sched(7)).

    Rendering 30,000 samples or encoding a batch of spans takes tens of milliseconds, which a worker on the same processor would
    otherwise share evenly with its requests.
    """
    if threading.current_thread() is threading.main_thread():
        return  # What it starts would inherit it: the workers.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
