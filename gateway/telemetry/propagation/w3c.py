"""W3C Trace Context, level 2: `traceparent` and `tracestate`, read strictly."""

import re
from collections.abc import Sequence
from typing import Final

from gateway.telemetry.propagation.caller import CallerContext

_TRACEPARENT: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_MEMBER: Final = re.compile(rb"([a-z0-9][a-z0-9_\-*/@]{0,255})=([ -+\--<>-~]{0,255}[!-+\--<>-~])")
_MAX_MEMBERS: Final = 32
_SAMPLED: Final = 1
_RANDOM: Final = 2
_WHITESPACE: Final = b" \t"


def read_w3c(traceparents: Sequence[bytes], tracestates: Sequence[bytes]) -> CallerContext | None:
    """None if there is not exactly one `traceparent`, or not a valid one: then a new trace begins (section 4.3).

    A higher version is read as far as it is known; what follows must begin with a dash.
    """
    if len(traceparents) != 1:
        return None
    parsed = _TRACEPARENT.fullmatch(traceparents[0].strip(_WHITESPACE))
    if parsed is None:
        return None
    version, trace_id, parent_id, flags, rest = parsed.groups()
    if version == b"ff" or (rest is not None and version == b"00"):
        return None
    if not trace_id.strip(b"0") or not parent_id.strip(b"0"):
        return None
    bits = int(flags, 16)
    return (
        trace_id.decode(),
        parent_id.decode(),
        bool(bits & _SAMPLED),
        _combine(tracestates) if tracestates else "",
        version == b"00" and bool(bits & _RANDOM),
        False,
    )


def _combine(tracestates: Sequence[bytes]) -> str:
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
