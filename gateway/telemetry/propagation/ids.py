"""Trace and span ids, and the head decision for a trace that nobody has decided about."""

from os import urandom
from typing import Final

_NEVER: Final = ""
_ALWAYS: Final = "g"
_DRAWN_AT_ONCE: Final = 2048
"""Bytes; one call of the system for the ids of 64 exchanges."""


class _Supply:
    __slots__ = ("_digits", "_taken")

    def __init__(self) -> None:
        self._digits = ""
        self._taken = 0

    def take(self, count: int) -> str:
        end = self._taken + count
        if end > len(self._digits):
            self._digits = urandom(_DRAWN_AT_ONCE).hex()
            end = count
        self._taken = end
        return self._digits[end - count : end]


_supply: Final = _Supply()


def random_digits(count: int) -> str:
    """So many hex digits, not to be foretold and never given again."""
    return _supply.take(count)


def ratio_bound(ratio: float) -> str:
    """The hex digits below which the low half of a trace id is sampled; compared as text of equal length.

    The OpenTelemetry SDKs decide by the same half, so that whoever has the same ratio agrees.
    """
    if ratio >= 1.0:
        return _ALWAYS
    if ratio <= 0.0:
        return _NEVER
    return f"{min(round(ratio * (1 << 64)), (1 << 64) - 1):016x}"
