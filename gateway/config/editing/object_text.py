"""One route or upstream in the text of a configuration: cut out with its comments, and put back in its place.

Everything else of the text stays as it is, to the character.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from gateway.config.canonical import BARE_REFERENCE
from gateway.config.secrets import REDACTED, Path, is_secret
from gateway.config.yaml_nodes import MERGE, TEXT, YamlError, compose, without_surrogates

Kind: TypeAlias = Literal["route", "upstream"]

_SECTION: Final[dict[Kind, str]] = {"route": "routes", "upstream": "upstreams"}
_COMMENT: Final = re.compile(r"\s*(#.*)?")
_PROPERTIES: Final = re.compile(r"(?:[&!]\S*\s+)*")
"""An anchor and a tag, which are before a value and count as its own."""
_INDENT: Final = 2
_NOT_THERE: Final = "the text does not hold this object where it is expected"


class CannotCut(Exception):  # noqa: N818 - a verdict about a text
    """The object has no text of its own; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A configuration with one object replaced. first_line, lines: where the new text of the object is, from 1."""

    text: str
    first_line: int
    lines: int


class ObjectText:
    """The object at a place of a configuration that was accepted. step: index of a route, or name of an upstream.

    Takes as long as reading the configuration. Raises CannotCut.
    """

    def __init__(self, text: str, kind: Kind, step: int | str) -> None:
        self._whole = without_surrogates(text)
        self._path: Path = (_SECTION[kind], step)
        self._found = found = _find(compose(self._whole), self._path)
        self._start = found.node.start_mark.index
        self._column = found.node.start_mark.column
        self._end = self._start + len(self._own_text(found.node))

    @property
    def line(self) -> int:
        """Where it begins, from 1."""
        return self._found.node.start_mark.line + 1

    @property
    def shown(self) -> str:
        """Its text without the indentation of its place; secrets that are no references read REDACTED."""
        text, end = self._whole, self._end
        pieces: list[str] = []
        for node in sorted(self._secrets(), key=lambda node: -node.start_mark.index):
            start, stop = self._start_of(node), node.end_mark.index
            pieces.append(text[min(stop, end) : end])
            # A block of text ends where the next key begins.
            gap = text[start:stop]
            pieces.append(REDACTED + gap[len(gap.rstrip()) :])
            end = start
        text = "".join([text[self._start : end], *reversed(pieces)])
        first, *rest = text.split("\n")
        return "\n".join([first, *(_dedent(line, self._column) for line in rest)]).rstrip() + "\n"

    def replaced(self, new: str) -> Replaced:
        """The configuration with this text in the object's place. Raises CannotCut where it does not fit there.

        Where it says REDACTED the secret stays that is there now.
        """
        new = new.replace("\r\n", "\n").strip("\n").rstrip()
        column, before, line = self._column, "", self.line
        if self._found.is_in_flow and not _is_flow(new):
            raise CannotCut("the configuration has this object within brackets; hand it in within braces")
        if self._found.key_column is not None and self._found.is_on_line_of_key and not _is_flow(new):
            column = self._found.key_column + _INDENT
            before, line = "\n" + " " * column, line + 1
        rest = self._whole[self._end :]
        if rest.partition("\n")[0].strip() and not self._found.is_in_flow and "\n" in new:
            rest = "\n" + " " * column + rest.lstrip(" ")
        first, *more = new.split("\n")
        placed = "\n".join([first, *(" " * column + each if each else "" for each in more)])
        text = f"{self._whole[: self._start]}{before}{placed}{rest}"
        return Replaced(self._with_secrets(text), line, len(more) + 1)

    def _own_text(self, node: Node) -> str:
        """Without what stands behind it: blank lines, and comments that are less indented than the object."""
        text: str = self._whole[self._start : node.end_mark.index]
        if self._found.is_flow:
            return text
        lines = text.split("\n")
        while len(lines) > 1 and _COMMENT.fullmatch(lines[-1]):
            last = lines[-1]
            if last.strip() and len(last) - len(last.lstrip(" ")) >= self._column:
                break
            lines.pop()
        return "\n".join(lines)

    def _secrets(self) -> list[Node]:
        """Scalars that must not be shown, each once."""
        found = {
            id(node): node
            for path, node in _leaves(self._found.node, self._path)
            if is_secret(path)
            and not BARE_REFERENCE.fullmatch(node.value)
            and self._start <= node.start_mark.index < self._end
        }
        return list(found.values())

    def _with_secrets(self, text: str) -> str:
        """The text with the secrets that run now where it says REDACTED."""
        if REDACTED not in text:
            return text
        known = {path: node for path, node in _leaves(self._found.node, self._path) if is_secret(path)}
        try:
            node = _find(compose(text), self._path).node
        except (YamlError, CannotCut):
            return text
        blanks = {
            _behind_properties(text, leaf): (leaf.end_mark.index, known[path])
            for path, leaf in _leaves(node, self._path)
            if leaf.value == REDACTED and path in known
        }
        for start in sorted(blanks, reverse=True):
            end, secret = blanks[start]
            text = text[:start] + self._written(secret) + text[end:]
        return text

    def _written(self, secret: Node) -> str:
        """On one line, so that lines in errors stay those of what was handed in."""
        if secret.tag == TEXT:
            return json.dumps(secret.value, ensure_ascii=False)
        return self._whole[self._start_of(secret) : secret.end_mark.index]

    def _start_of(self, secret: Node) -> int:
        return _behind_properties(self._whole, secret)


@dataclass(frozen=True, slots=True)
class _Found:
    """is_in_flow: within brackets or braces. key_column: of the key, for a value of a mapping."""

    node: CollectionNode
    is_in_flow: bool
    key_column: int | None = None
    is_on_line_of_key: bool = False

    @property
    def is_flow(self) -> bool:
        return bool(self.node.flow_style)


def _find(root: Node | None, path: Path) -> _Found:
    section, step = path
    _, parent = _pair(root, section)
    key: Node | None = None
    if isinstance(parent, SequenceNode) and isinstance(step, int) and step < len(parent.value):
        node: Node = parent.value[step]
        after = parent.value[step - 1].start_mark.index if step else parent.start_mark.index - 1
    else:
        key, node = _pair(parent, step)
        after = key.end_mark.index
    if not isinstance(parent, CollectionNode) or not isinstance(node, CollectionNode):
        raise CannotCut(_NOT_THERE)
    if not after < node.start_mark.index < parent.end_mark.index:
        raise CannotCut("the configuration has an alias in place of this object")
    if key is None:
        return _Found(node, bool(parent.flow_style))
    is_on_line = key.start_mark.line == node.start_mark.line
    return _Found(node, bool(parent.flow_style), key.start_mark.column, is_on_line)


def _pair(parent: Node | None, name: str | int) -> tuple[Node, Node]:
    if isinstance(parent, MappingNode):
        for key, value in parent.value:
            if isinstance(key, ScalarNode) and key.value == name and key.tag != MERGE:
                return key, value
    raise CannotCut(_NOT_THERE)


def _leaves(node: Node, path: Path, depth: int = 0) -> Iterator[tuple[Path, ScalarNode]]:
    """Every scalar and its path; what is merged into a mapping counts as the mapping's own."""
    if isinstance(node, ScalarNode):
        yield path, node
    elif depth < _DEEPEST:
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                yield from _leaves(item, (*path, index), depth + 1)
        elif isinstance(node, MappingNode):
            for key, value in node.value:
                step = () if key.tag == MERGE else (str(key.value),)
                yield from _leaves(value, (*path, *step), depth + 1)


_DEEPEST: Final = 100
"""An alias may stand for something it is part of."""


def _behind_properties(text: str, node: Node) -> int:
    """Where the value itself begins: others may refer to its anchor, which stays."""
    found = _PROPERTIES.match(text, node.start_mark.index, node.end_mark.index)
    return found.end() if found else int(node.start_mark.index)


def _is_flow(text: str) -> bool:
    """Whether it is written within braces."""
    lines = (line.strip() for line in text.split("\n"))
    return next((line for line in lines if line and not line.startswith("#")), "").startswith("{")


def _dedent(line: str, column: int) -> str:
    return line[min(column, len(line) - len(line.lstrip(" "))) :]
