"""What each header field is to a proxy: passed on as it is, or one of the few that decide framing, forwarding or tracing.

One lookup per field, in the parser's callback. The table is seeded with the spellings clients use and learns others up
to a bound, beyond which an unknown spelling is merely classified anew each time.
"""

from typing import Final

PASS: Final = 0
# The kinds up to AUTHORIZATION are passed on as well as looked at.
USER_AGENT: Final = 1
CONTENT_TYPE: Final = 2
AUTHORIZATION: Final = 3
HOST: Final = 4
CONNECTION: Final = 5
CONTENT_LENGTH: Final = 6
TRANSFER_ENCODING: Final = 7
HOP_BY_HOP: Final = 8
"""Dropped, whatever its value."""
TE: Final = 9
UPGRADE: Final = 10
EXPECT: Final = 11
# The kinds from TRACEPARENT on are kept aside for tracing and forwarding, and sent anew.
TRACEPARENT: Final = 12
TRACESTATE: Final = 13
FORWARDED: Final = 14
X_FORWARDED_FOR: Final = 15
X_FORWARDED_PROTO: Final = 16
X_FORWARDED_HOST: Final = 17
FORWARDING: Final = 18
"""Other claims of a proxy in front (X-Real-IP, X-Forwarded-Port, ...): believed from trusted peers alone."""
X_REQUEST_ID: Final = 19
MAX_FORWARDS: Final = 20
UNDERSCORE: Final = 21
"""A name with an underscore: dropped, because applications read `-` and `_` alike and identity fields could be forged."""
DATE: Final = 22

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
_LEARN_AT_MOST: Final = 2048


class FieldKinds:
    """The kind of a field by its name in whatever case it was sent.

    Use: a name in `passing` is PASS, which most are; for any other ask `kind_of`.
    """

    __slots__ = ("_by_lower_name", "_is_request", "_known", "passing")

    def __init__(self, by_lower_name: dict[bytes, int], common: tuple[bytes, ...], *, is_request: bool) -> None:
        self._by_lower_name = by_lower_name
        self._is_request = is_request
        self._known: dict[bytes, int] = {}
        self.passing: set[bytes] = set()
        for lower in (*by_lower_name, *common):
            for spelling in (lower, lower.title()):
                self.kind_of(spelling)

    def kind_of(self, name: bytes) -> int:
        kind = self._known.get(name)
        if kind is None:
            kind = self._classify(name)
            if len(self._known) < _LEARN_AT_MOST:
                self._known[name] = kind
                if kind == PASS:
                    self.passing.add(name)
        return kind

    def _classify(self, name: bytes) -> int:
        lower = name.lower()
        kind = self._by_lower_name.get(lower)
        if kind is not None:
            return kind
        if self._is_request and b"_" in name:
            return UNDERSCORE
        if self._is_request and lower.startswith(b"x-forwarded-"):
            return FORWARDING
        return PASS


REQUEST_KINDS: Final = FieldKinds(
    _REQUEST,
    (
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"cache-control",
        b"cookie",
        b"origin",
        b"referer",
        b"range",
        b"via",
    ),
    is_request=True,
)
RESPONSE_KINDS: Final = FieldKinds(
    _RESPONSE,
    (b"server", b"content-type", b"cache-control", b"etag", b"last-modified", b"location", b"set-cookie", b"vary"),
    is_request=False,
)
