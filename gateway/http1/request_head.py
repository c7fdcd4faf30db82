"""From bytes to the head of a request, one head at a time, with every limit enforced across reads.

httptools parses; what it lets through although RFC 9112 forbids it is refused here. Bodies never reach httptools:
the parser is fed to the end of a head and not a byte further, so that it and we cannot disagree about framing.
"""

import re
from collections.abc import Callable

import httptools

from gateway.http1 import field_kinds as kinds
from gateway.http1.head_reader import REPEATED_AT_MOST, HeadReader
from gateway.http1.refusal import RequestRefused
from gateway.model.headers import Field, Fields, field_values
from gateway.model.listener import ListenerLimits
from gateway.model.outcome import Reason

_passing = kinds.REQUEST_KINDS.passing
_kind_of = kinds.REQUEST_KINDS.kind_of
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = kinds.HOST
_LAST_PASSED = kinds.AUTHORIZATION
_FIRST_EXTRA = kinds.TRACEPARENT
_MINOR_VERSIONS = {"1.1": 1, "1.0": 0}
_NOT_CONNECTION_OPTIONS = frozenset({b"host", b"content-length", b"transfer-encoding", b"cookie", b"authorization"})
_NOT_UPGRADED_TO = (b"h2c", b"http/2", b"h2", b"tls")
_METHODS = {
    name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT")
}
_REPEATABLE = {raw: method for raw, method in _METHODS.items() if method != "CONNECT"}


class RequestHead:
    """The head of one request.

    fields: every field as it came. passed: those that go to the upstream unless Connection names them; passed_lines:
    the same as bytes.
    extras: values of tracing, forwarding and identity fields by their kind (field_kinds.TRACEPARENT and above).
    content_length: None where there is none. size: bytes of the head, empty line included.
    upgrade: the protocol asked for; None where none is asked for, or one that is not tunnelled.
    """

    __slots__ = (
        "connection_options",
        "content_length",
        "expects_continue",
        "extras",
        "fields",
        "has_body",
        "host",
        "is_chunked",
        "is_plain",
        "keep_alive",
        "method",
        "minor_version",
        "passed",
        "passed_lines",
        "size",
        "target",
        "upgrade",
        "user_agent",
    )

    def __init__(self, method: str, target: bytes, minor_version: int, size: int, fields: Fields) -> None:
        self.method = method
        self.target = target
        self.minor_version = minor_version
        self.size = size
        self.fields = fields
        self.passed: Fields = []
        self.passed_lines = b""
        self.extras: dict[int, list[bytes]] | None = None
        self.keep_alive = minor_version == 1
        self.host: bytes | None = None
        self.user_agent: str | None = None
        self.content_length: int | None = None
        self.is_plain = True
        """Whether nothing in it is about framing, persistence, tracing or forwarding."""
        self.is_chunked = self.has_body = self.expects_continue = False
        self.upgrade: bytes | None = None
        self.connection_options: set[bytes] | None = None


