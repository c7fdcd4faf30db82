"""What the gateway did, as fields of an answer, for callers on a listener's `explain_to` list only.

Proxy-Status (RFC 9209) says whose answer it is and why; Server-Timing (W3C) where the time went until the answer began, a
delay that the route injected included.
"""

from typing import Final

from gateway.model.clock import monotonic_ns
from gateway.model.exchange import Exchange
from gateway.model.headers import Fields
from gateway.model.outcome import Reason
from gateway.telemetry.timing import measure

ERROR_TYPES: Final[dict[Reason, str]] = {
    Reason.NO_ROUTE: "destination_not_found",
    Reason.METHOD_NOT_ALLOWED: "http_request_error",
    Reason.BAD_REQUEST: "http_request_error",
    Reason.URI_TOO_LONG: "http_request_error",
    Reason.HEADER_TOO_LARGE: "http_request_error",
    Reason.BODY_TOO_LARGE: "http_request_error",
    Reason.EXPECTATION_FAILED: "http_request_error",
    Reason.NOT_IMPLEMENTED: "http_request_error",
    Reason.CLIENT_TIMEOUT: "http_request_error",
    Reason.AUTH_DENIED: "http_request_denied",
    Reason.RATE_LIMITED: "http_request_denied",
    Reason.OVERLOADED: "connection_limit_reached",
    Reason.SHUTTING_DOWN: "proxy_internal_response",
    Reason.NO_HEALTHY_ENDPOINT: "destination_unavailable",
    Reason.CIRCUIT_OPEN: "destination_unavailable",
    Reason.RETRY_BUDGET_EXHAUSTED: "destination_unavailable",
    Reason.CONCURRENCY_LIMITED: "connection_limit_reached",
    Reason.POOL_EXHAUSTED: "connection_limit_reached",
    Reason.DNS_ERROR: "dns_error",
    Reason.CONNECT_REFUSED: "connection_refused",
    Reason.CONNECT_TIMEOUT: "connection_timeout",
    Reason.TLS_ERROR: "tls_protocol_error",
    Reason.UPSTREAM_TIMEOUT_FIRST_BYTE: "connection_read_timeout",
    Reason.UPSTREAM_IDLE_TIMEOUT: "connection_read_timeout",
    Reason.UPSTREAM_TIMEOUT_TOTAL: "http_response_timeout",
    Reason.UPSTREAM_RESET: "connection_terminated",
    Reason.UPSTREAM_PROTOCOL_ERROR: "http_protocol_error",
    Reason.FAULT_INJECTED: "proxy_internal_response",
    Reason.CONFIG_ERROR: "proxy_configuration_error",
    Reason.INTERNAL_ERROR: "proxy_internal_error",
}
"""The proxy error type (RFC 9209 section 2.3) of each reason with which the gateway answers by itself. A plain answer and
one of the upstream have none, and a client that has left gets no answer."""

_OWN_ANSWER: Final = "proxy_internal_response"
_PHASES: Final = ("overhead", "read_head", "pool_wait", "connect", "send", "ttfb")


def cause_fields(exchange: Exchange, reason: Reason, *, is_ours: bool) -> Fields:
    """Of an answer about to be sent; is_ours: the gateway made it."""
    exchange.ended_ns = monotonic_ns()  # As of now; the end, when it comes, overwrites it.
    timing = measure(exchange)[1:7]
    spans = [*zip(_PHASES, timing, strict=True), ("fault", exchange.fault_ns)]
    phases = [f"{name};dur={spent // 1000 / 1000}" for name, spent in spans if spent]
    fields = [(b"Proxy-Status", _status(exchange, reason, is_ours=is_ours).encode("latin-1", "replace"))]
    if phases:
        fields.append((b"Server-Timing", ", ".join(phases).encode()))
    return fields


def _status(exchange: Exchange, reason: Reason, *, is_ours: bool) -> str:
    item = "sightline"
    if is_ours:
        item += f"; error={ERROR_TYPES.get(reason, _OWN_ANSWER)}"
    else:
        item += f"; received-status={exchange.status}"
    if exchange.attempts:
        item += f"; next-hop={_text(exchange.attempts[-1].endpoint)}"
    return item if reason is Reason.NONE else f"{item}; details={_text(reason.value)}"


def _text(value: str) -> str:
    """A string of structured fields (RFC 9651 section 3.3.3)."""
    printable = "".join(character if " " <= character <= "~" else "?" for character in value)
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'
