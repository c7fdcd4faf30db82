"""One line of JSON per exchange, flat, with semantic-convention names where there are any and numbers as numbers.

What an exchange shares with all others of its route that ended alike is encoded once (`line_ending`); the rest per exchange.
"""

import re
import time
from typing import Any, Final

import orjson

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.exchange import Attempt, Exchange
from gateway.model.outcome import Reason, Source
from gateway.model.route import Route
from gateway.telemetry.labels import METHODS, OTHER_METHOD, UNMATCHED, http_route
from gateway.telemetry.redaction import redact_query
from gateway.telemetry.timing import Timing, measure_attempt

_MILLISECONDS: Final = tuple(f"{number:03d}Z" for number in range(1000))
_REASON_TEXT: Final = {reason: reason.value for reason in Reason}
_TERMINAL_CONTROLS: Final = re.compile("[\x80-\x9f\u2028\u2029]")


def line_ending(
    route: Route | None, method: str, status: int, source: Source, reason: Reason, sample_rate: float = 1.0
) -> orjson.Fragment:
    """What the lines of all exchanges with these properties have in common; `sample_rate` only if not all are written.

    It is the value of their last key, `source`, and runs on from there: encoded once, it is copied into each line.
    """
    fields: dict[str, Any] = {
        "reason": reason.value,
        "http.request.method": method,
        "http.response.status_code": status,
    }
    if route is None:
        fields["route"] = UNMATCHED
    else:
        fields["http.route"] = http_route(route)
        fields["route"] = route.name
    if sample_rate != 1.0:
        fields["sample_rate"] = sample_rate
    return orjson.Fragment(orjson.dumps(source.value) + b"," + orjson.dumps(fields)[1:-1])


