"""From bytes to the head of an upstream's response, and how its body is framed (RFC 9112 section 6.3).

The twin of request_head: what the parser lets through although it could split or poison a connection is refused here.
"""

from typing import Final

import httptools

from gateway.http1 import field_kinds as kinds
from gateway.http1.head_reader import REPEATED_AT_MOST, HeadReader
from gateway.http1.refusal import ResponseRefused
from gateway.model.headers import Field, Fields

_passing = kinds.RESPONSE_KINDS.passing
_kind_of = kinds.RESPONSE_KINDS.kind_of
HEADER_BYTES: Final = 128 * 1024
HEADER_COUNT: Final = 256


class ResponseHead:
    """The head of one response.

    passed: the fields that go on to the client. content_length: as declared, also where no body follows (HEAD, 304).
    is_bodyless, is_chunked, is_close_delimited: how the body is framed; none of them means content_length.
    is_reusable: whether the connection may carry another exchange once this response has ended.
    A head is not changed once it is read: one that comes again byte for byte on its connection is the same object.
    """

    __slots__ = (
        "content_length",
        "encoded",
        "encoded_for",
        "has_date",
        "is_bodyless",
        "is_chunked",
        "is_close_delimited",
        "is_reusable",
        "minor_version",
        "passed",
        "status",
        "upgrade",
    )

    def __init__(self, status: int, minor_version: int) -> None:
        self.status = status
        self.minor_version = minor_version
        self.passed: Fields = []
        self.content_length: int | None = None
        self.has_date = self.is_bodyless = self.is_chunked = self.is_close_delimited = False
        self.is_reusable = minor_version == 1
        self.upgrade: bytes | None = None
        self.encoded = b""
        self.encoded_for: object = None
        """The relay's own: the head as a client gets it, and for which plan."""


class ResponseHeadReader(HeadReader):
    """Reads the heads of the responses of one upstream connection; `head` holds the latest.

    to_head: set before each response that answers a HEAD request. allowed_upgrade: the protocols that were asked for.
    """

    __slots__ = ("_opening", "_repeated", "allowed_upgrade", "head", "to_head")

    head: ResponseHead

    def __init__(self) -> None:
        self.to_head = False
        self.allowed_upgrade: bytes | None = None
        self._opening = b""
        self._repeated = b""
        """The bytes of `head`, if it is framed by nothing but Content-Length."""
        self._parser = httptools.HttpResponseParser(self)
        self._start_over()

    def feed(self, data: bytes) -> int:
        # An endpoint that gives the same answer again, within the second of its Date, has been judged already.
        if self._repeated and data.startswith(self._repeated) and not self._size and not self.to_head:
            return len(self._repeated)
        return HeadReader.feed(self, data)

    def _look_at(self, piece: bytes) -> None:
        if b"\0" in piece:  # The parser lets it through in the reason phrase.
            raise ResponseRefused("There is a NUL in the head.")
        if len(self._opening) < len(_OPENING):
            self._opening += piece.lstrip(b"\r\n") if not self._opening else piece
            self._opening = self._opening[: len(_OPENING)]

    def _check_version(self, whole: bytes, version: str) -> int:
        """The minor version of a head that does not begin as nearly all do; the parser would take RTSP as well."""
        opening, self._opening = whole[: len(_OPENING)] or self._opening, b""
        if version not in _MINOR_VERSIONS or opening != _OPENING:
            raise ResponseRefused("The answer is not in HTTP/1.0 or HTTP/1.1.")
        return _MINOR_VERSIONS[version]

    def _check_size(self, size: int) -> None:
        if size > HEADER_BYTES or len(self._fields) > HEADER_COUNT:
            raise ResponseRefused(f"The header section is larger than {HEADER_BYTES} bytes or {HEADER_COUNT} fields.")

    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> ResponseRefused:
        return ResponseRefused("The answer is not well-formed HTTP/1.1.")

    def _finish(self, whole: bytes, size: int) -> None:
        parser: httptools.HttpResponseParser = self._parser  # type: ignore[assignment]
        fields = self._fields
        if size > HEADER_BYTES or len(fields) > HEADER_COUNT:
            self._check_size(size)
        status = parser.get_status_code()
        minor = 1 if whole.startswith(b"HTTP/1.1 ") else self._check_version(whole, parser.get_http_version())
        if not 100 <= status <= 599 or b"\0" in whole:
            raise ResponseRefused("The status is not between 100 and 599, or there is a NUL in the head.")
        head = self.head = ResponseHead(status, minor)
        passed, options = head.passed, _NO_OPTIONS
        for field in fields:
            if field[0] in _passing:
                passed.append(field)
                continue
            kind = _kind_of(field[0])
            if kind == _CONNECTION:
                options = options | (_COMMON_OPTIONS.get(field[1]) or _parse_options(field[1]))
            elif kind in _TAKE:
                _TAKE[kind](head, field)
        if not head.content_length or self.to_head or status in _BODYLESS:
            self._frame(head)
        if options is not _NO_OPTIONS:
            _apply_connection_options(head, options)
        self._fields = []
        is_plain = head.is_reusable and not (head.is_bodyless or head.is_chunked or head.is_close_delimited)
        self._repeated = whole if is_plain and size <= REPEATED_AT_MOST else b""
        # The parser would now wait for a body that it never gets to see.
        self._parser = httptools.HttpResponseParser(self)

    def _frame(self, head: ResponseHead) -> None:
        """For all that is not simply Content-Length bytes (RFC 9112 section 6.3)."""
        if head.status == 101 and not _is_offered(head.upgrade, self.allowed_upgrade):
            raise ResponseRefused("The upstream switched to a protocol that it had not been asked for.")
        if self.to_head or head.status in _BODYLESS or head.content_length == 0:
            head.is_bodyless = True
        elif head.content_length is None and not head.is_chunked:
            head.is_close_delimited = True
            head.is_reusable = False


