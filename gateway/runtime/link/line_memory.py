"""Memory that a worker shares with the supervisor: access lines are written there, and a message only says where.

Through the socket a block of lines is copied four times and cut into pages by the kernel, which costs more than all else that is
done with a line. Here it is copied in and out, in memory that stays in the processor's cache since it is soon used again.
"""

import mmap
import os
from typing import Final

from gateway.wire.report import Place

_HEAD: Final = 64
"""Bytes before the slots; the first eight say how many blocks have been taken since the beginning."""
_SLOT: Final = 256 * 1024
_SLOTS: Final = 4
_SIZE: Final = _HEAD + _SLOTS * _SLOT


class LineMemory:
    """One side writes blocks, each into a slot that nobody needs any more, the other takes each of them once, in their order.

    Implements gateway.telemetry.recording.outbox.LineRoom.
    """

    def __init__(self, descriptor: int) -> None:
        """Of memory that `create` made; it may be closed afterwards. Raises OSError, or ValueError where it is too small."""
        self._memory = mmap.mmap(descriptor, _SIZE)
        self._taken = memoryview(self._memory)[:8].cast("Q")
        self.write = self._memory.write
        """Append to the block that was begun, to which there must be room for it."""
        self._start = 0
        """Of the block that was begun; 0 for none."""
        self._put: list[int] = []
        """Where the newest blocks begin that were put, the newest last."""
        self._number = 0

    @staticmethod
    def create() -> int:
        """A descriptor of memory with no name, to be passed on. Raises OSError where the system has none."""
        try:
            descriptor = os.memfd_create("sightline lines")
        except AttributeError:
            raise OSError("this system has no memory without a name") from None
        try:
            os.ftruncate(descriptor, _SIZE)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def begin(self) -> int:
        """A new block in place of the one that was begun; how many bytes it may have: 0 while all slots wait to be taken."""
        waiting = self._number - self._taken[0]
        used = self._put[-waiting:] if waiting else []
        starts = range(_HEAD, _SIZE, _SLOT)
        # The first that is free, so that few of them are used in turn.
        self._start = next((start for start in starts if start not in used), 0)
        if not self._start:
            return 0
        self._memory.seek(self._start)
        return _SLOT

    def end(self) -> Place | None:
        """Where the block is that was begun and written, for the other side to take; None if it is empty."""
        size = self._memory.tell() - self._start if self._start else 0
        if not size:
            return None
        self._number += 1
        self._put = [*self._put, self._start][-_SLOTS:]
        place, self._start = (self._start, size), 0
        return place

    def take(self, place: Place) -> bytes:
        """The block that is there. Raises ValueError for a place where none can be."""
        start, size = place
        if start < _HEAD or size < 0 or start + size > _SIZE:
            raise ValueError(f"no block of {size} bytes can be at {start}")
        block = self._memory[start : start + size]
        self._taken[0] += 1
        return block

    def close(self) -> None:
        """Nothing is written or taken any more."""
        self._taken.release()
        self._memory.close()
