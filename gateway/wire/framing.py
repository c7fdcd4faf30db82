"""Messages on a byte stream: each is preceded by its length, four bytes, big-endian. No I/O happens here."""

from collections.abc import Iterator
from typing import Final

MAX_MESSAGE: Final = 64 * 1024 * 1024
"""Bytes. More than any message needs; a length beyond it means that the peer does not speak this protocol."""

_LENGTH: Final = 4


class FramingError(Exception):
    """The stream announces a message that no peer of ours would send."""


def frame(message: bytes) -> bytes:
    """The message as it goes on the stream; raises FramingError if it is longer than MAX_MESSAGE."""
    if len(message) > MAX_MESSAGE:
        raise FramingError(f"a message of {len(message)} bytes is longer than {MAX_MESSAGE}")
    return len(message).to_bytes(_LENGTH, "big") + message


class Deframer:
    """Cuts what a stream delivers into messages, however it was split on the way. One per direction of a stream."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages completed by `data`, in order. Exhaust it before feeding more; raises FramingError."""
        buffer = self._buffer
        buffer += data
        start, available = 0, len(buffer)
        try:
            while available - start >= _LENGTH:
                end = start + _LENGTH + _length_at(buffer, start)
                if end > available:
                    break
                message = bytes(memoryview(buffer)[start + _LENGTH : end])
                start = end
                yield message
        finally:
            del buffer[:start]


def _length_at(buffer: bytearray, start: int) -> int:
    length = int.from_bytes(buffer[start : start + _LENGTH], "big")
    if length > MAX_MESSAGE:
        raise FramingError(f"a message of {length} bytes is announced, more than {MAX_MESSAGE}")
    return length
