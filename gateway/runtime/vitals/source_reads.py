"""Whether the source of the configuration can still be read: a file that cannot is noticed before somebody changes it."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Final

INTERVAL_S: Final = 5.0


class SourceReads:
    """Tells `on_read` (Unix time) whenever the file at `path` was found readable. Only its first byte is read."""

    def __init__(self, path: str, on_read: Callable[[float], None]) -> None:
        self._path = path
        self._on_read = on_read

    async def run(self) -> None:
        """Look now and every few seconds, until cancelled. A file system that hangs holds up this alone."""
        while True:
            if await asyncio.to_thread(is_readable, self._path):
                self._on_read(time.time())
            await asyncio.sleep(INTERVAL_S)


def is_readable(path: str) -> bool:
    """Whether a file can be opened and read."""
    try:
        # Without O_NONBLOCK, opening a FIFO by mistake would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.read(descriptor, 1)
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return True