def milliseconds(duration_ns: int) -> str:
    """A number of milliseconds as all lines have it: cut, not rounded, to three decimals."""
    return str(duration_ns // 1000 / 1000)


class LineEncoder:
    """Encodes the lines of one worker; knows which query values may be shown."""

    __slots__ = ("_allowed", "_millisecond_ns", "_millisecond_text", "_second_ns", "_second_text")

    def __init__(self, query_allowed: tuple[str, ...] = ()) -> None:
        self._allowed = frozenset(query_allowed)
        self._second_ns = -SECOND_NS
        self._second_text = ""
        self._millisecond_ns = -SECOND_NS
        self._millisecond_text = ""

    def encode(  # noqa: C901  # shape: divided into calls it would cost a third more (perf/bench_recorder.py)
        self, exchange: Exchange, timing: Timing, ending: orjson.Fragment
    ) -> bytes:
        """The whole line with its line end."""
        total, overhead, read_head, pool_wait, connect, send, ttfb, transfer, write = timing
        phases = {"send_ms": send // 1000 / 1000} if send else {}
        fields: dict[str, Any] = {
            "@timestamp": self.timestamp(exchange.started_at_ns),
            "request_id": exchange.request_id,
            "config_revision": exchange.revision,
            "client.address": exchange.client_address,
            "server.address": exchange.host,
            "url.path": exchange.path,
            "network.protocol.version": exchange.protocol,
            "duration_ms": total // 1000 / 1000,
            "overhead_ms": overhead // 1000 / 1000,
            "phases": phases,
            "bytes_in": exchange.bytes_in,
            "bytes_out": exchange.bytes_out,
            "in_flight": exchange.in_flight,
        }
        if ttfb:
            phases["ttfb_ms"] = ttfb // 1000 / 1000
        if transfer:
            phases["transfer_ms"] = transfer // 1000 / 1000
        if read_head or pool_wait or connect or write:
            _add_phases(phases, read_head, pool_wait, connect, write)
        if exchange.trace_id:
            fields["trace_id"] = exchange.trace_id
            fields["span_id"] = exchange.span_id
            fields["sampled"] = exchange.sampled
        attempts = exchange.attempts
        if len(attempts) == 1:
            attempt = attempts[0]
            fields["upstream"] = exchange.upstream
            fields["endpoint"] = attempt.endpoint
            fields["attempts"] = [_attempt_fields(attempt, exchange.ended_ns, connect, ttfb)]
        elif exchange.upstream:
            _add_attempts(fields, exchange)
        if exchange.user_agent is not None:
            fields["user_agent.original"] = exchange.user_agent
        if exchange.query is not None:
            fields["url.query"] = redact_query(exchange.query, self._allowed)
        if exchange.detail:
            fields["reason_detail"] = exchange.detail
        if exchange.fault:
            fields["fault"] = exchange.fault
            fields["fault_ms"] = exchange.fault_ns // 1000 / 1000
        fields["source"] = ending
        try:
            line = orjson.dumps(fields, None, orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            line = _dump_replaced(fields)
        return line if line.isascii() else escape_controls(line)

    def encode_open(self, exchange: Exchange, event: str, open_ns: int, now_ns: int) -> bytes:
        """The line of an exchange that goes on, with what is known of it by now. now_ns: the wall clock."""
        route = exchange.route
        fields: dict[str, Any] = {
            "@timestamp": self.timestamp(now_ns),
            "event": event,
            "request_id": exchange.request_id,
            "config_revision": exchange.revision,
            "client.address": exchange.client_address,
            "server.address": exchange.host,
            "url.path": exchange.path,
            "network.protocol.version": exchange.protocol,
            "open_ms": open_ns // 1000 / 1000,
            "upgraded": exchange.upgraded,
            "bytes_in": exchange.bytes_in,
            "bytes_out": exchange.bytes_out,
            "http.request.method": METHODS.get(exchange.method, OTHER_METHOD),
            "route": UNMATCHED if route is None else route.name,
        }
        if route is not None:
            fields["http.route"] = http_route(route)
        if exchange.status:
            fields["http.response.status_code"] = exchange.status
        if exchange.trace_id:
            fields |= {"trace_id": exchange.trace_id, "span_id": exchange.span_id, "sampled": exchange.sampled}
        if exchange.attempts:
            fields |= {"upstream": exchange.upstream, "endpoint": exchange.attempts[-1].endpoint}
        if exchange.user_agent is not None:
            fields["user_agent.original"] = exchange.user_agent
        if exchange.query is not None:
            fields["url.query"] = redact_query(exchange.query, self._allowed)
        return _dump(fields)

    def timestamp(self, wall_ns: int) -> str:
        """RFC 3339, UTC, to the millisecond."""
        if not 0 <= wall_ns - self._millisecond_ns < MILLISECOND_NS:
            offset = wall_ns - self._second_ns
            if not 0 <= offset < SECOND_NS:
                offset = self._turn_to(wall_ns)
            self._millisecond_ns = wall_ns - offset % MILLISECOND_NS
            self._millisecond_text = self._second_text + _MILLISECONDS[offset // MILLISECOND_NS]
        return self._millisecond_text

    def _turn_to(self, wall_ns: int) -> int:
        """Format the second this time lies in; returns the nanoseconds into it."""
        second, offset = divmod(wall_ns, SECOND_NS)
        self._second_ns = wall_ns - offset
        self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        return offset

    def redact(self, query: str) -> str:
        """The query as it may be written down."""
        return redact_query(query, self._allowed)


def _add_phases(phases: dict[str, float], read_head: int, pool_wait: int, connect: int, write: int) -> None:
    """The phases that a short request on a reused connection does not have."""
    if read_head:
        phases["read_head_ms"] = read_head // 1000 / 1000
    if pool_wait:
        phases["pool_wait_ms"] = pool_wait // 1000 / 1000
    if connect:
        phases["connect_ms"] = connect // 1000 / 1000
    if write:
        phases["write_ms"] = write // 1000 / 1000


def _add_attempts(fields: dict[str, Any], exchange: Exchange) -> None:
    fields["upstream"] = exchange.upstream
    details = []
    for attempt in exchange.attempts:
        _, connect, _, ttfb, _ = measure_attempt(attempt, exchange.ended_ns)
        told = _attempt_fields(attempt, exchange.ended_ns, connect, ttfb)
        told["at_ms"] = (attempt.started_ns - exchange.started_ns) // 1000 / 1000
        details.append(told)
    if details:
        fields["endpoint"] = exchange.attempts[-1].endpoint
        fields["attempts"] = details


def _attempt_fields(attempt: Attempt, exchange_ended_ns: int, connect_ns: int, ttfb_ns: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "endpoint": attempt.endpoint,
        "status": attempt.status,
        "reason": _REASON_TEXT[attempt.reason],
        "ttfb_ms": ttfb_ns // 1000 / 1000,
        "ms": ((attempt.ended_ns or exchange_ended_ns) - attempt.started_ns) // 1000 / 1000,
    }
    if connect_ns:
        fields["connect_ms"] = connect_ns // 1000 / 1000
    return fields


def _dump(fields: dict[str, Any]) -> bytes:
    try:
        line = orjson.dumps(fields, None, orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        line = _dump_replaced(fields)
    return line if line.isascii() else escape_controls(line)


def _dump_replaced(fields: dict[str, Any]) -> bytes:
    encodable = {key: _encodable(value) for key, value in fields.items()}
    return orjson.dumps(encodable, None, orjson.OPT_APPEND_NEWLINE)


def _encodable(value: Any) -> Any:
    """Text that cannot be encoded (a lone surrogate) with those characters replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


def escape_controls(line: bytes) -> bytes:
    """JSON leaves the C1 controls and the Unicode line separators as they are; terminals and log readers do not."""
    return _TERMINAL_CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", line.decode()).encode()
