"""The grammar of the command bar: what may be typed, read into a value or into words about what is wrong with it. Nothing is run here."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal[
    "route", "upstream", "endpoint", "revision", "context", "theme", "view", "screen", "field", "id", "clock", "duration", "file",
    "alert", "ranking", "object", "text",
]  # fmt: skip
"""What an argument is: of the first ones there are names to complete it from."""

Names: TypeAlias = Callable[[Kind], Sequence[str]]
"""Those that are known now."""

_SUGGESTED: Final = 8


class Argument(NamedTuple):
    """`takes_rest`: everything up to the end of the line, with its spaces."""

    name: str
    kind: Kind = "text"
    is_required: bool = True
    takes_rest: bool = False

    @property
    def usage(self) -> str:
        return self.name.upper() if self.is_required else f"[{self.name.upper()}]"


class Command(NamedTuple):
    """`takes_filter`: `/filter` and `@context` may follow."""

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    aliases: tuple[str, ...] = ()
    takes_filter: bool = False

    @property
    def usage(self) -> str:
        words = [self.name, *(argument.usage for argument in self.arguments)]
        return " ".join([*words, "[/FILTER] [@CONTEXT]"] if self.takes_filter else words)


class Parsed(NamedTuple):
    """`words` are the arguments that were given. `filter` is None where none was."""

    command: Command
    words: tuple[str, ...] = ()
    filter: str | None = None
    context: str = ""


class Misread(NamedTuple):
    """Why a line is no command; `suggestion` is one that may have been meant, empty where none comes near."""

    message: str
    suggestion: str = ""


_REQUEST_ID: Final = re.compile(r"(?=.*[0-9])[0-9A-Za-z][0-9A-Za-z_.-]{11,127}")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def as_id(text: str) -> tuple[Literal["req", "trace"], str] | None:
    """What was pasted without a command: a traceparent, or something long with a digit in it, which is taken for a request id."""
    text = text.strip()
    if found := _TRACEPARENT.fullmatch(text):
        return "trace", found[1]
    return ("req", text) if _REQUEST_ID.fullmatch(text) else None


def parse(line: str, commands: Sequence[Command], aliases: Mapping[str, str] | None = None) -> Parsed | Misread | None:
    """None for an empty line. aliases: first words that stand for others."""
    first, _, rest = line.strip().removeprefix(":").strip().partition(" ")
    if not first:
        return None
    if aliases and first in aliases:
        first, _, more = aliases[first].partition(" ")
        rest = f"{more} {rest}".strip()
    found = _named(first, commands)
    if isinstance(found, Command):
        return _with_arguments(found, rest.strip())
    pasted = as_id(line) if not rest else None
    if pasted is not None:
        for command in commands:
            if command.name == pasted[0]:
                return Parsed(command, (pasted[1],))
    return found


def _named(word: str, commands: Sequence[Command]) -> Command | Misread:
    for command in commands:
        if word == command.name or word in command.aliases:
            return command
    begun = [command for command in commands if command.name.startswith(word)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        return Misread(f"{word!r} may be {', '.join(command.name for command in begun[:_SUGGESTED])}", begun[0].name)
    every = [name for command in commands for name in (command.name, *command.aliases)]
    near = get_close_matches(word, every, 1, 0.5) or ranked(word, every)
    return Misread(f"there is no command {word!r}", near[0] if near else "")


def _with_arguments(command: Command, rest: str) -> Parsed | Misread:
    wanted, context = None, ""
    if command.takes_filter:
        rest, wanted, context = _split(rest)
    words = _words(command, rest)
    needed = sum(argument.is_required for argument in command.arguments)
    if len(words) < needed:
        return Misread(f"{command.arguments[len(words)].name} is missing: {command.usage}", command.name)
    if len(words) > len(command.arguments):
        return Misread(f"too much: {command.usage}", command.name)
    return Parsed(command, words, wanted, context)


def _split(rest: str) -> tuple[str, str | None, str]:
    """`name /some filter @context` into its parts."""
    context = ""
    head, _, last = rest.rpartition(" ")
    if last.startswith("@") and len(last) > 1:
        rest, context = head.strip(), last[1:]
    if rest.startswith("/"):
        return "", rest[1:].strip(), context
    name, mark, wanted = rest.partition(" /")
    return name.strip(), wanted.strip() if mark else None, context


def _words(command: Command, rest: str) -> tuple[str, ...]:
    if not rest:
        return ()
    count = len(command.arguments)
    if count and command.arguments[-1].takes_rest:
        return tuple(rest.split(maxsplit=count - 1))
    return tuple(rest.split())


def complete(line: str, commands: Sequence[Command], names: Names) -> list[str]:
    """Whole lines that this one may become, the likeliest first."""
    head, space, last = line.rpartition(" ")
    if not space:
        matching = ranked(last, [command.name for command in commands])
        return [f"{name} " if _takes_more(name, commands) else name for name in matching]
    first, _, given = head.strip().partition(" ")
    command = _named(first, commands)
    if not isinstance(command, Command):
        return []
    if command.takes_filter and last.startswith("@"):
        return [f"{head} @{name}" for name in ranked(last[1:], names("context"))]
    position = len(given.split())
    if position >= len(command.arguments):
        return []
    return [f"{head} {name}" for name in ranked(last, names(command.arguments[position].kind))]


def _takes_more(name: str, commands: Sequence[Command]) -> bool:
    return any(command.name == name and command.arguments for command in commands)


def ranked(text: str, names: Iterable[str]) -> list[str]:
    """Names that have these letters in this order: those that begin with them first, then those that hold them together."""
    wanted, found = text.casefold(), list[tuple[int, int, str]]()
    for name in dict.fromkeys(names):
        folded = name.casefold()
        if folded.startswith(wanted):
            found.append((0, 0, name))
        elif (position := folded.find(wanted)) >= 0:
            found.append((1, position, name))
        elif _has_in_order(folded, wanted):
            found.append((2, len(name), name))
    # Names of equal rank stay in the order they were given in.
    return [name for _, _, name in sorted(found, key=lambda each: each[:2])]


def _has_in_order(text: str, letters: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


class History:
    """Lines that were given, newest last; bounded, and none twice in a row."""

    def __init__(self, lines: Sequence[str] = (), most: int = 500) -> None:
        self._most = most
        self.lines = list(lines[-most:])
        self._position = len(self.lines)
        self._typed = ""

    def add(self, line: str) -> None:
        if not self.lines or self.lines[-1] != line:
            self.lines.append(line)
            del self.lines[: -self._most]
        self.rest()

    def rest(self) -> None:
        """Begin at the newest again."""
        self._position, self._typed = len(self.lines), ""

    def recall(self, step: int, typed: str) -> str:
        """The line before (-1) or after the one that was recalled last; past the newest, what was typed."""
        if self._position == len(self.lines):
            self._typed = typed
        self._position = max(0, min(len(self.lines), self._position + step))
        return self.lines[self._position] if self._position < len(self.lines) else self._typed
