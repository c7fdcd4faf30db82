"""How an exchange ended: who decided it and why. Both lists are closed; every projection uses these words."""

from enum import StrEnum
from typing import Final


class Source(StrEnum):
    """Who made the answer, or who is the cause of there being none."""

    GATEWAY = "gateway"
    UPSTREAM = "upstream"
    CLIENT = "client"


class Reason(StrEnum):
    """Why an exchange or an attempt ended as it did; NONE is a plain answer."""

    NONE = "none"
    UPSTREAM_STATUS = "upstream_status"
    NO_ROUTE = "no_route"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BAD_REQUEST = "bad_request"
    URI_TOO_LONG = "uri_too_long"
    HEADER_TOO_LARGE = "header_too_large"
    BODY_TOO_LARGE = "body_too_large"
    EXPECTATION_FAILED = "expectation_failed"
    NOT_IMPLEMENTED = "not_implemented"
    CLIENT_TIMEOUT = "client_timeout"
    CLIENT_DISCONNECT = "client_disconnect"
    AUTH_DENIED = "auth_denied"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SHUTTING_DOWN = "shutting_down"
    NO_HEALTHY_ENDPOINT = "no_healthy_endpoint"
    CIRCUIT_OPEN = "circuit_open"
    CONCURRENCY_LIMITED = "concurrency_limited"
    POOL_EXHAUSTED = "pool_exhausted"
    DNS_ERROR = "dns_error"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_ERROR = "tls_error"
    UPSTREAM_TIMEOUT_FIRST_BYTE = "upstream_timeout_first_byte"
    UPSTREAM_TIMEOUT_TOTAL = "upstream_timeout_total"
    UPSTREAM_IDLE_TIMEOUT = "upstream_idle_timeout"
    UPSTREAM_RESET = "upstream_reset"
    UPSTREAM_PROTOCOL_ERROR = "upstream_protocol_error"
    RETRY_BUDGET_EXHAUSTED = "retry_budget_exhausted"
    SUPERSEDED = "superseded"
    """Of an attempt: another one at the same time answered first."""
    FAULT_INJECTED = "fault_injected"
    """The route's configuration wanted it to fail: a game day."""
    CONFIG_ERROR = "config_error"
    INTERNAL_ERROR = "internal_error"


STATUS_OF: Final[dict[Reason, int]] = {
    Reason.NO_ROUTE: 404,
    Reason.METHOD_NOT_ALLOWED: 405,
    Reason.BAD_REQUEST: 400,
    Reason.URI_TOO_LONG: 414,
    Reason.HEADER_TOO_LARGE: 431,
    Reason.BODY_TOO_LARGE: 413,
    Reason.EXPECTATION_FAILED: 417,
    Reason.NOT_IMPLEMENTED: 501,
    Reason.CLIENT_TIMEOUT: 408,
    Reason.CLIENT_DISCONNECT: 499,
    Reason.AUTH_DENIED: 401,
    Reason.RATE_LIMITED: 429,
    Reason.OVERLOADED: 503,
    Reason.SHUTTING_DOWN: 503,
    Reason.NO_HEALTHY_ENDPOINT: 503,
    Reason.CIRCUIT_OPEN: 503,
    Reason.CONCURRENCY_LIMITED: 503,
    Reason.POOL_EXHAUSTED: 503,
    Reason.DNS_ERROR: 502,
    Reason.CONNECT_REFUSED: 502,
    Reason.CONNECT_TIMEOUT: 504,
    Reason.TLS_ERROR: 502,
    Reason.UPSTREAM_TIMEOUT_FIRST_BYTE: 504,
    Reason.UPSTREAM_TIMEOUT_TOTAL: 504,
    Reason.UPSTREAM_IDLE_TIMEOUT: 504,
    Reason.UPSTREAM_RESET: 502,
    Reason.UPSTREAM_PROTOCOL_ERROR: 502,
    Reason.RETRY_BUDGET_EXHAUSTED: 503,
    Reason.FAULT_INJECTED: 503,
    Reason.CONFIG_ERROR: 500,
    Reason.INTERNAL_ERROR: 500,
}
"""The status of the gateway's own answer for a reason. CLIENT_DISCONNECT's 499 is never sent, only recorded."""

_CLIENT_REASONS: Final = frozenset(
    {
        Reason.BAD_REQUEST,
        Reason.URI_TOO_LONG,
        Reason.HEADER_TOO_LARGE,
        Reason.BODY_TOO_LARGE,
        Reason.EXPECTATION_FAILED,
        Reason.NOT_IMPLEMENTED,
        Reason.CLIENT_TIMEOUT,
        Reason.CLIENT_DISCONNECT,
    }
)
_UPSTREAM_REASONS: Final = frozenset(
    {
        Reason.UPSTREAM_STATUS,
        Reason.DNS_ERROR,
        Reason.CONNECT_REFUSED,
        Reason.CONNECT_TIMEOUT,
        Reason.TLS_ERROR,
        Reason.UPSTREAM_TIMEOUT_FIRST_BYTE,
        Reason.UPSTREAM_TIMEOUT_TOTAL,
        Reason.UPSTREAM_IDLE_TIMEOUT,
        Reason.UPSTREAM_RESET,
        Reason.UPSTREAM_PROTOCOL_ERROR,
    }
)


def cause_of(reason: Reason) -> Source:
    """Who is the cause of a failure: the client's doing, the upstream's, or else the gateway's own decision."""
    if reason in _CLIENT_REASONS:
        return Source.CLIENT
    if reason in _UPSTREAM_REASONS:
        return Source.UPSTREAM
    return Source.GATEWAY


def is_endpoint_failure(reason: Reason) -> bool:
    """Whether an attempt that ended for this reason speaks against its endpoint: it answered 5xx, badly, late or not at
    all. What the client or the gateway did (left, shut down, a full queue) says nothing about it."""
    return reason in _UPSTREAM_REASONS
