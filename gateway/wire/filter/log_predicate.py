"""From the tree of a filter to a function that says whether a log record satisfies it."""

import json
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from gateway.wire.filter.expression import And, Exact, Expression, Macro, Not, Or, Pattern, Test, Value, Word
from gateway.wire.filter.patterns import compile_pattern
from gateway.wire.filter.predicate import text_test
from gateway.wire.logs import LEVELS, LogRecordView

LogPredicate: TypeAlias = Callable[[LogRecordView], bool]

_RANK: Final = {level: rank for rank, level in enumerate(LEVELS)}
_OWN: Final = frozenset({"event", "logger", "node", "actor", "level"})


def compile_log_filter(expression: Expression) -> LogPredicate:
    """expression: parsed with the vocabulary LOGS. A word is found in event, logger and fields, whatever its case.

    The predicate raises nothing, whatever a record says.
    """
    match expression:
        case Or(terms):
            tests = [compile_log_filter(term) for term in terms]
            return lambda record: any(test(record) for test in tests)
        case And(terms):
            tests = [compile_log_filter(term) for term in terms]
            return lambda record: all(test(record) for test in tests)
        case Not(term):
            test = compile_log_filter(term)
            return lambda record: not test(record)
        case Macro(name):
            return is_audit if name == "audit" else _at_least("error")
        case _:
            return _simple(expression)


def is_audit(record: LogRecordView) -> bool:
    """Whether it says what somebody did."""
    return bool(record.actor)


def text_of(record: LogRecordView, field: str) -> str:
    """A field as it is compared; empty where the record has none of this name."""
    if field in _OWN:
        return str(getattr(record, field))
    value = record.fields.get(field)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)


def _simple(expression: Word | Pattern | Test) -> LogPredicate:
    match expression:
        case Word(text):
            wanted = text.lower()
            return lambda record: any(wanted in each.lower() for each in _texts(record))
        case Pattern(field, pattern):
            is_found = compile_pattern(pattern)
            return lambda record: is_found(text_of(record, field))
        case Test("level", values):
            tests = [_at_least(value.text) for value in values if isinstance(value, Exact)]
            return lambda record: any(test(record) for test in tests)
        case Test(field, values):
            return _test(field, values)


def _test(field: str, values: Iterable[Value]) -> LogPredicate:
    exact = frozenset(value.text for value in values if isinstance(value, Exact))
    others = [text_test(value) for value in values if not isinstance(value, Exact)]
    return lambda record: (text := text_of(record, field)) in exact or any(test(text) for test in others)


def _at_least(level: str) -> LogPredicate:
    least = LEVELS.index(level)
    return lambda record: _RANK[record.level] >= least


def _texts(record: LogRecordView) -> Iterable[str]:
    yield record.event
    yield record.logger
    yield record.actor
    for name in record.fields:
        yield name
        yield text_of(record, name)
