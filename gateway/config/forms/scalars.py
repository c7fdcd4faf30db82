"""Durations, sizes and ratios as they are written in the configuration, and back to the shortest such text.

Durations are nanoseconds, sizes bytes, ratios 0 to 1; `none` is NEVER_NS for a duration and None for a size.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS

DURATION_PATTERN: Final = r"^(?=[0-9])([0-9]{1,5}h)?([0-9]{1,7}m(?!s))?([0-9]{1,9}s)?([0-9]{1,12}ms)?$"
SIZE_PATTERN: Final = r"^[0-9]{1,12}(B|KiB|MiB|GiB)$"
RATIO_PATTERN: Final = r"^[0-9]{1,3}(\.[0-9]{1,6})?%$"

_HOUR_NS: Final = 3600 * SECOND_NS
_MINUTE_NS: Final = 60 * SECOND_NS
_DURATION_UNITS: Final = (("h", _HOUR_NS), ("m", _MINUTE_NS), ("s", SECOND_NS), ("ms", MILLISECOND_NS))
_SIZE_UNITS: Final = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1))
_SIZE_OF: Final = dict(_SIZE_UNITS)

_DURATION: Final = re.compile(DURATION_PATTERN)
_SIZE: Final = re.compile(SIZE_PATTERN)
_RATIO: Final = re.compile(RATIO_PATTERN)
_CACHE_ENTRIES: Final = 1024


@lru_cache(_CACHE_ENTRIES)
def parse_duration(text: str) -> int:
    """Nanoseconds of `250ms`, `5s`, `2m`, `1h` or several in that order from the largest, `1h30m`. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("not a duration")
    return sum(
        int(part[: -len(unit)]) * unit_ns
        for part, (unit, unit_ns) in zip(found.groups(), _DURATION_UNITS, strict=True)
        if part
    )


@lru_cache(_CACHE_ENTRIES)
def format_duration(duration_ns: int) -> str:
    """Whole milliseconds as a number of the largest unit that divides them, such as 75s; `none` for NEVER_NS."""
    if duration_ns >= NEVER_NS:
        return "none"
    if not duration_ns:
        return "0s"
    unit, unit_ns = next(pair for pair in _DURATION_UNITS if duration_ns % pair[1] == 0)
    return f"{duration_ns // unit_ns}{unit}"


def parse_size(text: str) -> int:
    """Bytes of `512B`, `64KiB`, `10MiB` or `1GiB`. Raises ValueError."""
    if _SIZE.fullmatch(text) is None:
        raise ValueError("not a size")
    digits = text.rstrip("BKMGi")
    return int(digits) * _SIZE_OF[text[len(digits) :]]


def format_size(size: int | None) -> str:
    """The text with the largest unit that divides the size; `none` for None."""
    if size is None:
        return "none"
    unit, unit_bytes = next(pair for pair in _SIZE_UNITS if size % pair[1] == 0)
    return f"{size // unit_bytes}{unit}" if size else "0B"


def parse_ratio(text: str) -> float:
    """0 to 1 from `1%`, `99.9%`. Raises ValueError."""
    ratio = parse_percentage(text)
    if ratio > 1:
        raise ValueError("more than 100%")
    return ratio


def parse_percentage(text: str) -> float:
    """1.25 from `125%`; 999.999999% at most. Raises ValueError."""
    if _RATIO.fullmatch(text) is None:
        raise ValueError("not a ratio")
    return float(Decimal(text[:-1]) / 100)


def format_ratio(ratio: float) -> str:
    """The percentage with at most six decimals."""
    percent = f"{Decimal(repr(ratio)) * 100:.6f}".rstrip("0").rstrip(".")
    return f"{percent}%"
