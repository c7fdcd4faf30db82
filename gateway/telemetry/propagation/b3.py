"""B3, Zipkin's trace context, as one field (`b3`) or several (`X-B3-*`); https://github.com/openzipkin/b3-propagation."""

import re
from collections.abc import Sequence
from typing import Final

from gateway.model.exchange import Exchange
from gateway.telemetry.propagation.caller import CallerContext

_SINGLE: Final = re.compile(rb"([0-9a-fA-F]{32}|[0-9a-fA-F]{16})-([0-9a-fA-F]{16})(?:-([01d])(?:-[0-9a-fA-F]{16})?)?")
_TRACE_ID: Final = re.compile(rb"[0-9a-fA-F]{32}|[0-9a-fA-F]{16}")
_SPAN_ID: Final = re.compile(rb"[0-9a-fA-F]{16}")
_SINGLE_STATES: Final = {b"0": False, b"1": True, b"d": True}
_STATES: Final = {b"0": False, b"1": True, b"false": False, b"true": True}
_DEBUG: Final = b"d"


def read_b3(values: Sequence[bytes]) -> CallerContext | None:
    """Of `b3` fields: `{trace}-{span}[-{state}[-{parent}]]`, or a state alone. None unless there is one valid value."""
    if len(values) != 1:
        return None
    value = values[0]
    if value in _SINGLE_STATES:
        return "", "", _SINGLE_STATES[value], "", False, value == _DEBUG
    parsed = _SINGLE.fullmatch(value)
    if parsed is None:
        return None
    trace_id, span_id, state = parsed.groups()
    # No state is a decision that is deferred to us.
    return _context(trace_id, span_id, _SINGLE_STATES.get(state), debug=state == _DEBUG)


def read_b3_multi(
    trace_ids: Sequence[bytes], span_ids: Sequence[bytes], sampled: Sequence[bytes], flags: Sequence[bytes]
) -> CallerContext | None:
    """Of X-B3-TraceId, X-B3-SpanId, X-B3-Sampled and X-B3-Flags; None if any is repeated or malformed."""
    if any(len(values) > 1 for values in (trace_ids, span_ids, sampled, flags)):
        return None
    debug = len(flags) > 0 and flags[0] == b"1"
    state: bool | None = True if debug else None
    if sampled and not debug:
        if sampled[0].lower() not in _STATES:
            return None
        state = _STATES[sampled[0].lower()]
    if not trace_ids and not span_ids:
        return None if state is None else ("", "", state, "", False, debug)
    if not trace_ids or not span_ids:
        return None
    if not _TRACE_ID.fullmatch(trace_ids[0]) or not _SPAN_ID.fullmatch(span_ids[0]):
        return None
    return _context(trace_ids[0], span_ids[0], state, debug=debug)


def _context(trace_id: bytes, span_id: bytes, sampled: bool | None, *, debug: bool) -> CallerContext | None:
    """A trace id of 64 bits gets zeros in front, as OpenTelemetry does it."""
    if not trace_id.strip(b"0") or not span_id.strip(b"0"):
        return None
    return trace_id.decode().lower().zfill(32), span_id.decode().lower(), sampled, "", False, debug


def b3_line(exchange: Exchange, span_id: str) -> str:
    """The `b3` field for one attempt, with its line end."""
    state = "d" if exchange.trace_debug else "1" if exchange.sampled else "0"
    return f"b3: {exchange.trace_id}-{span_id}-{state}-{exchange.span_id}\r\n"


def b3_multi_lines(exchange: Exchange, span_id: str) -> str:
    """The X-B3 fields for one attempt. Debug says sampled by itself, so that is not said twice."""
    state = "X-B3-Flags: 1" if exchange.trace_debug else f"X-B3-Sampled: {'1' if exchange.sampled else '0'}"
    return (
        f"X-B3-TraceId: {exchange.trace_id}\r\nX-B3-SpanId: {span_id}\r\n"
        f"X-B3-ParentSpanId: {exchange.span_id}\r\n{state}\r\n"
    )
