"""Trace and span ids, and the head decision for a trace that nobody has decided about."""

from random import getrandbits
from typing import Final

_NEVER: Final = ""
_ALWAYS: Final = "g"


def new_span_id() -> str:
    """16 hex digits."""
    return getrandbits(64).to_bytes(8).hex()


def ratio_bound(ratio: float) -> str:
    """The hex digits below which the low half of a trace id is sampled; compared as text of equal length.

    The OpenTelemetry SDKs decide by the same half, so that whoever has the same ratio agrees.
    """
    if ratio >= 1.0:
        return _ALWAYS
    if ratio <= 0.0:
        return _NEVER
    return f"{min(round(ratio * (1 << 64)), (1 << 64) - 1):016x}"
