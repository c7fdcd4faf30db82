"""Jaeger's own trace context, from before W3C's: `uber-trace-id: {trace}:{span}:{parent}:{flags}`."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.model.exchange import Exchange
from gateway.telemetry.propagation.caller import CallerContext

_VALUE: Final = re.compile(rb"([0-9a-fA-F]{1,32}):([0-9a-fA-F]{1,16}):([0-9a-fA-F]{1,16}):([0-9a-fA-F]{1,2})")
_SAMPLED: Final = 1
_DEBUG: Final = 2


def read_jaeger(values: Sequence[bytes]) -> CallerContext | None:
    """None unless there is one valid value. Ids may have lost their leading zeros, and colons may be percent-encoded."""
    if len(values) != 1:
        return None
    parsed = _VALUE.fullmatch(unquote_to_bytes(values[0]))
    if parsed is None:
        return None
    trace_id, span_id, _parent, flags = parsed.groups()
    if not trace_id.strip(b"0") or not span_id.strip(b"0"):
        return None
    bits = int(flags, 16)
    is_debug = bool(bits & _DEBUG)
    is_sampled = is_debug or bool(bits & _SAMPLED)
    return trace_id.decode().lower().zfill(32), span_id.decode().lower().zfill(16), is_sampled, "", False, is_debug


def jaeger_line(exchange: Exchange, span_id: str) -> str:
    """The field for one attempt, with its line end; the parent is deprecated and sent as 0."""
    flags = (_SAMPLED if exchange.sampled else 0) | (_DEBUG if exchange.trace_debug else 0)
    return f"uber-trace-id: {exchange.trace_id}:{span_id}:0:{flags}\r\n"
