"""A filter's text and how far it has been read: the lexer, which knows what ends a word and what stands in quotes."""

import re
from typing import Final, NamedTuple

from gateway.wire.filter.errors import FilterError

_BLANK: Final = " \t"
_RUN: Final = re.compile(r'[^\s,()|"]+')
_HEAD: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)(:|!=|!~|>=|<=|=|~|>|<)")


class Head(NamedTuple):
    """The beginning of a predicate."""

    field: str
    operator: str


class Cursor:
    """`at` is the next character that was not read yet."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def next(self) -> str:
        """The next character, or nothing at the end."""
        return self.text[self.at : self.at + 1]

    def skip_blanks(self) -> bool:
        """Whether there were any."""
        before = self.at
        while self.at < len(self.text) and self.text[self.at] in _BLANK:
            self.at += 1
        return self.at > before

    def take(self, character: str) -> bool:
        """Read this one character, if it is the next."""
        if self.next != character:
            return False
        self.at += 1
        return True

    def head(self) -> Head | None:
        """Read a field's name and the operator behind it, if they are next."""
        found = _HEAD.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return Head(found[1], found[2])

    def run(self) -> str:
        """Read characters up to the next that has a meaning of its own; none is an empty text."""
        found = _RUN.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def quoted(self) -> str:
        r"""Read a text in quotes; the next character is the first of them. \" and \\ stand for " and \."""
        start = self.at
        self.at += 1
        characters: list[str] = []
        while (character := self.next) != '"':
            if not character:
                raise FilterError(start, "the quotes are not closed")
            self.at += 1
            if character == "\\" and self.next in {'"', "\\"}:
                character = self.next
                self.at += 1
            characters.append(character)
        self.at += 1
        return "".join(characters)
