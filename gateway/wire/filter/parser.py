"""From the text of a filter to its tree.

expr  := and ('|' and)*            and  := term (' ' term)*        term := ['!' | '-'] (group | predicate | word)
group := '(' expr ')'              word := MACRO | TEXT | '"' TEXT '"'
pred  := field (':' val (',' val)* | ('=' | '!=') val | ('~' | '!~') "RE" | ('>' | '>=' | '<' | '<=') number)
"""

from typing import Final

from gateway.wire.filter.cursor import Cursor, Head
from gateway.wire.filter.errors import FilterError, nearest
from gateway.wire.filter.expression import (
    EVERYTHING,
    Expression,
    Macro,
    Pattern,
    Test,
    Value,
    Word,
    all_of,
    any_of,
    none_of,
)
from gateway.wire.filter.fields import EXCHANGES, FIELDS, LATER, NUMERIC, Kind, Vocabulary
from gateway.wire.filter.patterns import pattern_problem
from gateway.wire.filter.values import ordered_value, plain_value, quoted_value

MAX_CHARACTERS: Final = 1000
MAX_TERMS: Final = 32
MAX_DEPTH: Final = 8


def parse_filter(text: str, vocabulary: Vocabulary = EXCHANGES) -> Expression:
    """Raises FilterError, and nothing else. A blank text is EVERYTHING. vocabulary: of what is filtered."""
    if len(text) > MAX_CHARACTERS:
        raise FilterError(MAX_CHARACTERS, f"a filter has at most {MAX_CHARACTERS} characters")
    for position, character in enumerate(text):
        if not character.isprintable() and character != "\t":
            raise FilterError(position, "a character that cannot be printed")
    return _Parser(text, vocabulary).parse()


class _Parser:
    """One text, once."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._cursor = Cursor(text)
        self._vocabulary = vocabulary
        self._terms = 0
        self._depth = 0

    def parse(self) -> Expression:
        cursor = self._cursor
        cursor.skip_blanks()
        if not cursor.next:
            return EVERYTHING
        expression = self._any()
        if cursor.next:
            raise FilterError(cursor.at, f"unexpected {cursor.next}")
        return expression

    def _any(self) -> Expression:
        alternatives = [self._all()]
        while self._cursor.take("|"):
            alternatives.append(self._all())
        return any_of(alternatives)

    def _all(self) -> Expression:
        cursor = self._cursor
        cursor.skip_blanks()
        terms = [self._term()]
        while cursor.skip_blanks() and cursor.next and cursor.next not in "|)":
            terms.append(self._term())
        return all_of(terms)

    def _term(self) -> Expression:
        cursor = self._cursor
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise FilterError(cursor.at, f"a filter has at most {MAX_TERMS} terms")
        is_negated = False
        while cursor.take("!") or cursor.take("-"):
            is_negated = not is_negated
        term = self._group() if cursor.next == "(" else self._simple()
        return none_of(term) if is_negated else term

    def _group(self) -> Expression:
        cursor = self._cursor
        start = cursor.at
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FilterError(start, f"groups are nested at most {MAX_DEPTH} deep")
        cursor.take("(")
        cursor.skip_blanks()
        if cursor.take(")"):
            self._depth -= 1
            return EVERYTHING
        expression = self._any()
        if not cursor.take(")"):
            raise FilterError(cursor.at, f"expected ) for the ( of column {start + 1}")
        self._depth -= 1
        return expression

    def _simple(self) -> Expression:
        cursor = self._cursor
        start = cursor.at
        if cursor.next == '"':
            return Word(_not_empty(cursor.quoted(), start))
        head = cursor.head()
        if head is not None:
            return self._predicate(head, start)
        word = cursor.run()
        if not word:
            raise FilterError(start, f"expected a condition, not {cursor.next or 'the end'}")
        return Macro(word) if word in self._vocabulary.macros else Word(word)

    def _predicate(self, head: Head, start: int) -> Expression:
        field, kind = head.field, self._vocabulary.kind_of(head.field)
        if kind is None:
            raise _unknown(field, start)
        match head.operator:
            case ":":
                return Test(field, self._values(field, kind))
            case "=":
                return Test(field, (self._single(field, kind),))
            case "!=":
                return none_of(Test(field, (self._single(field, kind),)))
            case "~":
                return self._pattern(field, kind)
            case "!~":
                return none_of(self._pattern(field, kind))
            case order:
                position = self._cursor.at
                return Test(field, (ordered_value(field, kind, order, self._cursor.run(), position),))

    def _values(self, field: str, kind: Kind) -> tuple[Value, ...]:
        values = [self._value(field, kind)]
        while self._cursor.take(","):
            values.append(self._value(field, kind))
        self._terms += len(values) - 1
        return tuple(values)

    def _value(self, field: str, kind: Kind) -> Value:
        cursor = self._cursor
        position = cursor.at
        if cursor.next == '"':
            return quoted_value(kind, cursor.quoted(), position)
        text = cursor.run()
        if not text:
            raise FilterError(position, f"expected {kind.value}")
        return plain_value(field, kind, text, position)

    def _single(self, field: str, kind: Kind) -> Value:
        """The value behind = and !=, in which * is a character like any other."""
        cursor = self._cursor
        position = cursor.at
        if cursor.next == '"' or kind in NUMERIC or kind is Kind.ADDRESS:
            return self._value(field, kind)
        text = cursor.run()
        if not text:
            raise FilterError(position, f"expected {kind.value}")
        return quoted_value(kind, text, position)

    def _pattern(self, field: str, kind: Kind) -> Pattern:
        cursor = self._cursor
        position = cursor.at
        if kind in NUMERIC or kind is Kind.LEVEL:
            what = "a number" if kind in NUMERIC else "one of a few words"
            raise FilterError(position, f"{field} is {what}; expected {kind.value} behind a colon")
        pattern = cursor.quoted() if cursor.next == '"' else cursor.run()
        problem = pattern_problem(_not_empty(pattern, position))
        if problem:
            raise FilterError(position, problem)
        return Pattern(field, pattern)


def _not_empty(text: str, position: int) -> str:
    if not text:
        raise FilterError(position, "there is nothing between the quotes")
    return text


def _unknown(field: str, position: int) -> FilterError:
    if field in LATER:
        return FilterError(position, f"exchanges have no {field} yet")
    if field.startswith("hdr."):
        return FilterError(position, "of the header fields only user-agent is recorded", "use hdr.user-agent")
    hint = nearest(field, FIELDS) or "put it in quotes to look for it in paths"
    return FilterError(position, f"{field} is not a field", hint)
