"""Which access lines can satisfy a filter, told from their bytes: all others need not be decoded to know that they do not.

Workers write JSON of one form (no blanks, the same keys, quotation marks of what a client sent escaped), so `route:orders` holds for
no line without `"route":"orders"`. And they send copies of all that failed, was slow or retried: whoever looks for that alone needs to
look at nothing else. What a screen lets through is decoded and asked in full.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.model.outcome import STATUS_OF, Reason
from gateway.wire.filter.expression import (
    And,
    Bound,
    Exact,
    Expression,
    Glob,
    Macro,
    Number,
    Or,
    Span,
    StatusClass,
    Test,
    Value,
    Word,
)


@dataclass(frozen=True, slots=True)
class Screen:
    """A line can satisfy the filter only if it is remarkable, where `remarkable` says so, or has one of the needles."""

    remarkable: bool
    needles: tuple[bytes, ...] = ()

    def may_satisfy(self, line: bytes) -> bool:
        """False of a line that cannot; of one that may be remarkable nothing is known before it is decoded."""
        return self.remarkable or self.has_needle(line)

    def has_needle(self, lines: bytes) -> bool:
        """Whether one of them is anywhere in so many lines."""
        return any(needle in lines for needle in self.needles)


_REMARKABLE: Final = Screen(remarkable=True)
_MOST_NEEDLES: Final = 8
_PLAIN: Final = re.compile(r"[\w./:@ -]*", re.ASCII)
"""Written in JSON as it is."""
_STATUS: Final = b'"http.response.status_code":%d'
_FAULT: Final = 500
_STATUSES: Final = range(1000)

_KEYS: Final = {
    "req": "request_id",
    "trace": "trace_id",
    "client": "client.address",
    "path": "url.path",
    "query": "url.query",
    "route": "route",
    "hdr.user-agent": "user_agent.original",
    "reason": "reason",
    "endpoint": "endpoint",
    "upstream": "upstream",
    "host": "server.address",
    "method": "http.request.method",
    "by": "source",
    "proto": "network.protocol.version",
    "rev": "config_revision",
}
"""Of texts, as lines have them; those that usually tell most lines apart come first."""
_RANKS: Final = {key.encode(): rank for rank, key in enumerate(_KEYS.values(), 1)}
_FAULTS: Final = frozenset(reason.value for reason, status in STATUS_OF.items() if status >= _FAULT)


def screen_of(expression: Expression) -> Screen | None:
    """None where any line may satisfy it."""
    match expression:
        case And(terms):
            screens = [screen for term in terms if (screen := screen_of(term)) is not None]
            return min(screens, key=_breadth, default=None)
        case Or(terms):
            return _either([screen_of(term) for term in terms])
        case Macro(name):
            return _of_macro(name)
        case Word(text):
            return _of_needles("", [(text, "")])
        case Test(field, values):
            return _of_test(field, values)
        case _:
            return None


def _breadth(screen: Screen) -> int:
    """Small where few lines are let through."""
    keys = [needle.split(b'"')[1] if b'"' in needle else b"url.path" for needle in screen.needles]
    return max([_RANKS.get(key, len(_RANKS) + 1) for key in keys], default=0)


def _either(screens: list[Screen | None]) -> Screen | None:
    needles: list[bytes] = []
    for screen in screens:
        if screen is None:
            return None
        needles += screen.needles
    if len(needles) > _MOST_NEEDLES:
        return None
    return Screen(any(screen is not None and screen.remarkable for screen in screens), tuple(needles))


def _of_macro(name: str) -> Screen | None:
    match name:
        case "err" | "slow" | "retried":
            return _REMARKABLE
        case "sampled":
            return Screen(remarkable=False, needles=(b'"sampled":true',))
        case "cut":
            return _of_needles('"reason":"', [(Reason.CLIENT_DISCONNECT.value, '"')])
        case _:
            return None


def _of_test(field: str, values: tuple[Value, ...]) -> Screen | None:
    if field == "status":
        return _of_statuses([status for status in _STATUSES if _is_any_of(values, status)])
    if field == "retries":
        return None if _is_any_of(values, 0) else _REMARKABLE
    if field not in _KEYS:
        return None
    if field == "reason" and all(isinstance(value, Exact) and value.text in _FAULTS for value in values):
        return _REMARKABLE
    return _of_needles(f'"{_KEYS[field]}":"', [_start_of(value) for value in values])


def _of_statuses(statuses: list[int]) -> Screen | None:
    """The statuses that satisfy a filter; a line without one has 0."""
    if not statuses or statuses[0] == 0:
        return None
    if statuses[0] >= _FAULT:
        return _REMARKABLE
    if len(statuses) > _MOST_NEEDLES:
        # 4 is where 404 begins.
        statuses = sorted({int(str(status)[0]) for status in statuses})
    return Screen(remarkable=False, needles=tuple(_STATUS % status for status in statuses))


def _is_any_of(values: Iterable[Value], number: int) -> bool:
    return any(_is(value, number) for value in values)


def _is(value: Value, number: int) -> bool:
    match value:
        case Number(wanted):
            return number == wanted
        case Span(low, high):
            return low <= number <= high
        case StatusClass(digit):
            return number // 100 == digit
        case Bound(order, bound):
            return {">": number > bound, ">=": number >= bound, "<": number < bound, "<=": number <= bound}[order]
        case _:
            return True


def _start_of(value: Value) -> tuple[str, str]:
    """What each text that satisfies it begins with, nothing where that is not known; and what must follow."""
    match value:
        case Exact(text):
            return text, '"'
        case Glob(text):
            return text.split("*", 1)[0], ""
        case _:
            return "", ""


def _of_needles(key: str, texts: list[tuple[str, str]]) -> Screen | None:
    """key: what stands before each, as it is written."""
    if len(texts) > _MOST_NEEDLES or not all(start and _PLAIN.fullmatch(start) for start, _ in texts):
        return None
    return Screen(remarkable=False, needles=tuple(f"{key}{start}{end}".encode() for start, end in texts))
