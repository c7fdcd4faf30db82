"""Retry-After (RFC 9110 section 10.2.3): when whoever answered wants to be asked again."""

from email.utils import parsedate_to_datetime
from typing import Final

from gateway.model.clock import SECOND_NS

_DIGITS_AT_MOST: Final = 9


def parse_retry_after(value: bytes, wall_ns: int) -> int:
    """Nanoseconds from now, by the wall clock given; 0 for a time that has passed, and for what says neither seconds nor
    a date."""
    text = value.strip()
    if text.isdigit():
        return int(text[:_DIGITS_AT_MOST]) * SECOND_NS
    try:
        at = parsedate_to_datetime(text.decode("ascii"))
        return max(0, round(at.timestamp()) * SECOND_NS - wall_ns)
    except (ValueError, OverflowError, UnicodeDecodeError):
        return 0