class RequestHeadReader(HeadReader):
    """Reads the heads of one connection's requests, one after the other; `head` holds the latest."""

    __slots__ = ("_limits", "_line_length", "_repeated", "_url", "head")

    head: RequestHead

    def __init__(self, limits: ListenerLimits) -> None:
        self._limits = limits
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._repeated = b""
        """What followed the request line of `head`, if it says nothing about framing, persistence or tracing."""
        self._line_length = 0
        """Of the request line, as far as it has come; negative once it is complete."""
        self._start_over()

    def feed(self, data: bytes) -> int:
        # A client that keeps its connection sends the same header fields again and again. Bytes that were judged once
        # need not be judged again, and `head` is free for its next use: one exchange at a time, and the last has ended.
        if self._repeated and data.endswith(self._repeated) and not self._size:
            line = data[: -len(self._repeated)]
            parts = line.split(b" ")
            if len(parts) == 3 and parts[0] in _REPEATABLE and parts[2] == b"HTTP/1.1" and parts[1]:
                # Whatever else is wrong with the target is found where it is read (target.parse_target).
                head = self.head
                head.method = _REPEATABLE[parts[0]]
                head.target = parts[1]
                head.size = len(data)
                head.keep_alive = True
                if len(line) <= self._limits.line:
                    return head.size
        return HeadReader.feed(self, data)

    def on_url(self, url: bytes) -> None:
        self._url += url

    def _look_at(self, piece: bytes) -> None:
        if self._line_length < 0:
            return
        if self._line_length == 0:
            piece = piece.lstrip(b"\r\n")
        end = piece.find(b"\n")
        # The parser insists on CR LF, so the CR is not counted, whichever of the two comes last in its read.
        length = self._line_length + len((piece if end < 0 else piece[:end]).removesuffix(b"\r"))
        if length > self._limits.line:
            raise _line_too_long(self._limits)
        self._line_length = length if end < 0 else -length

    def _check_size(self, size: int) -> None:
        limits = self._limits
        if size > limits.header_bytes + abs(self._line_length) + 2:
            raise RequestRefused(
                Reason.HEADER_TOO_LARGE, f"The header section is larger than {limits.header_bytes} bytes."
            )
        if len(self._fields) > limits.headers:
            raise RequestRefused(Reason.HEADER_TOO_LARGE, f"There are more than {limits.headers} header fields.")

    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> RequestRefused:
        # A method that is a token but unknown is 501 (RFC 9110 section 9.1); anything else in its place is no request.
        if isinstance(error, httptools.HttpParserInvalidMethodError) and _TOKEN.fullmatch(piece.split(b" ", 1)[0]):
            return RequestRefused(Reason.NOT_IMPLEMENTED, "The method is not known.")
        return RequestRefused(Reason.BAD_REQUEST, "The request is not well-formed HTTP/1.1.")

    def _finish(self, whole: bytes, size: int) -> None:
        parser: httptools.HttpRequestParser = self._parser  # type: ignore[assignment]
        raw_method, url, fields = parser.get_method(), self._url, self._fields
        self._url = b""
        minor = 1
        if not whole.startswith(b"%b %b HTTP/1.1\r\n" % (raw_method, url)):
            minor = self._check_line(whole, len(raw_method) + len(url), parser.get_http_version())
        limits = self._limits
        if len(fields) > limits.headers or size > limits.header_bytes or len(url) + 32 > limits.line:
            self._check_whole(whole, size)
        self._fields = []
        self._line_length = 0
        head = self.head = RequestHead(_METHODS.get(raw_method) or raw_method.decode(), url, minor, size, fields)
        passed = head.passed
        for field in fields:
            if field[0] in _passing:
                passed.append(field)
            else:
                _take_special(head, _kind_of(field[0]), field)
        _check_head(head)
        head.passed_lines = b"".join([b"%b: %b\r\n" % field for field in head.passed])
        is_repeatable = head.is_plain and minor == 1 and size <= REPEATED_AT_MOST
        self._repeated = whole[whole.find(b"\r") :] if is_repeatable else b""
        if head.has_body or not head.keep_alive or head.connection_options is not None:
            self._parser = httptools.HttpRequestParser(self)

    def _check_line(self, whole: bytes, length: int, version: str) -> int:
        """The minor version of a request line that is not the usual one, or came in pieces."""
        if version not in _MINOR_VERSIONS:
            raise RequestRefused(Reason.BAD_REQUEST, "Only HTTP/1.0 and HTTP/1.1 are spoken here.", status=505)
        # One space on either side of the target and 8 bytes of version; the parser would take any number of spaces.
        line_length = whole.find(b"\r") if whole else -self._line_length
        if line_length != length + 10:
            raise RequestRefused(Reason.BAD_REQUEST, "The request line is malformed.")
        return _MINOR_VERSIONS[version]

    def _check_whole(self, whole: bytes, size: int) -> None:
        """Some limit is near for a head that came in one read; see which, exactly."""
        if whole:
            self._line_length = -whole.find(b"\r")
            if -self._line_length > self._limits.line:
                raise _line_too_long(self._limits)
        self._check_size(size)


def _take_special(head: RequestHead, kind: int, field: Field) -> None:
    """A field that may be more than merely passed on; raises RequestRefused."""
    value = field[1].strip(b" \t")  # The parser leaves white space at the end.
    if kind == _HOST and head.host is None:
        head.host = value
        return
    if kind <= _LAST_PASSED:
        head.passed.append(field)
        if kind == kinds.PASS:
            return
    else:
        head.is_plain = False
    take = _TAKE.get(kind)
    if take is not None:
        take(head, value)
    elif kind >= _FIRST_EXTRA:
        if head.extras is None:
            head.extras = {}
        head.extras.setdefault(kind, []).append(value)


def _check_head(head: RequestHead) -> None:
    """What can be said only when all fields have been read; raises RequestRefused."""
    if head.host is None and head.minor_version == 1:
        raise RequestRefused(Reason.BAD_REQUEST, "An HTTP/1.1 request needs exactly one Host field.")
    if head.method == "CONNECT":
        raise RequestRefused(Reason.NOT_IMPLEMENTED, "CONNECT is not offered.")
    if head.connection_options is not None:
        _apply_connection_options(head, head.connection_options)
    elif head.upgrade is not None:
        head.upgrade = None


