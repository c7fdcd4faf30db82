"""Messages on a byte stream: each is preceded by its length, four bytes, big-endian. No I/O happens here."""

from collections.abc import Iterator
from typing import Final

MAX_MESSAGE: Final = 64 * 1024 * 1024
"""Bytes. More than any message needs; a length beyond it means that the peer does not speak this protocol."""

LENGTH_SIZE: Final = 4


class FramingError(Exception):
    """The stream announces a message that no peer of ours would send."""


def length_prefix(message: bytes) -> bytes:
    """What goes on the stream before the message; raises FramingError if it is longer than MAX_MESSAGE."""
    if len(message) > MAX_MESSAGE:
        raise FramingError(f"a message of {len(message)} bytes is longer than {MAX_MESSAGE}")
    return len(message).to_bytes(LENGTH_SIZE, "big")


class Deframer:
    """Cuts what a stream delivers into messages, however it was split on the way. One per direction of a stream."""

    __slots__ = ("_missing", "_pieces")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        """The beginning of a message, joined when the rest has come: large ones arrive in many pieces."""
        self._missing = 0
        """How many more bytes are needed, at least, before a message is complete."""

    def feed(self, data: bytes) -> Iterator[memoryview]:
        """The messages completed by `data`, in order. Exhaust it before feeding more; raises FramingError."""
        if self._pieces:
            self._pieces.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._pieces)
            self._pieces = []
        whole, start, available = memoryview(data), 0, len(data)
        while start < available:
            body = start + LENGTH_SIZE
            end = body + _length_at(whole, start) if body <= available else body
            if end > available:
                self._pieces = [data[start:]]
                self._missing = end - available
                return
            yield whole[body:end]
            start = end


def _length_at(data: memoryview, start: int) -> int:
    length = int.from_bytes(data[start : start + LENGTH_SIZE], "big")
    if length > MAX_MESSAGE:
        raise FramingError(f"a message of {length} bytes is announced, more than {MAX_MESSAGE}")
    return length
