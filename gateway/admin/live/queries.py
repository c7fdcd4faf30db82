"""Query parameters of the calls about live traffic, taken apart: filters, limits, numbers."""

import math
from collections.abc import Collection
from typing import Final

from aiohttp import web

from gateway.admin.problem import Problem, ProblemReason
from gateway.wire.filter import Expression, FilterError, all_of, parse_filter
from gateway.wire.filter.expression import Bound, Exact, Number, StatusClass, Test

_STATUS_CLASSES: Final = frozenset({"1xx", "2xx", "3xx", "4xx", "5xx"})


def refuse_unknown(request: web.Request, known: Collection[str]) -> None:
    if set(request.query) - set(known):
        names = ", ".join(sorted(known))
        raise Problem(ProblemReason.BAD_REQUEST, f"a query parameter is not known; there are: {names}")


def filter_of(request: web.Request) -> Expression:
    """The filter, and all the older parameters that say a part of one."""
    query = request.query
    try:
        wanted = parse_filter(query.get("filter", ""))
    except FilterError as error:
        raise Problem(ProblemReason.FILTER_INVALID, str(error)) from error
    terms = [wanted]
    if (route := query.get("route")) is not None:
        terms.append(Test("route", (Exact(route),)))
    if (status := query.get("status")) is not None:
        terms.append(Test("status", (_status(status),)))
    if (reason := query.get("reason")) is not None:
        terms.append(Test("reason", (Exact(reason),)))
    if (duration := query.get("min_duration_ms")) is not None:
        terms.append(Test("latency", (Bound(">=", math.ceil(_milliseconds(duration) * 1000)),)))
    return all_of(terms)


def whole_number(request: web.Request, name: str, default: int, most: int, least: int = 1) -> int:
    text = request.query.get(name, str(default))
    # isdecimal alone lets other scripts' digits through, and int() refuses very long numbers.
    if text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= most:
        return int(text)
    raise Problem(ProblemReason.BAD_REQUEST, f"{name} must be a number from {least} to {most}")


def _status(text: str) -> StatusClass | Number:
    if text in _STATUS_CLASSES:
        return StatusClass(int(text[0]))
    if text.isascii() and text.isdecimal() and len(text) == 3:
        return Number(int(text))
    raise Problem(ProblemReason.BAD_REQUEST, "status must be three digits or a class such as 5xx")


def _milliseconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and 0 <= value <= 1e12:
        return value
    raise Problem(ProblemReason.BAD_REQUEST, "min_duration_ms must be a number of milliseconds, 0 or more")
