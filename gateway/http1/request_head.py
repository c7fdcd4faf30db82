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
from gateway.http1.writer import field_lines
from gateway.model.headers import Fields
from gateway.model.listener import ListenerLimits
from gateway.model.outcome import Reason

_shapes = kinds.REQUEST_KINDS.shapes
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = kinds.HOST
_LAST_PASSED = kinds.LAST_PASSED
_FIRST_EXTRA = kinds.TRACEPARENT
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

    # What most requests leave as it is stands on the class: a head is made for every request.
    passed_lines = b""
    extras: dict[int, list[bytes]] | None = None
    host: bytes | None = None
    user_agent: str | None = None
    content_length: int | None = None
    is_plain = True
    """Whether nothing in it is about framing, persistence, tracing or forwarding."""
    is_chunked = False
    has_body = False
    expects_continue = False
    upgrade: bytes | None = None
    connection_options: set[bytes] | None = None
    kinds_seen = 0
    """A bit for each kind of those that may come once only."""

    def __init__(self, method: str, target: bytes, minor_version: int, size: int) -> None:
        self.method = method
        self.target = target
        self.minor_version = minor_version
        self.size = size
        self.keep_alive = minor_version == 1
        self.fields: Fields
        self.passed: Fields


class RequestHeadReader(HeadReader):
    """Reads the heads of one connection's requests, one after the other; `head` holds the latest."""

    __slots__ = ("_limits", "_repeated", "head")

    _new_parser = httptools.HttpRequestParser
    head: RequestHead

    def __init__(self, limits: ListenerLimits) -> None:
        super().__init__()
        self._limits = limits
        self._repeated = b""
        """What followed the request line of `head`, if it says nothing about framing, persistence or tracing."""

    def feed(self, data: bytes) -> int:
        # A client that keeps its connection sends the same header fields again and again. Bytes that were judged once
        # need not be judged again, and `head` is free for its next use: one exchange at a time, and the last has ended.
        if self._repeated and data.endswith(self._repeated) and not self.size_so_far:
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

    def _check_so_far(self, held: bytearray) -> None:
        end = held.find(b"\n")
        # The parser insists on CR LF, so the CR is not counted, whichever of the two comes last in its read.
        if (len(held.removesuffix(b"\r")) if end < 0 else end - 1) > self._limits.line:
            raise _line_too_long(self._limits)
        if self.size_so_far > self._limits.header_bytes + end + 1:
            raise _header_too_large(self._limits)

    def _refusal_of(self, error: httptools.HttpParserError, piece: bytes) -> RequestRefused:
        # A method that is a token but unknown is 501 (RFC 9110 section 9.1); anything else in its place is no request.
        if isinstance(error, httptools.HttpParserInvalidMethodError) and _TOKEN.fullmatch(piece.split(b" ", 1)[0]):
            return RequestRefused(Reason.NOT_IMPLEMENTED, "The method is not known.")
        return RequestRefused(Reason.BAD_REQUEST, "The request is not well-formed HTTP/1.1.")

    def _finish(self, whole: bytes, size: int) -> None:
        line = whole[: whole.find(b"\r")]
        count = whole.count(b"\r\n") - 2
        limits = self._limits
        if len(line) > limits.line:
            raise _line_too_long(limits)
        if size - len(line) - 2 > limits.header_bytes or count > limits.headers:
            raise _header_too_large(limits)
        parts = line.split(b" ")
        minor = 1
        if len(parts) != 3 or parts[2] != b"HTTP/1.1":
            minor = _minor_version(parts)
        method = parts[0]
        head = self.head = RequestHead(_METHODS.get(method) or method.decode(), parts[1], minor, size)
        seen = self._seen.by_name
        if len(seen) == count:
            _take_fields(head, seen)
        else:
            _take_repeating_fields(head, self._fields_in_order(whole))
            seen.clear()
        _check_head(head)
        head.passed_lines = field_lines(head.passed)
        is_repeatable = head.is_plain and minor == 1 and size <= REPEATED_AT_MOST
        self._repeated = whole[len(line) :] if is_repeatable else b""
        if head.has_body or not head.keep_alive or head.connection_options is not None:
            self._parser = httptools.HttpRequestParser(self._seen)


def _minor_version(parts: list[bytes]) -> int:
    """Of a request line that is not the usual one; raises RequestRefused. The parser would take RTSP and more spaces."""
    version = parts[-1]
    if len(parts) == 3 and version == b"HTTP/1.0":
        return 0
    if len(parts) < 3 or (version.startswith(b"HTTP/") and not version.startswith(b"HTTP/1.")):
        raise RequestRefused(Reason.BAD_REQUEST, "Only HTTP/1.0 and HTTP/1.1 are spoken here.", status=505)
    raise RequestRefused(Reason.BAD_REQUEST, "The request line is malformed.")


def _take_fields(head: RequestHead, by_name: dict[bytes, bytes]) -> None:
    """Sort out fields of which no two have one name in one spelling; by_name is empty afterwards."""
    head.fields = list(by_name.items())
    names = tuple(by_name)
    shape = _shapes.get(names) or kinds.REQUEST_KINDS.shape_of(names)
    for name, kind in shape.kept:
        _take_special(head, kind, by_name[name])
    for name, kind in shape.dropped:
        if kind == _HOST and head.host is None:
            head.host = by_name.pop(name).strip(b" \t")  # The parser leaves white space at the end.
        else:
            _take_special(head, kind, by_name.pop(name))
    head.passed = list(by_name.items())
    by_name.clear()


def _take_repeating_fields(head: RequestHead, fields: Fields) -> None:
    head.fields, head.passed = fields, []
    for field in fields:
        kind = kinds.REQUEST_KINDS.kind_of(field[0])
        if kind <= _LAST_PASSED:
            head.passed.append(field)
        if kind != kinds.PASS:
            _take_special(head, kind, field[1])


def _take_special(head: RequestHead, kind: int, value: bytes) -> None:
    """A field that may be more than merely passed on; raises RequestRefused."""
    value = value.strip(b" \t")
    if kind > _LAST_PASSED and kind != _HOST:
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


def _header_too_large(limits: ListenerLimits) -> RequestRefused:
    return RequestRefused(
        Reason.HEADER_TOO_LARGE,
        f"The header section is larger than {limits.header_bytes} bytes or {limits.headers} fields.",
    )


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


def _refuse_repetition(name: str, kind: int) -> Callable[[RequestHead, bytes], None]:
    bit = 1 << kind

    def take(head: RequestHead, _value: bytes) -> None:
        if head.kinds_seen & bit:
            raise RequestRefused(Reason.BAD_REQUEST, f"There is more than one {name} field.")
        head.kinds_seen |= bit

    return take


_TAKE: dict[int, Callable[[RequestHead, bytes], None]] = {
    kinds.HOST: _take_host,
    kinds.USER_AGENT: _take_user_agent,
    kinds.CONTENT_LENGTH: _take_content_length,
    kinds.TRANSFER_ENCODING: _take_transfer_encoding,
    kinds.CONNECTION: _take_connection,
    kinds.UPGRADE: _take_upgrade,
    kinds.EXPECT: _take_expect,
    kinds.CONTENT_TYPE: _refuse_repetition("Content-Type", kinds.CONTENT_TYPE),
    kinds.AUTHORIZATION: _refuse_repetition("Authorization", kinds.AUTHORIZATION),
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