def _is_offered(chosen: bytes | None, offered: bytes | None) -> bool:
    """Whether a 101 names a protocol that the request offered (RFC 9110 section 7.8)."""
    if chosen is None or offered is None:
        return False
    return chosen.strip(b" \t").lower() in [protocol.strip(b" \t") for protocol in offered.lower().split(b",")]


def _take_content_length(head: ResponseHead, field: Field) -> None:
    value = field[1].strip(b" \t")
    if not value.isdigit() or head.content_length is not None or head.is_chunked:
        raise ResponseRefused("Content-Length is not one decimal number, or stands beside a transfer coding.")
    head.content_length = int(value)


def _take_transfer_encoding(head: ResponseHead, field: Field) -> None:
    if (
        field[1].strip(b" \t").lower() != b"chunked"
        or head.is_chunked
        or head.minor_version == 0
        or head.content_length is not None
    ):
        raise ResponseRefused("The transfer coding is not one plain chunked of HTTP/1.1.")
    head.is_chunked = True


def _take_date(head: ResponseHead, field: Field) -> None:
    head.has_date = True
    head.passed.append(field)


def _take_upgrade(head: ResponseHead, field: Field) -> None:
    head.upgrade = field[1]


def _parse_options(value: bytes) -> frozenset[bytes]:
    return frozenset(option.strip(b" \t").lower() for option in value.split(b","))


def _apply_connection_options(head: ResponseHead, options: frozenset[bytes]) -> None:
    if b"close" in options:
        head.is_reusable = False
    elif head.minor_version == 0 and b"keep-alive" in options and not head.is_close_delimited:
        head.is_reusable = True
    named = options - _PERSISTENCE_OPTIONS
    if named:
        head.passed = [field for field in head.passed if field[0].lower() not in named]


# Bound once: attribute look-ups on a module cost more than the comparison they serve.
_CONNECTION: Final = kinds.CONNECTION
_OPENING: Final = b"HTTP/"
_BODYLESS: Final = frozenset({*range(100, 200), 204, 304})
_MINOR_VERSIONS: Final = {"1.1": 1, "1.0": 0}
_NO_OPTIONS: Final[frozenset[bytes]] = frozenset()
_PERSISTENCE_OPTIONS: Final = frozenset({b"close", b"keep-alive", b"upgrade", b""})
_COMMON_OPTIONS: Final = {value: _parse_options(value) for value in (b"keep-alive", b"Keep-Alive", b"close", b"Close")}
_TAKE: Final = {
    kinds.PASS: lambda head, field: head.passed.append(field),
    kinds.CONTENT_LENGTH: _take_content_length,
    kinds.TRANSFER_ENCODING: _take_transfer_encoding,
    kinds.DATE: _take_date,
    kinds.UPGRADE: _take_upgrade,
}
