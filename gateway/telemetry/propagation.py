"""W3C Trace Context, level 2: what a request brings is read strictly, and every attempt sends a new parent id.

The ids and the head decision are fixed here, before anything is forwarded; whether spans are kept is decided at the end.
"""

import re
from random import getrandbits
from typing import Final

from gateway.model.exchange import Attempt, Exchange
from gateway.model.snapshot import TraceSettings

_TRACEPARENT: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_MEMBER: Final = re.compile(rb"([a-z0-9][a-z0-9_\-*/@]{0,255})=([ -+\--<>-~]{0,255}[!-+\--<>-~])")
_MAX_MEMBERS: Final = 32
_SAMPLED: Final = 1
_RANDOM: Final = 2
_WHITESPACE: Final = b" \t"
_FLAGS: Final = ("00", "01", "02", "03")
_NEVER: Final = ""
_ALWAYS: Final = "g"


class Propagator:
    """Trace context in and out, for one version of the settings. Where `propagate` is off there is none.

    The head decision follows the parent where there is one; a new trace is sampled by the low 64 bits of its id, as the
    OpenTelemetry SDKs do, so that gateways with the same ratio agree.
    """

    __slots__ = ("_bound",)

    def __init__(self, settings: TraceSettings) -> None:
        self._bound = _ratio_bound(settings.sample_ratio)

    def begin(self, exchange: Exchange, traceparents: list[bytes], tracestates: list[bytes]) -> None:
        """Fill in the exchange's ids, trace state and head decision from the field values of its request.

        A request without a valid `traceparent`, or with more than one, starts a new trace (Trace Context section 4.3).
        """
        if traceparents and _adopt(exchange, traceparents, tracestates):
            return
        digits = getrandbits(256).to_bytes(32).hex()
        exchange.trace_id = digits[:32]
        exchange.span_id = digits[32:48]
        exchange.next_span_id = digits[48:]
        exchange.trace_random = True
        exchange.sampled = digits[16:32] < self._bound

    def lines(self, exchange: Exchange, attempt: Attempt) -> bytes:
        """The header lines for one attempt, each with its line end; gives the attempt its span id."""
        span_id = exchange.next_span_id
        if span_id:
            exchange.next_span_id = ""
        else:
            span_id = getrandbits(64).to_bytes(8).hex()
        attempt.span_id = span_id
        flags = _FLAGS[exchange.sampled + 2 * exchange.trace_random]
        if exchange.trace_state:
            return f"traceparent: 00-{exchange.trace_id}-{span_id}-{flags}\r\ntracestate: {exchange.trace_state}\r\n".encode()
        return f"traceparent: 00-{exchange.trace_id}-{span_id}-{flags}\r\n".encode()


def new_request_id(exchange: Exchange) -> str:
    """32 hex digits, unique per exchange even within one trace; call after `Propagator.begin`."""
    if exchange.span_id:
        return exchange.trace_id[16:] + exchange.span_id
    return getrandbits(128).to_bytes(16).hex()


def _ratio_bound(ratio: float) -> str:
    """The hex digits below which the low half of a trace id is sampled; compared as text of equal length."""
    if ratio >= 1.0:
        return _ALWAYS
    if ratio <= 0.0:
        return _NEVER
    return f"{min(round(ratio * (1 << 64)), (1 << 64) - 1):016x}"


def _adopt(exchange: Exchange, traceparents: list[bytes], tracestates: list[bytes]) -> bool:
    """Continue the trace of the request; False, and nothing changed, if its `traceparent` is not valid."""
    if len(traceparents) != 1:
        return False
    parsed = _TRACEPARENT.fullmatch(traceparents[0].strip(_WHITESPACE))
    if parsed is None:
        return False
    version, trace_id, parent_id, flags, rest = parsed.groups()
    if version == b"ff" or (rest is not None and version == b"00"):
        return False
    if not trace_id.strip(b"0") or not parent_id.strip(b"0"):
        return False
    bits = int(flags, 16)
    exchange.trace_id = trace_id.decode()
    exchange.parent_span_id = parent_id.decode()
    exchange.span_id = getrandbits(64).to_bytes(8).hex()
    exchange.sampled = bool(bits & _SAMPLED)
    exchange.trace_random = version == b"00" and bool(bits & _RANDOM)
    exchange.trace_state = _combine(tracestates) if tracestates else ""
    return True


def _combine(tracestates: list[bytes]) -> str:
    """One list of members in the order they arrived; empty if any is malformed or there are more than 32.

    Of two members with one key the first, which is the more recent, is kept.
    """
    members: dict[bytes, bytes] = {}
    count = 0
    for member in b",".join(tracestates).split(b","):
        stripped = member.strip(_WHITESPACE)
        if not stripped:
            continue
        count += 1
        parsed = _MEMBER.fullmatch(stripped)
        if parsed is None or count > _MAX_MEMBERS:
            return ""
        members.setdefault(parsed[1], stripped)
    return b",".join(members.values()).decode()
