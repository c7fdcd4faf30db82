"""From values to bytes: the one serialiser of heads, chunks and trailers.

Fields that were parsed are clean by construction. Whatever configuration or a policy adds goes through `field_line`,
which refuses what could split a message.
"""

import re
from http import HTTPStatus
from typing import Final

from gateway.model.headers import Fields

CRLF: Final = b"\r\n"
_pair: Final = b": ".join
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BROKEN_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

STATUS_LINES: Final[dict[int, bytes]] = {status: b"HTTP/1.1 %d \r\n" % status for status in range(100, 600)} | {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def field_line(name: bytes, value: bytes) -> bytes:
    """One header line; raises ValueError for a name that is no token and a value with control characters."""
    if not _NAME.fullmatch(name) or _BROKEN_VALUE.search(value):
        raise ValueError("a header field has a name that is no token, or control characters in its value")
    return b"%b: %b\r\n" % (name, value)


def field_lines(fields: Fields) -> bytes:
    """Parsed fields as they came, without the empty line."""
    return b"\r\n".join(map(_pair, fields)) + CRLF if fields else b""


def without_field(lines: bytes, lower_name: bytes) -> bytes:
    """Header lines, each with its line end, but for those of the field with this name (given in lower case)."""
    start = lower_name + b":"
    return CRLF.join([line for line in lines.split(CRLF) if line[: len(start)].lower() != start])


def chunk(payload: bytes) -> bytes:
    """One chunk; `payload` must not be empty, for an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def last_chunk(trailers: Fields | None) -> bytes:
    return b"0\r\n%b\r\n" % field_lines(trailers) if trailers else LAST_CHUNK
