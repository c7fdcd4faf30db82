"""A tiny strict HTTP/1.1 reader for both ends of the live tests: it accepts exactly what the gateway may emit and
nothing more, so that every test which merely reads a message also checks its form."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

Field: TypeAlias = tuple[bytes, bytes]

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.1 ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)")
_REQUEST_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/1\.1")
_FIELD_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_LENGTH: Final = re.compile(rb"0|[1-9][0-9]{0,18}")
_CHUNK_SIZE: Final = re.compile(rb"[0-9a-fA-F]{1,16}")
_BODILESS_STATUSES: Final = frozenset({204, 304})


class Malformed(AssertionError):  # noqa: N818 - a verdict about bytes
    """Bytes that the gateway must never put on a wire."""


class NeedMore(Exception):  # noqa: N818 - a signal between the reader and whoever feeds it
    """The message is not complete yet."""


@dataclass
class Message:
    """What requests and answers share. `framing` is none, length, chunked or close."""

    head: bytes
    fields: list[Field]
    body: bytes = b""
    trailers: list[Field] = field(default_factory=list)
    framing: str = "none"
    size: int = 0
    """Bytes of the message on the wire."""

    def values(self, name: str) -> list[bytes]:
        """All values of a field, in the order they arrived."""
        lower_name = name.lower().encode()
        return [value for key, value in self.fields if key.lower() == lower_name]

    def value(self, name: str) -> bytes | None:
        """The value of a field that occurs at most once."""
        found = self.values(name)
        if len(found) > 1:
            raise Malformed(f"{name} occurs {len(found)} times: {found!r}")
        return found[0] if found else None

    def tokens(self, name: str) -> list[bytes]:
        """The members of a list field, in lower case."""
        return [token.strip().lower() for value in self.values(name) for token in value.split(b",") if token.strip()]

    @property
    def names(self) -> set[bytes]:
        return {key.lower() for key, _ in self.fields}


@dataclass
class Request(Message):
    method: bytes = b""
    target: bytes = b""


@dataclass
class Response(Message):
    status: int = 0
    phrase: bytes = b""

    @property
    def closes(self) -> bool:
        return b"close" in self.tokens("connection")


class _Head(NamedTuple):
    raw: bytes
    start: bytes
    fields: list[Field]


def parse_request(data: bytes) -> Request:
    """The request at the start of `data`; NeedMore while it is incomplete, Malformed if it is not strictly formed."""
    request = parse_request_head(data)
    _take_body(request, data, may_close=False, ended=False)
    return request


def parse_request_head(data: bytes) -> Request:
    """The same without its body."""
    head = _take_head(data)
    match = _REQUEST_LINE.fullmatch(head.start)
    if match is None:
        raise Malformed(f"request line {head.start!r}")
    request = Request(head.raw, head.fields, method=match[1], target=match[2], size=len(head.raw))
    if len(request.values("host")) != 1:
        raise Malformed(f"Host fields: {request.values('host')!r}")
    return request


def parse_response(data: bytes, method: str, *, ended: bool) -> Response:
    """The answer to a request with this method at the start of `data`.

    ended: whether the sender has closed its side, which completes an answer that has no other framing.
    """
    head = _take_head(data)
    match = _STATUS_LINE.fullmatch(head.start)
    if match is None:
        raise Malformed(f"status line {head.start!r}")
    response = Response(head.raw, head.fields, status=int(match[1]), phrase=match[2], size=len(head.raw))
    _check_framing_fields(response)
    tunnel = method == "CONNECT" and 200 <= response.status < 300
    if response.status < 200 or response.status in _BODILESS_STATUSES or method == "HEAD" or tunnel:
        return response
    _take_body(response, data, may_close=True, ended=ended)
    return response


def _take_head(data: bytes) -> _Head:
    end = data.find(b"\r\n\r\n")
    complete = data if end < 0 else data[: end + 4]
    without_ends = complete.replace(b"\r\n", b"")
    if b"\n" in without_ends or b"\r" in without_ends.rstrip(b"\r"):
        raise Malformed(f"a bare CR or LF in {complete[:200]!r}")
    if end < 0:
        raise NeedMore
    start, *lines = data[:end].split(b"\r\n")
    return _Head(data[: end + 4], start, [_take_field(line) for line in lines])


def _take_field(line: bytes) -> Field:
    match = _FIELD_LINE.fullmatch(line)
    if match is None:
        raise Malformed(f"field line {line!r}")
    return match[1], match[2].rstrip(b" \t")


def _check_framing_fields(message: Message) -> None:
    lengths, codings = message.values("content-length"), message.values("transfer-encoding")
    if lengths and codings:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if len(lengths) > 1 or any(_LENGTH.fullmatch(value) is None for value in lengths):
        raise Malformed(f"Content-Length {lengths!r}")
    if codings not in ([], [b"chunked"]):
        raise Malformed(f"Transfer-Encoding {codings!r}")


def _take_body(message: Message, data: bytes, *, may_close: bool, ended: bool) -> None:
    _check_framing_fields(message)
    start = len(message.head)
    if message.values("transfer-encoding"):
        message.framing = "chunked"
        _take_chunks(message, data, start)
    elif lengths := message.values("content-length"):
        message.framing = "length"
        message.size = start + int(lengths[0])
        if len(data) < message.size:
            raise NeedMore
        message.body = data[start : message.size]
    elif may_close:
        message.framing = "close"
        if not ended:
            raise NeedMore
        message.body, message.size = data[start:], len(data)


def _take_chunks(message: Message, data: bytes, start: int) -> None:
    pieces: list[bytes] = []
    for begin, end in _chunks(data, start):
        if begin == end:
            start = begin
            break
        pieces.append(data[begin:end])
    message.body = b"".join(pieces)
    while True:
        end = data.find(b"\r\n", start)
        if end < 0:
            raise NeedMore
        line, start = data[start:end], end + 2
        if not line:
            message.size = start
            return
        message.trailers.append(_take_field(line))


def _chunks(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Where the data of each chunk begins and ends; the last chunk's is empty and lies after its line."""
    while True:
        line_end = data.find(b"\r\n", start)
        if line_end < 0:
            raise NeedMore
        line = data[start:line_end]
        if _CHUNK_SIZE.fullmatch(line) is None:
            raise Malformed(f"chunk line {line[:100]!r}")
        begin = line_end + 2
        end = begin + int(line, 16)
        if begin == end:
            yield begin, begin
            return
        if len(data) < end + 2:
            raise NeedMore
        if data[end : end + 2] != b"\r\n":
            raise Malformed(f"chunk data is followed by {data[end : end + 2]!r}")
        yield begin, end
        start = end + 2
