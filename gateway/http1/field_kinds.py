"""What each header field is to a proxy: passed on as it is, or one of the few that decide framing, forwarding or tracing.

What a head consists of is worked out once for each sequence of names: whoever sends one head sends others like it. The
sequences remembered are bounded in number and size, beyond which one is merely sorted out anew each time.
"""

from typing import Final

PASS: Final = 0
# The kinds up to LAST_PASSED are passed on as well as looked at.
USER_AGENT: Final = 1
CONTENT_TYPE: Final = 2
AUTHORIZATION: Final = 3
DATE: Final = 4
LAST_PASSED: Final = DATE
HOST: Final = 5
CONNECTION: Final = 6
CONTENT_LENGTH: Final = 7
TRANSFER_ENCODING: Final = 8
HOP_BY_HOP: Final = 9
"""Dropped, whatever its value."""
TE: Final = 10
UPGRADE: Final = 11
EXPECT: Final = 12
# The kinds from TRACEPARENT on are kept aside for tracing and forwarding, and sent anew.
TRACEPARENT: Final = 13
TRACESTATE: Final = 14
FORWARDED: Final = 15
X_FORWARDED_FOR: Final = 16
X_FORWARDED_PROTO: Final = 17
X_FORWARDED_HOST: Final = 18
FORWARDING: Final = 19
"""Other claims of a proxy in front (X-Real-IP, X-Forwarded-Port, ...): believed from trusted peers alone."""
X_REQUEST_ID: Final = 20
MAX_FORWARDS: Final = 21
UNDERSCORE: Final = 22
"""A name with an underscore: dropped, because applications read `-` and `_` alike and identity fields could be forged."""
# The kinds from FIRST_CONTEXT on are context in other forms than W3C's: passed on, sent anew or stripped.
FIRST_CONTEXT: Final = 23
B3: Final = 23
B3_TRACE_ID: Final = 24
B3_SPAN_ID: Final = 25
B3_PARENT_SPAN_ID: Final = 26
B3_SAMPLED: Final = 27
B3_FLAGS: Final = 28
JAEGER: Final = 29
JAEGER_BAGGAGE: Final = 30
BAGGAGE: Final = 31

_REQUEST: Final[dict[bytes, int]] = {
    b"host": HOST,
    b"user-agent": USER_AGENT,
    b"connection": CONNECTION,
    b"content-length": CONTENT_LENGTH,
    b"transfer-encoding": TRANSFER_ENCODING,
    b"keep-alive": HOP_BY_HOP,
    b"proxy-connection": HOP_BY_HOP,
    b"proxy-authenticate": HOP_BY_HOP,
    b"proxy-authorization": HOP_BY_HOP,
    b"http2-settings": HOP_BY_HOP,
    b"trailer": HOP_BY_HOP,
    b"te": TE,
    b"upgrade": UPGRADE,
    b"expect": EXPECT,
    b"traceparent": TRACEPARENT,
    b"tracestate": TRACESTATE,
    b"forwarded": FORWARDED,
    b"x-forwarded-for": X_FORWARDED_FOR,
    b"x-forwarded-proto": X_FORWARDED_PROTO,
    b"x-forwarded-host": X_FORWARDED_HOST,
    b"x-real-ip": FORWARDING,
    b"x-request-id": X_REQUEST_ID,
    b"max-forwards": MAX_FORWARDS,
    b"content-type": CONTENT_TYPE,
    b"authorization": AUTHORIZATION,
    b"b3": B3,
    b"x-b3-traceid": B3_TRACE_ID,
    b"x-b3-spanid": B3_SPAN_ID,
    b"x-b3-parentspanid": B3_PARENT_SPAN_ID,
    b"x-b3-sampled": B3_SAMPLED,
    b"x-b3-flags": B3_FLAGS,
    b"uber-trace-id": JAEGER,
    b"baggage": BAGGAGE,
}
_RESPONSE: Final[dict[bytes, int]] = {
    b"connection": CONNECTION,
    b"content-length": CONTENT_LENGTH,
    b"transfer-encoding": TRANSFER_ENCODING,
    b"keep-alive": HOP_BY_HOP,
    b"proxy-connection": HOP_BY_HOP,
    b"proxy-authenticate": HOP_BY_HOP,
    b"te": HOP_BY_HOP,
    b"trailer": HOP_BY_HOP,
    b"upgrade": UPGRADE,
    b"date": DATE,
}
_SHAPES_KEPT: Final = 1024
_SHAPE_FIELDS: Final = 40
_SHAPE_BYTES: Final = 1024


class Shape:
    """What is to be done with the fields of all heads with one sequence of names.

    kept: those that are passed on but looked at, dropped: those that are not passed on, each with its kind, in order.
    """

    __slots__ = ("dropped", "kept")

    def __init__(self, kept: tuple[tuple[bytes, int], ...], dropped: tuple[tuple[bytes, int], ...]) -> None:
        self.kept = kept
        self.dropped = dropped


class FieldKinds:
    """The kind of a field by its name in whatever case it was sent.

    shapes: those that are remembered, by the names in the order they came, for `shape_of` to be asked only for others.
    """

    __slots__ = ("_by_lower_name", "_is_request", "shapes")

    def __init__(self, by_lower_name: dict[bytes, int], *, is_request: bool) -> None:
        self._by_lower_name = by_lower_name
        self._is_request = is_request
        self.shapes: dict[tuple[bytes, ...], Shape] = {}

    def shape_of(self, names: tuple[bytes, ...]) -> Shape:
        """Sort these names out, and remember them unless they are uncommonly many or long."""
        pairs = [(name, self.kind_of(name)) for name in names]
        shape = Shape(
            tuple(pair for pair in pairs if PASS < pair[1] <= LAST_PASSED),
            tuple(pair for pair in pairs if pair[1] > LAST_PASSED),
        )
        if len(names) <= _SHAPE_FIELDS and sum(map(len, names)) <= _SHAPE_BYTES:
            if len(self.shapes) >= _SHAPES_KEPT:
                # Names come from outside; what a stranger can fill must be cheap to lose.
                self.shapes.clear()
            self.shapes[names] = shape
        return shape

    def kind_of(self, name: bytes) -> int:
        lower = name.lower()
        kind = self._by_lower_name.get(lower)
        if kind is not None:
            return kind
        if self._is_request and b"_" in name:
            return UNDERSCORE
        if self._is_request and lower.startswith(b"x-forwarded-"):
            return FORWARDING
        if self._is_request and lower.startswith(b"uberctx-"):
            return JAEGER_BAGGAGE
        return PASS


REQUEST_KINDS: Final = FieldKinds(_REQUEST, is_request=True)
RESPONSE_KINDS: Final = FieldKinds(_RESPONSE, is_request=False)
