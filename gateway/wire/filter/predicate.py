"""From the tree of a filter to a function that says whether an exchange satisfies it. Compiled once, called for many."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from operator import attrgetter, ge, gt, le, lt
from typing import Any, Final, TypeAlias

from gateway.model.outcome import Reason
from gateway.wire.filter.expression import (
    And,
    Bound,
    Exact,
    Expression,
    Glob,
    Macro,
    Network,
    Not,
    Number,
    Or,
    Pattern,
    Span,
    StatusClass,
    Test,
    Value,
    Word,
)
from gateway.wire.filter.fields import FIELDS, NUMERIC
from gateway.wire.filter.patterns import compile_pattern
from gateway.wire.live import AccessLine, is_fault

Predicate: TypeAlias = Callable[[AccessLine], bool]

SLOW_MS: Final = 1000.0
"""From when an exchange is slow where its route has no latency objective."""

_ORDERS: Final = {">": gt, ">=": ge, "<": lt, "<=": le}
TUNNEL: Final = 101
_ADDRESSES_KEPT: Final = 4096

_FACTS: Final[dict[str, Callable[[AccessLine], Any]]] = {
    "route": attrgetter("route"),
    "upstream": attrgetter("upstream"),
    "endpoint": attrgetter("endpoint"),
    "method": attrgetter("method"),
    "host": attrgetter("host"),
    "path": attrgetter("path"),
    "query": attrgetter("query"),
    "status": attrgetter("status"),
    "reason": attrgetter("reason"),
    "by": attrgetter("source"),
    "client": attrgetter("client"),
    "proto": attrgetter("protocol"),
    "latency": lambda line: round(line.duration_ms * 1000),
    "overhead": lambda line: round(line.overhead_ms * 1000),
    "ttfb": lambda line: round(line.phases.ttfb_ms * 1000),
    "queue": lambda line: round(line.phases.pool_wait_ms * 1000),
    "connect": lambda line: round(line.phases.connect_ms * 1000),
    "retries": lambda line: max(len(line.attempts) - 1, 0),
    "size.req": attrgetter("bytes_in"),
    "size.res": attrgetter("bytes_out"),
    "trace": attrgetter("trace_id"),
    "req": attrgetter("request_id"),
    "rev": attrgetter("revision"),
    "hdr.user-agent": attrgetter("user_agent"),
}


def compile_filter(expression: Expression, slow_ms: Callable[[str], float] | None = None) -> Predicate:
    """slow_ms: from when exchanges of a route are slow, by its name; one second for all without it.

    The predicate raises nothing, whatever a line says.
    """
    return _compile(expression, slow_ms or (lambda _route: SLOW_MS))


def _compile(expression: Expression, slow_ms: Callable[[str], float]) -> Predicate:
    match expression:
        case Or(terms):
            return _any_of([_compile(term, slow_ms) for term in terms])
        case And(terms):
            return _all_of([_compile(term, slow_ms) for term in terms])
        case Not(term):
            return _not(_compile(term, slow_ms))
        case Macro(name):
            return _macro(name, slow_ms)
        case _:
            return _simple(expression)


def _simple(expression: Word | Pattern | Test) -> Predicate:
    match expression:
        case Word(text):
            return lambda line: text in line.path
        case Pattern(field, pattern):
            fact, is_found = _FACTS[field], compile_pattern(pattern)
            return lambda line: is_found(fact(line))
        case Test(field, values):
            return _numbers(field, values) if FIELDS[field] in NUMERIC else _texts(field, values)


def _all_of(terms: list[Predicate]) -> Predicate:
    if len(terms) == 2:
        first, second = terms
        return lambda line: first(line) and second(line)
    return lambda line: all(term(line) for term in terms)


def _any_of(terms: list[Predicate]) -> Predicate:
    return lambda line: any(term(line) for term in terms)


def _not(term: Predicate) -> Predicate:
    return lambda line: not term(line)


def _macro(name: str, slow_ms: Callable[[str], float]) -> Predicate:
    match name:
        case "err":
            return is_fault
        case "slow":
            # A tunnel is not slow for being long.
            return lambda line: line.duration_ms > slow_ms(line.route) and line.status != TUNNEL
        case "retried":
            return lambda line: len(line.attempts) > 1
        case "sampled":
            return lambda line: line.sampled
        case _:
            return lambda line: line.reason == Reason.CLIENT_DISCONNECT.value


def _numbers(field: str, values: Iterable[Value]) -> Predicate:
    fact = _FACTS[field]
    tests = [_number_test(value) for value in values]
    if len(tests) == 1:
        test = tests[0]
        return lambda line: test(fact(line))
    return lambda line: any(test(fact(line)) for test in tests)


def _number_test(value: Value) -> Callable[[int], bool]:
    match value:
        case Number(number):
            return lambda fact: fact == number
        case Span(low, high):
            return lambda fact: low <= fact <= high
        case Bound(order, number):
            compare = _ORDERS[order]
            return lambda fact: bool(compare(fact, number))
        case StatusClass(digit):
            return lambda fact: fact // 100 == digit
        case _:
            raise AssertionError("a number is compared with numbers")


def _texts(field: str, values: Iterable[Value]) -> Predicate:
    fact = _FACTS[field]
    exact = frozenset(value.text for value in values if isinstance(value, Exact))
    others = [text_test(value) for value in values if not isinstance(value, Exact)]
    if not others:
        return lambda line: fact(line) in exact
    return lambda line: (text := fact(line)) in exact or any(test(text) for test in others)


def text_test(value: Value) -> Callable[[str], bool]:
    """Whether a text is what a Glob or a Network stands for."""
    match value:
        case Glob(text):
            return _glob_test(text)
        case Network(text):
            network = ip_network(text)
            return lambda fact: (address := _address(fact)) is not None and address in network
        case _:
            raise AssertionError("a text is compared with texts")


def _glob_test(glob: str) -> Callable[[str], bool]:
    """Piece by piece and in order; the usual case, one star at the end, is one comparison."""
    first, *middle, last = glob.split("*")
    if not middle and not last:
        return lambda text: text.startswith(first)
    return lambda text: _fits(text, first, middle, last)


def _fits(text: str, first: str, middle: list[str], last: str) -> bool:
    end = len(text) - len(last)
    at = len(first)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


@lru_cache(maxsize=_ADDRESSES_KEPT)
def _address(text: str) -> Any:
    """Parsed; None for what is no address. Clients come back, so the last ones are remembered."""
    try:
        return ip_address(text)
    except ValueError:
        return None
