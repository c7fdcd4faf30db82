"""A filter as a tree, its constructors and its text. What is built with the constructors is what its text parses to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from gateway.wire.filter.fields import FIELDS, LOGS, MACROS, PRINTED, UNITS

Order: TypeAlias = Literal[">", ">=", "<", "<="]

_MACROS: Final = MACROS.keys() | LOGS.macros.keys()
"""Of all vocabularies, so that a word which is written down does not depend on whose it is."""
_PLAIN_VALUE: Final = re.compile(r'[^\s,()|"*<>=~!][^\s,()|"*]*')
_PLAIN_WORD: Final = re.compile(r"[A-Za-z0-9/_.%][A-Za-z0-9/_.%-]*")


@dataclass(frozen=True, slots=True)
class Exact:
    """This text, character by character."""

    text: str


@dataclass(frozen=True, slots=True)
class Glob:
    """This text, in which each * stands for any characters; it has one at least."""

    text: str


@dataclass(frozen=True, slots=True)
class Network:
    """Addresses in this network, written as `10.0.0.0/8`."""

    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """In the base unit of its field: microseconds, bytes, a count, a status."""

    number: int


@dataclass(frozen=True, slots=True)
class Span:
    """Both ends belong to it."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Bound:
    order: Order
    number: int


@dataclass(frozen=True, slots=True)
class StatusClass:
    """`digit` 5 stands for 500 to 599."""

    digit: int


Value: TypeAlias = Exact | Glob | Network | Number | Span | Bound | StatusClass


@dataclass(frozen=True, slots=True)
class Test:
    """The field has one of these values."""

    __test__ = False  # pytest takes classes of this name for its own.

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """The pattern is found somewhere in the field."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Word:
    """The path contains this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Macro:
    name: str


@dataclass(frozen=True, slots=True)
class Not:
    term: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """Of no terms it is true of everything."""

    terms: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple["Expression", ...]


Expression: TypeAlias = Test | Pattern | Word | Macro | Not | And | Or

EVERYTHING: Final = And(())


def all_of(terms: Iterable[Expression]) -> Expression:
    """All terms hold. Groups within are dissolved, and one term alone stays as it is."""
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, And) else (term,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(terms: Iterable[Expression]) -> Expression:
    """One term at least holds; one term at least is given."""
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, Or) else (term,))]
    if EVERYTHING in flat:
        return EVERYTHING
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def none_of(term: Expression) -> Expression:
    """The term does not hold."""
    return term.term if isinstance(term, Not) else Not(term)


def render(expression: Expression) -> str:
    """The text of a filter, in one canonical form; empty for EVERYTHING."""
    match expression:
        case Or(terms):
            return " | ".join(render(term) for term in terms)
        case And(terms):
            return " ".join(_render_term(term) for term in terms)
        case _:
            return _render_term(expression)


def _render_term(expression: Expression) -> str:
    match expression:
        case And() | Or():
            return f"({render(expression)})"
        case Not(term):
            return f"!{_render_term(term)}"
        case Macro(name):
            return name
        case Word(text):
            return text if _PLAIN_WORD.fullmatch(text) and text not in _MACROS else quote(text)
        case Pattern(field, pattern):
            return f"{field}~{quote(pattern)}"
        case Test(field, values):
            return f"{field}:{','.join(_render_value(field, value) for value in values)}"


def _render_value(field: str, value: Value) -> str:
    match value:
        case Exact(text):
            return text if _PLAIN_VALUE.fullmatch(text) else quote(text)
        case Glob(text) | Network(text):
            return text
        case Number(number):
            return _render_number(field, number)
        case Span(low, high):
            return f"{_render_number(field, low)}..{_render_number(field, high)}"
        case Bound(order, number):
            return f"{order}{_render_number(field, number)}"
        case StatusClass(digit):
            return f"{digit}xx"


def _render_number(field: str, number: int) -> str:
    kind = FIELDS[field]
    for unit in PRINTED[kind]:
        factor = UNITS[kind][unit]
        if number % factor == 0 and (number or factor == 1):
            return f"{number // factor}{unit}"
    raise AssertionError("the smallest unit divides every number")


def quote(text: str) -> str:
    """As it stands between quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
