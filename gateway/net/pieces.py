"""Reading a long body in smaller pieces than the loop would, so that one whose reader stalls holds little memory.

The loop hands over up to a quarter of a megabyte at once, and whatever the other side does not take of that stays, once for
each connection that stalls. A connection is switched over for good when such a read has come in the middle of a body,
which no short one has: pieces of half that size flow as fast, because their memory is used again and again.
"""

import asyncio
import threading
from typing import Final, Protocol

PIECE: Final = 128 * 1024
"""A read of more than this, in bytes, says that more is waiting, and that the connection reads as the loop likes."""

_of_thread: Final = threading.local()


class Reader(Protocol):
    """A connection's own protocol."""

    def data_received(self, data: bytes) -> None: ...

    def eof_received(self) -> bool: ...

    def connection_lost(self, exc: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


class PiecewiseProtocol(asyncio.BufferedProtocol):
    """Stands before a connection's own protocol, and reads for it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._buffer = _buffer_of_thread()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._reader.data_received(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> bool:
        return self._reader.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._reader.connection_lost(exc)

    def pause_writing(self) -> None:
        self._reader.pause_writing()

    def resume_writing(self) -> None:
        self._reader.resume_writing()


def read_in_pieces(transport: asyncio.Transport, reader: Reader) -> None:
    """From the next read on. Called while the transport is reading, by the protocol it reads for."""
    # How a read is made is decided when reading begins.
    transport.pause_reading()
    transport.set_protocol(PiecewiseProtocol(reader))
    transport.resume_reading()


def _buffer_of_thread() -> memoryview:
    """One for all connections of a loop: what was read is taken out before anybody else reads."""
    buffer: memoryview | None = getattr(_of_thread, "buffer", None)
    if buffer is None:
        buffer = _of_thread.buffer = memoryview(bytearray(PIECE))
    return buffer
