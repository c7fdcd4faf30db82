"""From bytes to the head of an upstream's response, and how its body is framed (RFC 9112 section 6.3).

The twin of request_head: what the parser lets through although it could split or poison a connection is refused here.
"""

from enum import IntEnum

import httptools

from gateway.http1 import field_kinds as kinds
from gateway.http1.head_reader import HeadReader
from gateway.http1.refusal import ResponseRefused
from gateway.model.headers import Fields

_known_kinds = kinds.RESPONSE_KINDS.known
_learn_kind = kinds.RESPONSE_KINDS.learn
HEADER_BYTES = 128 * 1024
HEADER_COUNT = 256


class BodyFraming(IntEnum):
    NONE = 0
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3


class ResponseHead:
    """The head of one response.

    passed: the fields that go on to the client. content_length: as declared, also where no body follows (HEAD, 304).
    is_reusable: whether the connection may carry another exchange once this response has ended.
    """

    __slots__ = (
        "content_length",
        "fields",
        "framing",
        "has_date",
        "is_chunked",
        "is_reusable",
        "minor_version",
        "passed",
        "size",
        "status",
        "upgrade",
    )

    def __init__(self, status: int, minor_version: int, size: int) -> None:
        self.status = status
        self.minor_version = minor_version
        self.size = size
        self.fields: Fields = []
        self.passed: Fields = []
        self.content_length: int | None = None
        self.framing = BodyFraming.UNTIL_CLOSE
        self.has_date = False
        self.is_chunked = False
        self.is_reusable = minor_version == 1
        self.upgrade: bytes | None = None

    @property
    def is_interim(self) -> bool:
        return self.status < 200 and self.status != 101


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
        field = (name, value)
        self._fields.append(field)
        kind = _known_kinds.get(name)
        if kind is None:
            kind = _learn_kind(name)
        if kind == kinds.PASS:
            self._passed.append(field)
        else:
            self._special.append((kind, value))
            if kind == kinds.DATE:
                self._passed.append(field)

    def _look_at(self, piece: bytes) -> None:
        pass

    def _check_size(self) -> None:
        if self._size > HEADER_BYTES or len(self._fields) > HEADER_COUNT:
            raise ResponseRefused(f"The header section is larger than {HEADER_BYTES} bytes or {HEADER_COUNT} fields.")

    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> ResponseRefused:
        return ResponseRefused("The answer is not well-formed HTTP/1.1.")

    def _finish(self) -> None:
        parser = self._parser
        assert isinstance(parser, httptools.HttpResponseParser)
        version = parser.get_http_version()
        status = parser.get_status_code()
        if version not in ("1.1", "1.0"):
            raise ResponseRefused("The answer is not in HTTP/1.0 or HTTP/1.1.")
        if not 100 <= status <= 599:
            raise ResponseRefused("The status code is not between 100 and 599.")
        head = ResponseHead(status, 1 if version == "1.1" else 0, self._size)
        head.fields, head.passed = self._fields, self._passed
        self._interpret(head, self._special)
        self.head = head
        # The parser would now wait for a body that it never gets to see.
        self._parser = httptools.HttpResponseParser(self)
        self._start_over()

    def _interpret(self, head: ResponseHead, special: list[tuple[int, bytes]]) -> None:
        options: set[bytes] = set()
        for kind, value in special:
            if kind == kinds.CONTENT_LENGTH:
                _take_content_length(head, value)
            elif kind == kinds.DATE:
                head.has_date = True
            elif kind == kinds.CONNECTION:
                options.update(option.strip(b" \t").lower() for option in value.split(b","))
            elif kind == kinds.TRANSFER_ENCODING:
                _take_transfer_encoding(head, value)
            elif kind == kinds.UPGRADE:
                head.upgrade = value
        if head.status == 101 and not self.allows_upgrade:
            raise ResponseRefused("The upstream switched protocols without having been asked to.")
        head.framing = self._framing_of(head)
        if options:
            _apply_connection_options(head, options)

    def _framing_of(self, head: ResponseHead) -> BodyFraming:
        if self.to_head or head.status < 200 or head.status in {204, 304}:
            return BodyFraming.NONE
        if head.is_chunked:
            return BodyFraming.CHUNKED
        if head.content_length is None:
            head.is_reusable = False
            return BodyFraming.UNTIL_CLOSE
        return BodyFraming.LENGTH if head.content_length else BodyFraming.NONE


def _take_content_length(head: ResponseHead, value: bytes) -> None:
    if not value.isdigit() or head.content_length is not None or head.is_chunked:
        raise ResponseRefused("Content-Length is not one decimal number, or stands beside a transfer coding.")
    head.content_length = int(value)


def _take_transfer_encoding(head: ResponseHead, value: bytes) -> None:
    if value.lower() != b"chunked" or head.is_chunked or head.minor_version == 0 or head.content_length is not None:
        raise ResponseRefused("The transfer coding is not one plain chunked of HTTP/1.1.")
    head.is_chunked = True


def _apply_connection_options(head: ResponseHead, options: set[bytes]) -> None:
    if b"close" in options:
        head.is_reusable = False
    elif head.minor_version == 0 and b"keep-alive" in options and head.framing != BodyFraming.UNTIL_CLOSE:
        head.is_reusable = True
    named = options - {b"close", b"keep-alive", b"upgrade", b""}
    if named:
        head.passed = [field for field in head.passed if field[0].lower() not in named]
