"""The values of a filter's predicates: numbers with units, statuses, addresses, texts, words of closed lists."""

import re
from collections.abc import Iterable
from decimal import Decimal
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Final, NoReturn, cast

from gateway.model.outcome import Reason, Source
from gateway.wire.filter.errors import FilterError, nearest
from gateway.wire.filter.expression import Bound, Exact, Glob, Network, Number, Order, Span, StatusClass, Value
from gateway.wire.filter.fields import NUMERIC, UNITS, Kind
from gateway.wire.logs import LEVELS

_NUMBER: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)([A-Za-z]*)", re.ASCII)
_ORDER: Final = re.compile(r">=|<=|>|<")
_CLASS: Final = re.compile(r"([1-5])xx", re.IGNORECASE)
_HIGHEST_STATUS: Final = 999
_LARGEST: Final = 1 << 53
"""Greater numbers are nobody's latency or size, and some readers of JSON cannot hold them."""

_REASONS: Final = tuple(reason.value for reason in Reason)
_LEVEL_NAMES: Final = {"warn": "warning", "err": "error", "crit": "critical"}
_SOURCES: Final = tuple(source.value for source in Source)


def quoted_value(kind: Kind, text: str, position: int) -> Value:
    """A value between quotes: nothing in it has a special meaning."""
    if kind in NUMERIC:
        raise _expected(kind, position, "leave the quotes away")
    return _exact(kind, text, position)


def plain_value(field: str, kind: Kind, text: str, position: int) -> Value:
    """A value as it stands in the filter; `position` is where it begins."""
    if kind in NUMERIC:
        return _numeric(kind, text, position)
    if _ORDER.match(text):
        raise FilterError(position, f"{field} has no order; expected {kind.value}")
    if kind is Kind.ADDRESS and "/" in text:
        return _network(text, position)
    if "*" in text:
        return _glob(kind, text, position)
    return _exact(kind, text, position)


def ordered_value(field: str, kind: Kind, order: str, text: str, position: int) -> Value:
    """What stands behind > >= < <=."""
    if kind not in NUMERIC:
        raise FilterError(position, f"{field} has no order; expected {kind.value}")
    number, end = _number(kind, text, 0, position)
    if end < len(text):
        raise _expected(kind, position + end)
    return Bound(cast("Order", order), number)


def _numeric(kind: Kind, text: str, position: int) -> Value:
    if kind is Kind.STATUS and (found := _CLASS.fullmatch(text)):
        return StatusClass(int(found[1]))
    order = _ORDER.match(text)
    number, end = _number(kind, text, order.end() if order else 0, position)
    if order and end == len(text):
        return Bound(cast("Order", order[0]), number)
    if not order and text.startswith("..", end):
        high, end_of_high = _number(kind, text, end + 2, position)
        if end_of_high == len(text):
            if high < number:
                raise FilterError(position, "the range ends before it begins")
            return Span(number, high)
        end = end_of_high
    if end < len(text):
        raise _expected(kind, position + end)
    return Number(number)


def _number(kind: Kind, text: str, start: int, position: int) -> tuple[int, int]:
    """A number in base units, and where its text ends."""
    found = _NUMBER.match(text, start)
    if not found:
        raise _expected(kind, position + start)
    digits, unit = found[1], found[2]
    factor = UNITS[kind].get(unit)
    if factor is None:
        _refuse_unit(kind, digits, unit, position + start)
    number = Decimal(digits) * factor
    whole = int(number)
    if whole != number:
        smallest = "a microsecond" if kind is Kind.DURATION else "one"
        raise FilterError(position + start, f"finer than {smallest}")
    if whole > (_HIGHEST_STATUS if kind is Kind.STATUS else _LARGEST):
        raise FilterError(position + start, f"the number is too large; expected {kind.value}")
    return whole, found.end()


def _refuse_unit(kind: Kind, digits: str, unit: str, position: int) -> NoReturn:
    units = [name for name in UNITS[kind] if name]
    if not units:
        raise _expected(kind, position)
    position += len(digits)
    if not unit:
        raise FilterError(position, f"expected a unit: {', '.join(units)}", f"did you mean {digits}{units[1]}?")
    near = {name.lower(): name for name in units} | {"kb": "KiB", "mb": "MiB", "gb": "GiB", "k": "KiB", "g": "GiB"}
    meant = near.get(unit.lower(), "")
    hint = f"did you mean {digits}{meant}?" if meant in units else ""
    raise FilterError(position, f"{unit} is no unit; expected {', '.join(units)}", hint)


def _exact(kind: Kind, text: str, position: int) -> Exact:
    match kind:
        case Kind.METHOD:
            return Exact(text.upper())
        case Kind.SOURCE:
            return Exact(_known(text, _SOURCES, kind, position))
        case Kind.REASON:
            return Exact(_known(text, _REASONS, kind, position))
        case Kind.ADDRESS:
            return Exact(_address(text, position))
        case Kind.LEVEL:
            return Exact(_known(_LEVEL_NAMES.get(text.lower(), text.lower()), LEVELS, kind, position))
        case _:
            return Exact(text)


def _known(text: str, known: Iterable[str], kind: Kind, position: int) -> str:
    if text not in known:
        raise _expected(kind, position, nearest(text, known))
    return text


def _glob(kind: Kind, text: str, position: int) -> Glob:
    """A glob of words that matches none of them is a mistake, not an answer."""
    if kind is Kind.METHOD:
        text = text.upper()
    if kind is Kind.LEVEL:
        raise _expected(kind, position)
    known = {Kind.REASON: _REASONS, Kind.SOURCE: _SOURCES}.get(kind)
    if known is not None and not any(fnmatchcase(word, text.replace("[", "[[]").replace("?", "[?]")) for word in known):
        raise _expected(kind, position)
    return Glob(text)


def _address(text: str, position: int) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise _expected(Kind.ADDRESS, position) from None


def _network(text: str, position: int) -> Network:
    try:
        return Network(str(ip_network(text, strict=False)))
    except ValueError:
        raise _expected(Kind.ADDRESS, position) from None


def _expected(kind: Kind, position: int, suggestion: str = "") -> FilterError:
    return FilterError(position, f"expected {kind.value}", suggestion)
