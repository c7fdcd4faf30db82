"""What access lines are written to: a descriptor that is there, or a file that others move away now and then."""

import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_POLL_MS: Final = 500
_LOOK_EVERY_S: Final = 1.0
_MODE: Final = 0o640


class Descriptor:
    """An open file, such as stdout."""

    def __init__(self, number: int = 1) -> None:
        self._number = number

    def begin(self) -> bool:
        return False

    def write(self, data: memoryview) -> int:
        """Blocks while the reader does not read. Somebody else may have set the descriptor not to block: then wait here."""
        try:
            return os.write(self._number, data)
        except BlockingIOError:
            poller = select.poll()
            poller.register(self._number, select.POLLOUT)
            poller.poll(_POLL_MS)
            return 0

    def close(self) -> None:
        """It is not ours."""


class LogFile:
    """A file appended to, made if it is not there (0640, in a folder that is). Opened anew when `reopen` was called, and
    when its name leads to another file or to none: looked up once a second at most."""

    def __init__(self, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._number = -1
        self._inode = (0, 0)
        self._looked_s = 0.0
        self._must_reopen = threading.Event()

    def reopen(self) -> None:
        """From any thread: what is written from now on goes to the file that then has the name."""
        self._must_reopen.set()

    def begin(self) -> bool:
        """Open the file if need be; True if it was. Raises OSError."""
        if self._number >= 0 and not self._has_moved():
            return False
        self._must_reopen.clear()
        self.close()
        number = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        found = os.fstat(number)
        self._number, self._inode = number, (found.st_dev, found.st_ino)
        self._looked_s = self._clock()
        return True

    def write(self, data: memoryview) -> int:
        return os.write(self._number, data)

    def close(self) -> None:
        if self._number >= 0:
            os.close(self._number)
            self._number = -1

    def _has_moved(self) -> bool:
        if self._must_reopen.is_set():
            return True
        now_s = self._clock()
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return False
        self._looked_s = now_s
        try:
            found = Path(self._path).stat()
        except OSError:
            return True
        return (found.st_dev, found.st_ino) != self._inode
