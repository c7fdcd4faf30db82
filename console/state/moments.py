"""Times of day and durations as an operator types them."""

import re
from datetime import datetime, timedelta, tzinfo
from typing import Final

_CLOCK: Final = re.compile(r"(?:(\d{4})-(\d{2})-(\d{2})[T ])?(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DURATION: Final = re.compile(r"(\d{1,6})\s*(s|m|h|d)")
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def moment(text: str, now_s: float, zone: tzinfo | None = None) -> int:
    """Unix seconds of `14:05`, `14:05:30`, `2026-01-31 14:05` or `-10m`: the last such time before now. zone: the local one.

    Raises ValueError with words about what was expected.
    """
    text = text.strip()
    if text.startswith("-"):
        return int(now_s - duration_s(text[1:]))
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a time such as 14:05 or -10m, got {text!r}")
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups())
    now = datetime.fromtimestamp(now_s).astimezone(zone)
    try:
        at = now.replace(hour=hour or 0, minute=minute or 0, second=second or 0, microsecond=0)
        if year is not None:
            at = at.replace(year=year, month=month or 1, day=day or 1)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time: {error}") from error
    if year is None and at > now:
        at -= timedelta(days=1)
    if at > now:
        raise ValueError(f"{text!r} is still to come")
    return int(at.timestamp())


def duration_s(text: str) -> int:
    """Seconds of `90s`, `15m`, `6h`. Raises ValueError with words about what was expected."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise ValueError(f"expected a duration such as 15m, got {text!r}")
    return int(found[1]) * _UNITS_S[found[2]]