def _line_too_long(limits: ListenerLimits) -> RequestRefused:
    return RequestRefused(Reason.URI_TOO_LONG, f"The request line is longer than {limits.line} bytes.")


def _take_host(head: RequestHead, value: bytes) -> None:
    if head.host is not None:
        raise RequestRefused(Reason.BAD_REQUEST, "There is more than one Host field.")
    head.host = value


def _take_content_length(head: RequestHead, value: bytes) -> None:
    # The parser has refused signs, lists and repetitions; isdigit() keeps int() from being the validator.
    if not value.isdigit() or head.content_length is not None or head.is_chunked:
        raise RequestRefused(Reason.BAD_REQUEST, "Content-Length is not one decimal number.")
    head.content_length = int(value)
    head.has_body = head.content_length > 0


def _take_transfer_encoding(head: RequestHead, value: bytes) -> None:
    if head.minor_version == 0:
        raise RequestRefused(Reason.BAD_REQUEST, "Transfer-Encoding is not part of HTTP/1.0.")
    if head.is_chunked or head.content_length is not None:
        raise RequestRefused(Reason.BAD_REQUEST, "The request is framed in two ways.")
    if value.lower() != b"chunked":
        raise RequestRefused(Reason.NOT_IMPLEMENTED, "No transfer coding but chunked is understood.")
    head.is_chunked = head.has_body = True


def _take_connection(head: RequestHead, value: bytes) -> None:
    if head.connection_options is None:
        head.connection_options = set()
    head.connection_options.update(option.strip(b" \t").lower() for option in value.split(b","))


def _take_upgrade(head: RequestHead, value: bytes) -> None:
    """HTTP/2 in clear text and TLS are no tunnels but ways around this gateway: they are not offered to the upstream."""
    protocols = [protocol.strip(b" \t") for protocol in value.split(b",")]
    offered = [protocol for protocol in protocols if protocol and not protocol.lower().startswith(_NOT_UPGRADED_TO)]
    if head.upgrade is not None:
        offered.insert(0, head.upgrade)
    head.upgrade = b", ".join(offered) or None


def _take_expect(head: RequestHead, value: bytes) -> None:
    if head.minor_version == 0:
        return  # RFC 9110 section 10.1.1: an HTTP/1.0 client cannot mean it.
    if value.lower() != b"100-continue":
        raise RequestRefused(Reason.EXPECTATION_FAILED, "No expectation but 100-continue can be met.")
    head.expects_continue = True


def _take_user_agent(head: RequestHead, value: bytes) -> None:
    head.user_agent = value.decode("latin-1")


def _refuse_repetition(name: str) -> Callable[[RequestHead, bytes], None]:
    lower = name.lower().encode()

    def take(head: RequestHead, _value: bytes) -> None:
        if len(field_values(head.fields, lower)) > 1:
            raise RequestRefused(Reason.BAD_REQUEST, f"There is more than one {name} field.")

    return take


_TAKE: dict[int, Callable[[RequestHead, bytes], None]] = {
    kinds.HOST: _take_host,
    kinds.USER_AGENT: _take_user_agent,
    kinds.CONTENT_LENGTH: _take_content_length,
    kinds.TRANSFER_ENCODING: _take_transfer_encoding,
    kinds.CONNECTION: _take_connection,
    kinds.UPGRADE: _take_upgrade,
    kinds.EXPECT: _take_expect,
    kinds.CONTENT_TYPE: _refuse_repetition("Content-Type"),
    kinds.AUTHORIZATION: _refuse_repetition("Authorization"),
}


def _apply_connection_options(head: RequestHead, options: set[bytes]) -> None:
    """Persistence (RFC 9112 section 9.3), upgrade, and what the client wants to have taken away (RFC 9110 7.6.1)."""
    if options & _NOT_CONNECTION_OPTIONS:
        raise RequestRefused(Reason.BAD_REQUEST, "Connection names a field that is not hop-by-hop.")
    if b"close" in options:
        head.keep_alive = False
    elif head.minor_version == 0:
        head.keep_alive = b"keep-alive" in options
    if b"upgrade" not in options or head.minor_version == 0:
        head.upgrade = None
    named = options - {b"close", b"keep-alive", b"upgrade", b"te", b""}
    if named:
        head.passed = [field for field in head.passed if field[0].lower() not in named]
