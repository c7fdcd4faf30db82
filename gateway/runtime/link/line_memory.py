"""Memory that a worker shares with the supervisor: blocks of access lines lie there, and a message only says where.

Through the socket a block is copied four times and cut into pages by the kernel, which costs more than all else that is done with
a line. Here it is copied in and out, in memory that stays in the processor's cache since it is used again at once.
"""

import mmap
import os
from typing import Final

from gateway.wire.control import Place

_HEAD: Final = 64
"""Bytes before the blocks; the first eight say how many blocks have been taken since the beginning."""
_SIZE: Final = 2 * 1024 * 1024
_WORTH_IT: Final = 16 * 1024
"""A smaller block goes with the message."""


class LineMemory:
    """One side puts blocks in, the other takes each of them once, in their order. It has room again once all have been taken."""

    def __init__(self, descriptor: int) -> None:
        """Of memory that `create` made; it may be closed afterwards. Raises OSError, or ValueError where it is too small."""
        self._memory = mmap.mmap(descriptor, _SIZE)
        self._taken = memoryview(self._memory)[:8].cast("Q")
        self._put = 0
        self._end = _HEAD

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

    def put(self, block: bytes) -> Place | None:
        """Where it is now; None if it is too small to be worth it, or there is no room for it."""
        if len(block) < _WORTH_IT:
            return None
        if self._taken[0] == self._put:
            self._end = _HEAD
        start, end = self._end, self._end + len(block)
        if end > _SIZE:
            return None
        self._memory[start:end] = block
        self._end = end
        self._put += 1
        return start, len(block)

    def take(self, place: Place) -> bytes:
        """The block that was put there. Raises ValueError for a place where none can be."""
        start, size = place
        if start < _HEAD or size < 0 or start + size > _SIZE:
            raise ValueError(f"no block of {size} bytes can be at {start}")
        block = self._memory[start : start + size]
        self._taken[0] += 1
        return block

    def close(self) -> None:
        """Nothing is put or taken any more."""
        self._taken.release()
        self._memory.close()
