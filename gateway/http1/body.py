"""Bodies as they arrive: what belongs to the message, what its payload is, and where it ends.

A reader's `read` takes what arrived and returns the payload in it, all chunks of one read joined, so that tiny chunks
are coalesced and never forwarded with the framing of their sender. Both directions use the same readers.
"""

import re
from typing import Final, Protocol

from gateway.model.headers import Field, Fields

_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?\r\n")
_CHUNK_LINE_START: Final = re.compile(rb"[0-9A-Fa-f]{1,16}(?:[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?)?\r?")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NEVER_IN_TRAILERS: Final = frozenset(
    {b"transfer-encoding", b"content-length", b"host", b"connection", b"trailer", b"te", b"upgrade", b"authorization"}
    | {b"content-encoding", b"content-type", b"content-range", b"cookie", b"set-cookie", b"expect", b"max-forwards"}
)


class BodyInvalid(Exception):  # noqa: N818 - the caller turns it into the refusal of its side
    """The framing of a body is broken or passes a limit; detail is one sentence."""

    def __init__(self, detail: str, *, is_too_large: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.is_too_large = is_too_large


class BodyReader(Protocol):
    """is_complete: the last byte has been read. rest: what came behind it. trailers: kept apart from the headers."""

    is_complete: bool
    rest: bytes
    trailers: Fields

    def read(self, data: bytes) -> bytes:
        """The payload in `data`, possibly empty; raises BodyInvalid."""


class NoBody:
    """A message without a body: everything that comes belongs to the next one."""

    __slots__ = ("is_complete", "rest", "trailers")

    def __init__(self) -> None:
        self.is_complete = True
        self.rest = b""
        self.trailers: Fields = []

    def read(self, data: bytes) -> bytes:
        self.rest += data
        return b""


class LengthBody:
    """A body of a declared length in bytes."""

    __slots__ = ("is_complete", "remaining", "rest", "trailers")

    def __init__(self, length: int) -> None:
        self.remaining = length
        self.is_complete = length == 0
        self.rest = b""
        self.trailers: Fields = []

    def read(self, data: bytes) -> bytes:
        remaining = self.remaining - len(data)
        if remaining > 0:
            self.remaining = remaining
            return data
        self.is_complete = True
        end = self.remaining
        self.remaining = 0
        if remaining == 0:
            return data
        self.rest = data[end:]
        return data[:end]


class CloseDelimitedBody:
    """A response body that ends with its connection; `is_complete` stays False, the connection's end decides."""

    __slots__ = ("is_complete", "rest", "trailers")

    def __init__(self) -> None:
        self.is_complete = False
        self.rest = b""
        self.trailers: Fields = []

    def read(self, data: bytes) -> bytes:
        return data


class ChunkedBody:
    """A body in the chunked coding (RFC 9112 section 7.1), strictly: CR LF alone ends a line, extensions are dropped."""

    __slots__ = (
        "_chunk_line",
        "_held",
        "_in_chunk",
        "_in_trailers",
        "_remaining",
        "_trailer_bytes",
        "_trailer_size",
        "is_complete",
        "rest",
        "trailers",
    )

    def __init__(self, chunk_line: int, trailer_bytes: int) -> None:
        self._chunk_line = chunk_line
        self._trailer_bytes = trailer_bytes
        self._trailer_size = 0
        self._held = b""
        """An incomplete chunk line, chunk end or trailer section; bounded by the two limits."""
        self._remaining = 0
        self._in_chunk = False
        self._in_trailers = False
        self.is_complete = False
        self.rest = b""
        self.trailers: Fields = []

    def read(self, data: bytes) -> bytes:
        if self._held:
            if self._hold_longer(data):
                return b""
            data = self._held + data
            self._held = b""
        pieces: list[bytes] = []
        position = 0
        while not self.is_complete and position < len(data):
            if self._in_trailers:
                position = self._read_trailers(data, position)
            elif self._in_chunk:
                position = self._read_chunk(data, position, pieces)
            else:
                position = self._read_chunk_line(data, position)
        if self.is_complete:
            self.rest = data[position:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read_chunk_line(self, data: bytes, position: int) -> int:
        line = _CHUNK_LINE.match(data, position)
        if line is None:
            return self._hold_chunk_line(data, position)
        if line.end() - position > self._chunk_line:
            raise BodyInvalid(f"A chunk line is longer than {self._chunk_line} bytes.")
        self._remaining = int(line[1], 16)
        if self._remaining:
            self._in_chunk = True
        else:
            self._in_trailers = True
        return line.end()

    def _hold_chunk_line(self, data: bytes, position: int) -> int:
        if not _CHUNK_LINE_START.fullmatch(data, position):
            raise BodyInvalid("A chunk line is malformed.")
        if len(data) - position > self._chunk_line:
            raise BodyInvalid(f"A chunk line is longer than {self._chunk_line} bytes.")
        self._held = data[position:]
        return len(data)

    def _hold_longer(self, data: bytes) -> bool:
        """Whether a held chunk extension merely grows: only what is new is looked at, or its cost would be squared."""
        is_growing = b";" in self._held and not self._in_chunk and not self._in_trailers and b"\n" not in data
        if not is_growing or self._held.endswith(b"\r") or _CONTROL.search(data.removesuffix(b"\r")):
            return False
        self._held += data
        return len(self._held) <= self._chunk_line

    def _read_chunk(self, data: bytes, position: int, pieces: list[bytes]) -> int:
        end = position + self._remaining
        if end > len(data):
            pieces.append(data[position:])
            self._remaining = end - len(data)
            return len(data)
        if self._remaining:
            pieces.append(data[position:end])
            self._remaining = 0
        ending = data[end : end + 2]
        if ending == b"\r\n":
            self._in_chunk = False
            return end + 2
        if not b"\r\n".startswith(ending):
            raise BodyInvalid("A chunk is longer than its declared size.")
        self._held = ending
        return len(data)

    def _read_trailers(self, data: bytes, position: int) -> int:
        while True:
            end = data.find(b"\r\n", position)
            size = (len(data) - data.endswith(b"\r") if end < 0 else end) - position
            if self._trailer_size + size > self._trailer_bytes:
                raise BodyInvalid(f"The trailer section is larger than {self._trailer_bytes} bytes.", is_too_large=True)
            if end < 0:
                self._held = data[position:]
                if _CONTROL.search(self._held.removesuffix(b"\r")):
                    raise BodyInvalid("The trailer section is malformed.")
                return len(data)
            if end == position:
                self.is_complete = True
                return end + 2
            self._trailer_size += size + 2
            self.trailers.append(_parse_trailer(data[position:end]))
            position = end + 2


def _parse_trailer(line: bytes) -> Field:
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name) or _CONTROL.search(value) or name.lower() in _NEVER_IN_TRAILERS:
        raise BodyInvalid("The trailer section is malformed, or holds a field that must not be there.")
    return name, value.strip(b" \t")
