"""From bytes to the head of an upstream's response, and how its body is framed (RFC 9112 section 6.3).

The twin of request_head: what the parser lets through although it could split or poison a connection is refused here.
"""

from typing import Final

import httptools

from gateway.http1 import field_kinds as kinds
from gateway.http1.head_reader import REPEATED_AT_MOST, HeadReader
from gateway.http1.refusal import ResponseRefused
from gateway.model.headers import Fields

_shapes = kinds.RESPONSE_KINDS.shapes
HEADER_BYTES: Final = 128 * 1024
HEADER_COUNT: Final = 256


class ResponseHead:
    """The head of one response.

    passed: the fields that go on to the client. content_length: as declared, also where no body follows (HEAD, 304).
    is_bodyless, is_chunked, is_close_delimited: how the body is framed; none of them means content_length.
    is_reusable: whether the connection may carry another exchange once this response has ended.
    A head is not changed once it is read: one that comes again byte for byte on its connection is the same object.
    """

    # What most responses leave as it is stands on the class: a head is made for nearly every response.
    content_length: int | None = None
    has_date = False
    is_bodyless = False
    is_chunked = False
    is_close_delimited = False
    upgrade: bytes | None = None
    encoded = b""
    encoded_for: object = None
    """The relay's own: the head as a client gets it, and which form of a plan's it is (RoutePlan.answer_form)."""

    def __init__(self, status: int, minor_version: int) -> None:
        self.status = status
        self.minor_version = minor_version
        self.is_reusable = minor_version == 1
        self.passed: Fields


class ResponseHeadReader(HeadReader):
    """Reads the heads of the responses of one upstream connection; `head` holds the latest.

    to_head: set before each response that answers a HEAD request. allowed_upgrade: the protocols that were asked for.
    """

    __slots__ = ("_repeated", "allowed_upgrade", "head", "to_head")

    _new_parser = httptools.HttpResponseParser
    head: ResponseHead

    def __init__(self) -> None:
        super().__init__()
        self.to_head = False
        self.allowed_upgrade: bytes | None = None
        self._repeated = b""
        """The bytes of `head`, if it is framed by nothing but Content-Length."""

    def feed(self, data: bytes) -> int:
        # An endpoint that gives the same answer again, within the second of its Date, has been judged already.
        if self._repeated and data.startswith(self._repeated) and not self.size_so_far and not self.to_head:
            return len(self._repeated)
        return HeadReader.feed(self, data)

    def _check_so_far(self, held: bytearray) -> None:
        if self.size_so_far > HEADER_BYTES:
            raise _header_too_large()

    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> ResponseRefused:
        return ResponseRefused("The answer is not well-formed HTTP/1.1.")

    def _finish(self, whole: bytes, size: int) -> None:
        parser: httptools.HttpResponseParser = self._parser  # type: ignore[assignment]
        count = whole.count(b"\r\n") - 2
        if size > HEADER_BYTES or count > HEADER_COUNT:
            raise _header_too_large()
        status = parser.get_status_code()
        minor = _MINOR_VERSIONS.get(whole[:9])
        if minor is None:  # The parser would take RTSP as well.
            raise ResponseRefused("The answer is not in HTTP/1.0 or HTTP/1.1.")
        if not 100 <= status <= 599 or 0 in whole:  # The parser lets NUL through in the reason phrase.
            raise ResponseRefused("The status is not between 100 and 599, or there is a NUL in the head.")
        head = self.head = ResponseHead(status, minor)
        seen = self._seen.by_name
        if len(seen) == count:
            options = _take_fields(head, seen)
        else:
            options = _take_repeating_fields(head, self._fields_in_order(whole))
            seen.clear()
        if not head.content_length or self.to_head or status in _BODYLESS:
            self._frame(head)
        if options is not _NO_OPTIONS:
            _apply_connection_options(head, options)
        is_plain = head.is_reusable and not (head.is_bodyless or head.is_chunked or head.is_close_delimited)
        self._repeated = whole if is_plain and size <= REPEATED_AT_MOST else b""
        # The parser would now wait for a body that it never gets to see.
        self._parser = httptools.HttpResponseParser(self._seen)

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


def _take_fields(head: ResponseHead, by_name: dict[bytes, bytes]) -> frozenset[bytes]:
    """Sort out fields of which no two have one name in one spelling; gives what Connection says and empties by_name."""
    options = _NO_OPTIONS
    names = tuple(by_name)
    shape = _shapes.get(names) or kinds.RESPONSE_KINDS.shape_of(names)
    if shape.kept:
        head.has_date = True
    for name, kind in shape.dropped:
        value = by_name.pop(name)
        # What HTTP/1.1 means anyway is often said all the same.
        if value != b"keep-alive" or not head.minor_version:
            options = _take_special(head, kind, value, options)
    head.passed = list(by_name.items())
    by_name.clear()
    return options


def _take_repeating_fields(head: ResponseHead, fields: Fields) -> frozenset[bytes]:
    options = _NO_OPTIONS
    head.passed = []
    for field in fields:
        kind = kinds.RESPONSE_KINDS.kind_of(field[0])
        if kind > kinds.LAST_PASSED:
            options = _take_special(head, kind, field[1], options)
        else:
            head.has_date = head.has_date or kind != kinds.PASS
            head.passed.append(field)
    return options


def _take_special(head: ResponseHead, kind: int, value: bytes, options: frozenset[bytes]) -> frozenset[bytes]:
    """A field that is not passed on; raises ResponseRefused. Gives the options of Connection up to here."""
    if kind == _CONNECTION:
        named = _COMMON_OPTIONS.get(value)
        return options | (_parse_options(value) if named is None else named)
    take = _TAKE.get(kind)
    if take is not None:
        take(head, value.strip(b" \t"))
    return options


def _take_content_length(head: ResponseHead, value: bytes) -> None:
    if not value.isdigit() or head.content_length is not None or head.is_chunked:
        raise ResponseRefused("Content-Length is not one decimal number, or stands beside a transfer coding.")
    head.content_length = int(value)


def _take_transfer_encoding(head: ResponseHead, value: bytes) -> None:
    if value.lower() != b"chunked" or head.is_chunked or head.minor_version == 0 or head.content_length is not None:
        raise ResponseRefused("The transfer coding is not one plain chunked of HTTP/1.1.")
    head.is_chunked = True


def _take_upgrade(head: ResponseHead, value: bytes) -> None:
    head.upgrade = value


def _header_too_large() -> ResponseRefused:
    return ResponseRefused(f"The header section is larger than {HEADER_BYTES} bytes or {HEADER_COUNT} fields.")


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
_BODYLESS: Final = frozenset({*range(100, 200), 204, 304})
_MINOR_VERSIONS: Final = {b"HTTP/1.1 ": 1, b"HTTP/1.0 ": 0}
_NO_OPTIONS: Final[frozenset[bytes]] = frozenset()
_PERSISTENCE_OPTIONS: Final = frozenset({b"close", b"keep-alive", b"upgrade", b""})
_COMMON_OPTIONS: Final = {value: _parse_options(value) for value in (b"keep-alive", b"Keep-Alive", b"close", b"Close")}
_TAKE: Final = {
    kinds.CONTENT_LENGTH: _take_content_length,
    kinds.TRANSFER_ENCODING: _take_transfer_encoding,
    kinds.UPGRADE: _take_upgrade,
}
