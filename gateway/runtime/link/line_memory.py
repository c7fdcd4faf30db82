"""Memory that a worker shares with the supervisor: access lines are written there, and a message only says where.

Through the socket a block of lines is copied four times and cut into pages by the kernel, which costs more than all else that is
done with a line. Here it is copied in and out, in memory that stays in the processor's cache since it is soon used again.

No lock is needed: the worker alone writes to the slots, and sends the message after it has written a block; the supervisor alone writes the
number of the newest block it has copied, eight aligned bytes at once, and the worker writes to no slot before it has read there that
its block was copied.
"""

import fcntl
import mmap
import os
from typing import Final

from gateway.wire.report import Place

_HEAD: Final = 64
"""Bytes before the slots, so that each begins in a line of the cache of its own; the first eight are the number of the newest block
that was taken."""
_SLOT: Final = 256 * 1024
"""Twice what the worker sends on at once: what comes until then finds room."""
_SLOTS: Final = 4
"""One is written and one waits while the supervisor keeps up; two more for when it is busy with something else for some milliseconds."""
_SIZE: Final = _HEAD + _SLOTS * _SLOT


class LineMemory:
    """One side writes blocks, each into a slot that nobody needs any more, the other takes each of them once, in their order.

    Implements gateway.telemetry.recording.outbox.LineRoom.
    """

    def __init__(self, descriptor: int) -> None:
        """Of memory that `create` made, of which this keeps a copy. Raises OSError, or ValueError where it is too small."""
        self._memory = mmap.mmap(descriptor, _SIZE)
        self._newest_taken = memoryview(self._memory)[:8].cast("Q")
        self.write = self._memory.write
        """Append to the block that was begun, which must have room for it."""
        self._start = 0
        """Of the block that was begun; 0 for none."""
        self._put: dict[int, int] = {}
        """The numbers of the blocks that were put last, by where they begin."""
        self._number = 0
        """Of the newest block that was put."""

    @staticmethod
    def create() -> int:
        """A descriptor of memory with no name, to be passed on. Raises OSError where the system has none."""
        try:
            descriptor = os.memfd_create("sightline lines", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        except AttributeError:
            raise OSError("this system has no memory without a name") from None
        try:
            os.ftruncate(descriptor, _SIZE)
            # Whoever reads where there is nothing any more is ended by the kernel.
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def begin(self) -> int:
        """A new block in place of the one that was begun; how many bytes it may have: 0 while all slots wait to be taken."""
        newest_taken = self._newest_taken[0]
        starts = range(_HEAD, _SIZE, _SLOT)
        # The first that is free, so that few of them are used in turn.
        self._start = next((start for start in starts if self._put.get(start, 0) <= newest_taken), 0)
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
        self._put[self._start] = self._number
        place, self._start = (self._number, self._start, size), 0
        return place

    def take(self, place: Place) -> bytes:
        """The block that is there; it and those before it are free then. Raises ValueError for a place where none can be."""
        number, start, size = place
        if start < _HEAD or size < 0 or start + size > _SIZE or number <= self._newest_taken[0]:
            raise ValueError(f"no block {number} of {size} bytes can be at {start}")
        block = self._memory[start : start + size]
        self._newest_taken[0] = number
        return block

    def close(self) -> None:
        """Nothing is written or taken any more."""
        self._newest_taken.release()
        self._memory.close()
