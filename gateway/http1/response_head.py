"""From bytes to the head of an upstream's response, and how its body is framed (RFC 9112 section 6.3).

The twin of request_head: what the parser lets through although it could split or poison a connection is refused here.
"""

from typing import Final

import httptools

from gateway.http1 import field_kinds as kinds
from gateway.http1.head_reader import HeadReader
from gateway.http1.refusal import ResponseRefused
from gateway.model.headers import Fields

_known_kinds = kinds.RESPONSE_KINDS.known
_learn_kind = kinds.RESPONSE_KINDS.learn
HEADER_BYTES: Final = 128 * 1024
HEADER_COUNT: Final = 256


class ResponseHead:
    """The head of one response.

    passed: the fields that go on to the client. content_length: as declared, also where no body follows (HEAD, 304).
    is_bodyless, is_chunked, is_close_delimited: how the body is framed; none of them means content_length.
    is_reusable: whether the connection may carry another exchange once this response has ended.
    """

    __slots__ = (
        "content_length",
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

    def __init__(self, status: int, minor_version: int, passed: Fields) -> None:
        self.status = status
        self.minor_version = minor_version
        self.passed = passed
        self.content_length: int | None = None
        self.has_date = False
        self.is_bodyless = False
        self.is_chunked = False
        self.is_close_delimited = False
        self.is_reusable = minor_version == 1
        self.upgrade: bytes | None = None


class ResponseHeadReader(HeadReader):
    """Reads the heads of the responses of one upstream connection; `head` holds the latest.

    to_head: set before each response that answers a HEAD request. allows_upgrade: set before one that may be a 101.
    """

    __slots__ = ("allows_upgrade", "head", "to_head")

    head: ResponseHead

    def __init__(self) -> None:
        self.to_head = False
        self.allows_upgrade = False
        self._parser = httptools.HttpResponseParser(self)
        self._start_over()

    def on_header(self, name: bytes, value: bytes) -> None:
        kind = _known_kinds.get(name)
        if kind is None:
            kind = _learn_kind(name)
        if kind == 0:
            self._passed.append((name, value))
        else:
            if kind == _DATE:
                self._passed.append((name, value))
            self._special.append((kind, value))

    def _look_at(self, piece: bytes) -> None:
        pass

    def _check_size(self) -> None:
        if self._size > HEADER_BYTES or len(self._passed) + len(self._special) > HEADER_COUNT:
            raise ResponseRefused(f"The header section is larger than {HEADER_BYTES} bytes or {HEADER_COUNT} fields.")

    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> ResponseRefused:
        return ResponseRefused("The answer is not well-formed HTTP/1.1.")

    def _finish(self, whole: bytes) -> None:
        self._check_size()
        parser: httptools.HttpResponseParser = self._parser  # type: ignore[assignment]
        version = parser.get_http_version()
        status = parser.get_status_code()
        if version not in _MINOR_VERSIONS:
            raise ResponseRefused("The answer is not in HTTP/1.0 or HTTP/1.1.")
        if not 100 <= status <= 599:
            raise ResponseRefused("The status code is not between 100 and 599.")
        head = self.head = ResponseHead(status, _MINOR_VERSIONS[version], self._passed)
        options = _NO_OPTIONS
        for kind, value in self._special:
            if kind == _CONNECTION:
                options = options | (_COMMON_OPTIONS.get(value) or _parse_options(value))
            elif kind in _TAKE:
                _TAKE[kind](head, value)
        self._frame(head)
        if options is not _NO_OPTIONS:
            _apply_connection_options(head, options)
        # The parser would now wait for a body that it never gets to see.
        self._parser = httptools.HttpResponseParser(self)
        self._start_over()

    def _frame(self, head: ResponseHead) -> None:
        status = head.status
        if status == 101 and not self.allows_upgrade:
            raise ResponseRefused("The upstream switched protocols without having been asked to.")
        if self.to_head or status < 200 or status == 204 or status == 304 or head.content_length == 0:  # noqa: PLR1714 - hot
            head.is_bodyless = True
        elif head.content_length is None and not head.is_chunked:
            head.is_close_delimited = True
            head.is_reusable = False


def _take_content_length(head: ResponseHead, value: bytes) -> None:
    if not value.isdigit() or head.content_length is not None or head.is_chunked:
        raise ResponseRefused("Content-Length is not one decimal number, or stands beside a transfer coding.")
    head.content_length = int(value)


def _take_transfer_encoding(head: ResponseHead, value: bytes) -> None:
    if value.lower() != b"chunked" or head.is_chunked or head.minor_version == 0 or head.content_length is not None:
        raise ResponseRefused("The transfer coding is not one plain chunked of HTTP/1.1.")
    head.is_chunked = True


def _take_date(head: ResponseHead, _value: bytes) -> None:
    head.has_date = True


def _take_upgrade(head: ResponseHead, value: bytes) -> None:
    head.upgrade = value


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
_DATE: Final = kinds.DATE
_CONNECTION: Final = kinds.CONNECTION
_MINOR_VERSIONS: Final = {"1.1": 1, "1.0": 0}
_NO_OPTIONS: Final[frozenset[bytes]] = frozenset()
_PERSISTENCE_OPTIONS: Final = frozenset({b"close", b"keep-alive", b"upgrade", b""})
_COMMON_OPTIONS: Final = {value: _parse_options(value) for value in (b"keep-alive", b"Keep-Alive", b"close", b"Close")}
_TAKE: Final = {
    kinds.CONTENT_LENGTH: _take_content_length,
    kinds.TRANSFER_ENCODING: _take_transfer_encoding,
    kinds.DATE: _take_date,
    kinds.UPGRADE: _take_upgrade,
}
