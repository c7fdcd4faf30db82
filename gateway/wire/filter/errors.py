"""What is wrong with a filter, where, and what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


class FilterError(ValueError):
    """position: of the first character that cannot be understood, from 0. suggestion: what to write instead, or empty."""

    def __init__(self, position: int, message: str, suggestion: str = "") -> None:
        hint = f"; {suggestion}" if suggestion else ""
        super().__init__(f"column {position + 1}: {message}{hint}")
        self.position = position
        self.message = message
        self.suggestion = suggestion


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or nothing where no known word is near."""
    found = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else ""
