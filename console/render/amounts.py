"""Numbers as people read them: short, with their unit, and never more precise than they are."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

UNKNOWN: Final = "-"

_STEPS_S: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_KIB: Final = 1024
_THREE_DIGITS: Final = (100, 10)


def count(value: float | None) -> str:
    """`10 012`: digits in groups of three, for numbers that are exact."""
    return UNKNOWN if value is None else f"{round(value):,}".replace(",", " ")


def counted(number: int, noun: str) -> str:
    """`1 error`, `10 012 errors`."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def rate(per_second: float | None) -> str:
    """Of events: `0.2`, `41`, `10 012`."""
    if per_second is None:
        return UNKNOWN
    return f"{per_second:.1f}" if 0 < per_second < _THREE_DIGITS[1] else count(per_second)


def percent(ratio: float | None) -> str:
    """`0%`, `0.41%`, `3.1%`, `100%`: what is not nothing does not read as nothing."""
    if ratio is None:
        return UNKNOWN
    share = ratio * 100
    if share in (0, 100):
        return f"{share:.0f}%"
    text = f"{share:.1f}" if share >= 1 else f"{share:.2g}" if share >= 0.01 else "<0.01"
    return f"{'99.9' if text == '100.0' else text}%"


def milliseconds(value_ms: float | None) -> str:
    """A duration: `0.8ms`, `812ms`, `1.4s`, `2m10s`."""
    if value_ms is None:
        return UNKNOWN
    if value_ms < _THREE_DIGITS[1]:
        return f"{value_ms:.1f}ms"
    if value_ms < 1_000:
        return f"{value_ms:.0f}ms"
    return f"{value_ms / 1_000:.1f}s" if value_ms < 60_000 else age(value_ms / 1_000)


def age(seconds: float | None) -> str:
    """The two largest units: `34s`, `2m`, `3h12m`, `9d4h`."""
    if seconds is None:
        return UNKNOWN
    left = max(int(seconds), 0)
    parts = []
    for step, unit in _STEPS_S:
        if left >= step:
            parts.append(f"{left // step}{unit}")
            left %= step
        elif parts:
            break
        if len(parts) == 2:
            break
    return "".join(parts) or "0s"


def size(number: float | None) -> str:
    """Bytes: `820B`, `1.4KiB`, `12MiB`."""
    if number is None:
        return UNKNOWN
    amount = float(number)
    for unit in _SIZES:
        if amount < _KIB or unit == _SIZES[-1]:
            return f"{amount:.0f}{unit}" if unit == "B" or amount >= _THREE_DIGITS[1] else f"{amount:.1f}{unit}"
        amount /= _KIB
    raise AssertionError("the last unit takes any size")


def since(at: str | None, now: datetime) -> str:
    """How long ago an RFC 3339 time was."""
    if not at:
        return UNKNOWN
    return age((now - datetime.fromisoformat(at)).total_seconds())


def clock(at: str | None) -> str:
    """An RFC 3339 time as the local time of day, with the date where it is not today's."""
    if not at:
        return UNKNOWN
    local = datetime.fromisoformat(at).astimezone()
    return f"{local:%H:%M:%S}" if local.date() == today() else f"{local:%Y-%m-%d %H:%M:%S}"


def short_clock(at: str | None) -> str:
    """The same for a column of eight: the time of day, or the day where it is not today: `14:02:31`, `11-21`."""
    if not at:
        return UNKNOWN
    local = datetime.fromisoformat(at).astimezone()
    return f"{local:%H:%M:%S}" if local.date() == today() else f"{local:%m-%d}"


def today() -> date:
    """The day that it is here."""
    return datetime.now(UTC).astimezone().date()


def time_of_day(at: str | None) -> str:
    """An RFC 3339 time as the local time of day, for what is known to be of the last hours: `14:02:31`."""
    return f"{datetime.fromisoformat(at).astimezone():%H:%M:%S}" if at else UNKNOWN


def clock_millis(at: str) -> str:
    """The local time of day to the millisecond: `14:02:31.042`."""
    if not at:
        return UNKNOWN
    local = datetime.fromisoformat(at).astimezone()
    return f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"


def window(window_s: int, at: str | None) -> str:
    """What figures are of: `last 60 s`, `last 5m`, `5m up to 14:05:00`."""
    if at is None:
        return f"last {window_s} s" if window_s < 120 else f"last {age(window_s)}"
    return f"{age(window_s)} up to {clock(at)}"


def named(names: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or UNKNOWN
