"""Filters as the operator changes them by keys, and why one finds nothing."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.wire.filter import EVERYTHING, FilterError, Predicate, all_of, compile_filter, parse_filter, render
from gateway.wire.filter.expression import And, Exact, Expression, Number, Test, none_of
from gateway.wire.filter.fields import FIELDS, Kind

MOST_TERMS: Final = 6
"""Of a filter, that are looked at apart."""


class Matched(NamedTuple):
    """What one term of a filter finds by itself. `is_all`: whether there may not be more."""

    term: str
    found: int
    is_all: bool = True


def problem_of(text: str) -> tuple[int | None, str]:
    """What is wrong with a filter, and the column of it from 0; nothing if nothing is."""
    try:
        parse_filter(text)
    except FilterError as error:
        hint = f" ({error.suggestion})" if error.suggestion else ""
        return error.position, f"{error.message}{hint}"
    return None, ""


@lru_cache(maxsize=64)
def canonical(text: str) -> str | None:
    """As the gateway writes the filter down; None for what is no filter."""
    try:
        return render(parse_filter(text))
    except FilterError:
        return None


@lru_cache(maxsize=64)
def predicate_of(text: str) -> Predicate:
    """The same verdict as the gateway's, where no route has a latency objective; nothing satisfies what is no filter."""
    try:
        return compile_filter(parse_filter(text))
    except FilterError:
        return lambda _line: False


def terms_of(text: str) -> tuple[str, ...]:
    """The terms that all have to hold, each a filter; none for a filter that cannot be understood."""
    try:
        wanted = parse_filter(text)
    except FilterError:
        return ()
    terms = wanted.terms if isinstance(wanted, And) else (wanted,)
    return tuple(render(all_of([term])) for term in terms[:MOST_TERMS] if term != EVERYTHING)


def has_value(field: str, value: str) -> Expression:
    """The field has exactly this value."""
    is_number = FIELDS[field] is Kind.STATUS
    return Test(field, (Number(int(value)) if is_number else Exact(value),))


def turned(text: str, field: str, value: str) -> str:
    """The filter with the value shut out; where it was shut out or asked for before, the other way round.

    Raises FilterError for a text that is no filter.
    """
    wanted, term = parse_filter(text), has_value(field, value)
    terms: list[Expression] = list(wanted.terms) if isinstance(wanted, And) else [wanted]
    for position, known in enumerate(terms):
        if known in {term, none_of(term)}:
            terms[position] = none_of(known)
            return render(all_of(terms))
    return render(all_of([*terms, none_of(term)]))


def narrowed(text: str, field: str, value: str) -> str:
    """The filter, and this value besides. Raises FilterError for a text that is no filter."""
    term = has_value(field, value)
    wanted = parse_filter(text)
    known = wanted.terms if isinstance(wanted, And) else (wanted,)
    return render(wanted if term in known else all_of([wanted, term]))


def why_nothing(matched: Sequence[Matched]) -> str:
    """`status:5xx matched 0, latency:>500ms matched 31: conflict is status:5xx`; empty while nothing is known."""
    if not matched:
        return ""
    told = ", ".join(f"{each.term} matched {each.found}{'' if each.is_all else '+'}" for each in matched)
    barren = [each.term for each in matched if not each.found]
    if len(matched) == 1:
        return f"{told} of those kept" if barren else f"{told} of those kept, and none since"
    if barren:
        return f"{told}: conflict is {', '.join(barren)}"
    return f"{told}: each is there, but not together"
