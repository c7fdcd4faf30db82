"""Regular expressions of filters, matched by RE2 in time linear in the text: a filter comes from whoever may look.

A filter is evaluated on the supervisor's loop, so one that backtracks would stall all who look at the gateway.
"""

from collections.abc import Callable
from typing import Final

import re2

MAX_CHARACTERS: Final = 200
MAX_INSTRUCTIONS: Final = 1000
"""RE2 is linear in text times program; this bounds the second factor."""


def pattern_problem(pattern: str) -> str:
    """What is wrong with a pattern, in words; empty if it can be used."""
    if len(pattern) > MAX_CHARACTERS:
        return f"a pattern has at most {MAX_CHARACTERS} characters"
    try:
        size = re2.compile(pattern, _options()).programsize
    except re2.error as error:
        reason = error.args[0] if error.args else "not a regular expression"
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return "" if size <= MAX_INSTRUCTIONS else "the pattern is too large: repeat less often"


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Whether the pattern, which has no problem, is found anywhere in a text."""
    # A set of one: the Python side of RE2's set costs a seventh of that of its single expression.
    compiled = re2.Set.SearchSet(_options())
    compiled.Add(pattern)
    compiled.Compile()
    match = compiled.Match
    return lambda text: match(text) is not None


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    return options
