"""One line of JSON per exchange, flat, with semantic-convention names where there are any and numbers as numbers.

What an exchange shares with all others of its route that ended alike is encoded once (`line_tail`); the rest per exchange.
"""

import re
import time
from typing import Any, Final

import orjson

from gateway.model.clock import SECOND_NS
from gateway.model.exchange import Attempt, Exchange
from gateway.model.outcome import Reason, Source
from gateway.model.route import Route
from gateway.telemetry.labels import METHODS, OTHER_METHOD, UNMATCHED, http_route
from gateway.telemetry.redaction import redact_query
from gateway.telemetry.timing import Timing, measure_attempt

_MILLISECONDS: Final = tuple(f"{number:03d}Z" for number in range(1000))
_REASON_TEXT: Final = {reason: reason.value for reason in Reason}
_TERMINAL_CONTROLS: Final = re.compile("[\x7f-\x9f\u2028\u2029]")
_DELETE: Final = b"\x7f"


def line_tail(route: Route | None, method: str, status: int, source: Source, reason: Reason) -> bytes:
    """The end of every line of exchanges with these properties, from the comma before it to the line end."""
    fields: dict[str, Any] = {"http.request.method": method, "http.response.status_code": status}
    if route is None:
        fields["route"] = UNMATCHED
    else:
        fields["http.route"] = http_route(route)
        fields["route"] = route.name
    fields["source"] = source.value
    fields["reason"] = reason.value
    return b"," + orjson.dumps(fields)[1:] + b"\n"


class LineEncoder:
    """Encodes the lines of one worker; knows which query values may be shown."""

    __slots__ = ("_allowed", "_second", "_second_text")

    def __init__(self, query_allowed: tuple[str, ...] = ()) -> None:
        self._allowed = frozenset(query_allowed)
        self._second = -1
        self._second_text = ""

    def encode(self, exchange: Exchange, timing: Timing, tail: bytes, sample_rate: float = 1.0) -> bytes:
        """The whole line with its line end. `sample_rate` is the share of such lines that is written, if not all are."""
        second, rest = divmod(exchange.started_at_ns, SECOND_NS)
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        total, overhead, *_ = timing
        fields: dict[str, Any] = {
            "@timestamp": self._second_text + _MILLISECONDS[rest // 1_000_000],
            "request_id": exchange.request_id,
            "config_revision": exchange.revision,
            "client.address": exchange.client_address,
            "server.address": exchange.host,
            "url.path": exchange.path,
            "network.protocol.version": exchange.protocol,
            "duration_ms": total // 1000 / 1000,
            "overhead_ms": overhead // 1000 / 1000,
            "phases": _phases(timing),
            "bytes_in": exchange.bytes_in,
            "bytes_out": exchange.bytes_out,
            "in_flight": exchange.in_flight,
        }
        if exchange.trace_id:
            fields["trace_id"] = exchange.trace_id
            fields["span_id"] = exchange.span_id
            fields["sampled"] = exchange.sampled
        attempts = exchange.attempts
        if attempts:
            fields["upstream"] = exchange.upstream
            fields["endpoint"] = attempts[-1].endpoint
            fields["attempts"] = [_attempt_fields(attempt, exchange.ended_ns) for attempt in attempts]
        self._add_optional(fields, exchange)
        if sample_rate != 1.0:
            fields["sample_rate"] = sample_rate
        return _dump(fields, tail)

    def redact(self, query: str) -> str:
        return redact_query(query, self._allowed)

    def _add_optional(self, fields: dict[str, Any], exchange: Exchange) -> None:
        if exchange.query is not None:
            fields["url.query"] = redact_query(exchange.query, self._allowed)
        if exchange.user_agent is not None:
            fields["user_agent.original"] = exchange.user_agent
        if exchange.detail:
            fields["reason_detail"] = exchange.detail
        if exchange.upstream and not exchange.attempts:
            fields["upstream"] = exchange.upstream
        if exchange.method not in METHODS and exchange.method:
            fields["http.request.method_original"] = exchange.method


def _phases(timing: Timing) -> dict[str, float]:
    """Those phases that took time, in milliseconds."""
    _, _, read_head, pool_wait, connect, send, ttfb, transfer, write = timing
    phases = {}
    if read_head:
        phases["read_head_ms"] = read_head // 1000 / 1000
    if pool_wait:
        phases["pool_wait_ms"] = pool_wait // 1000 / 1000
    if connect:
        phases["connect_ms"] = connect // 1000 / 1000
    if send:
        phases["send_ms"] = send // 1000 / 1000
    if ttfb:
        phases["ttfb_ms"] = ttfb // 1000 / 1000
    if transfer:
        phases["transfer_ms"] = transfer // 1000 / 1000
    if write:
        phases["write_ms"] = write // 1000 / 1000
    return phases


def _attempt_fields(attempt: Attempt, exchange_ended_ns: int) -> dict[str, Any]:
    timing = measure_attempt(attempt, exchange_ended_ns)
    fields: dict[str, Any] = {
        "endpoint": attempt.endpoint,
        "status": attempt.status,
        "reason": _REASON_TEXT[attempt.reason],
        "ttfb_ms": timing[3] // 1000 / 1000,
        "ms": ((attempt.ended_ns or exchange_ended_ns) - attempt.started_ns) // 1000 / 1000,
    }
    if timing[1]:
        fields["connect_ms"] = timing[1] // 1000 / 1000
    return fields


def _dump(fields: dict[str, Any], tail: bytes) -> bytes:
    try:
        line = orjson.dumps(fields)[:-1] + tail
    except TypeError:
        line = orjson.dumps({key: _encodable(value) for key, value in fields.items()})[:-1] + tail
    if line.isascii() and _DELETE not in line:
        return line
    return _TERMINAL_CONTROLS.sub(_escape, line.decode()).encode()


def _encodable(value: Any) -> Any:
    """Text that cannot be encoded (a lone surrogate) with those characters replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


def _escape(match: re.Match[str]) -> str:
    """JSON leaves DEL, the C1 controls and the Unicode line separators as they are; terminals and log readers do not."""
    return f"\\u{ord(match[0]):04x}"


def method_label(method: str) -> str:
    """The method as a label and in `http.request.method`."""
    return METHODS.get(method, OTHER_METHOD)
