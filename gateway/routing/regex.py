"""Patterns of the configuration, matched in linear time by RE2 and always against the whole text.

Whole, because a pattern that may match somewhere within a path is how access rules are passed by (`/public` would match
`/admin/public`); `.*` says the rest where it is meant. Patterns and texts are bytes: paths and field values are ASCII.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

import re2

MAX_PATTERN_CHARACTERS: Final = 1024
MAX_PROGRAM_INSTRUCTIONS: Final = 1000
"""RE2 is linear in text times program; this bounds the second factor, so a hostile 16 KiB path costs milliseconds."""

_LONGEST_LITERAL: Final = 128
_COMPILED_PATTERNS: Final = 256
_REACHES_KEPT: Final = 16_384


def _options() -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.never_capture = True
    return options


def check_regex(pattern: str) -> str | None:
    """What is wrong with a pattern, in words for the operator; None if it can be used."""
    if not pattern.isascii():
        return "a pattern is ASCII: write other characters percent-encoded, as they stand in paths"
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        return f"a pattern has at most {MAX_PATTERN_CHARACTERS} characters"
    try:
        size = _compile(pattern).programsize
    except re2.error as error:
        reason = error.args[0] if error.args else "not a regular expression"
        return reason.decode("ascii", "replace") if isinstance(reason, bytes) else str(reason)
    if size > MAX_PROGRAM_INSTRUCTIONS:
        return f"the pattern needs {size} instructions, {MAX_PROGRAM_INSTRUCTIONS} are allowed: repeat less often"
    return None


@lru_cache(maxsize=_COMPILED_PATTERNS)
def _compile(pattern: str) -> "re2._Regexp":
    return re2.compile(pattern.encode("ascii"), _options())


def pattern_size(pattern: str) -> int:
    """Instructions of the compiled pattern; ValueError if it cannot be used."""
    problem = check_regex(pattern)
    if problem is not None:
        raise ValueError(problem)
    return int(_compile(pattern).programsize)


class Reach(NamedTuple):
    """Which paths a pattern may match, as far as that can be told cheaply.

    base: the whole segments with which every path that matches begins, `/v1/orders` for `/v1/orders/\\d+`; "" if none.
    has_paths: False if no text that begins with a slash matches, as with a pattern that forgot it.
    """

    base: str
    has_paths: bool


@lru_cache(maxsize=_REACHES_KEPT)
def reach_of(pattern: str) -> Reach:
    """RE2 bounds the texts that match from below and above; what both bounds share, all matches share."""
    compiled = _compile(pattern)
    try:
        low, high = compiled.possiblematchrange(_LONGEST_LITERAL)
    except re2.error:
        return Reach("", has_paths=True)
    at = next((at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))
    # `/a/.*` lies between `/a/` and `/a0`. The upper bound is then no match itself and all below it begin with `/a/`.
    if at < len(low) and high == low[:at] + bytes([low[at] + 1]) and compiled.fullmatch(high) is None:
        at += 1
    return Reach(low[:at].rpartition(b"/")[0].decode("latin-1"), has_paths=low < b"0" and high >= b"/")


class PatternSet:
    """Patterns compiled to one automaton: which of them match is found in one pass over the text."""

    __slots__ = ("_match",)

    def __init__(self, patterns: Iterable[str]) -> None:
        """Raises ValueError for a pattern that RE2 refuses; `check_regex` says why."""
        compiled = re2.Set.FullMatchSet(_options())
        try:
            for pattern in patterns:
                compiled.Add(pattern.encode("ascii"))
            compiled.Compile()
        except (re2.error, UnicodeEncodeError) as error:
            raise ValueError("RE2 refuses the pattern") from error
        self._match = compiled.Match

    def matching(self, text: str | bytes) -> list[int]:
        """Positions of the patterns that match, in no particular order."""
        return self._match(text) or []

    def matches(self, text: str | bytes) -> bool:
        return self._match(text) is not None


def compile_regex(pattern: str) -> PatternSet:
    """One pattern. A set even so: the Python side of RE2's set costs a tenth of that of its single expression."""
    problem = check_regex(pattern)
    if problem is not None:
        raise ValueError(problem)
    return PatternSet([pattern])
