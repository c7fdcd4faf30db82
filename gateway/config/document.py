"""A configuration text as plain values (dict, list, str, int, float, bool, None) that still know their lines.

References are replaced here, so that every later stage sees the values as they will be used.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.config.errors import ConfigError
from gateway.config.interpolation import Interpolated, Interpolation, InterpolationError
from gateway.config.secrets import Path
from gateway.config.yaml_nodes import (
    BOOL,
    FLOAT,
    INT,
    MAPPING,
    MAX_NODES,
    MERGE,
    NULL,
    SEQUENCE,
    TEXT,
    YamlError,
    compose,
)

MAX_VALUES: Final = 2 * MAX_NODES
"""Counted as often as aliases repeat them."""
_MAX_DEPTH: Final = 100
"""An alias may stand for something it is part of, which the composer's own bound on depth does not see."""


class DocumentTooLarge(Exception):  # noqa: N818 - the name says what is the case
    """Aliases repeat more than MAX_VALUES values."""


class Document:
    """One text, read once. `value` is None where the text is empty or no YAML; `broken` then says so.

    broken: what is wrong with the text itself, by path. The values there are None, and nothing more is said of them.
    """

    def __init__(self, text: str, name: str, interpolation: Interpolation) -> None:
        self.name = name
        self.broken: dict[Path, ConfigError] = {}
        self.value: Any = None
        self.has_interpolated = False
        self._interpolation = interpolation
        self._root: Node | None = None
        self._keys: dict[int, dict[str | int, tuple[Node, int]]] = {}
        self._left = MAX_VALUES
        self._findings: list[tuple[Node, str]] = []
        self._read(text)

    def error(self, path: Path, message: str) -> ConfigError:
        """An error at the value with this path, or at the nearest thing above it that is there."""
        return ConfigError(self.name, self.line_of(path), path_text(path), message)

    def line_of(self, path: Path) -> int:
        """The line of a key (of the item, in a list), or of the nearest one above it that is there."""
        node, line = self._root, 1
        for step in path:
            found = None if node is None else self._child(node, step)
            if found is None:
                return line
            node, line = found
        return line

    def lines_of(self, path: Path) -> list[int]:
        """The lines of the items of a list, all at once; empty where there is no list."""
        node = self._root
        for step in path:
            found = None if node is None else self._child(node, step)
            node = None if found is None else found[0]
        return [item.start_mark.line + 1 for item in node.value] if isinstance(node, SequenceNode) else []

    def known_part(self, path: Path) -> Path:
        """The path as far as it can be followed, and one step more if that step could have been there."""
        node = self._root
        for depth, step in enumerate(path):
            if node is None or isinstance(node, ScalarNode):
                return path[:depth]
            found = self._child(node, step)
            if found is None:
                return path[: depth + 1]
            node = found[0]
        return path

    def _child(self, node: Node, step: str | int) -> tuple[Node, int] | None:
        """The value under a key or index, and the line of the key (of the item, in a list)."""
        if isinstance(node, SequenceNode):
            item = node.value[step] if isinstance(step, int) and 0 <= step < len(node.value) else None
            return None if item is None else (item, item.start_mark.line + 1)
        return self._keys_of(node).get(step) if isinstance(node, MappingNode) else None

    def _keys_of(self, node: MappingNode) -> dict[str | int, tuple[Node, int]]:
        """Made once for each mapping that is asked about: one of thousands of upstreams is asked about for each."""
        keys = self._keys.get(id(node))
        if keys is None:
            keys = self._keys[id(node)] = {}
            for key, value in node.value:
                if key.tag != MERGE and isinstance(key, ScalarNode):
                    keys.setdefault(key.value, (value, key.start_mark.line + 1))
            for mapping in _merged_into(node):
                keys.update({key: found for key, found in self._keys_of(mapping).items() if key not in keys})
        return keys

    def _read(self, text: str) -> None:
        try:
            self._root = compose(text)
            if self._root is None:
                self._fail(1, "the file is empty; expected at least `listeners`")
            else:
                self.value = self._convert(self._root)
        except YamlError as error:
            self._fail(error.line, error.message)
        except DocumentTooLarge:
            self._fail(1, f"aliases repeat more than {MAX_VALUES} values; expected a configuration")
            return
        if self._findings:
            paths = dict(_paths_of(self._root, {id(node) for node, _ in self._findings}))
            for node, message in self._findings:
                path = paths[id(node)]
                self.broken[path] = ConfigError(self.name, node.start_mark.line + 1, path_text(path), message)

    def _fail(self, line: int, message: str) -> None:
        self.broken[()] = ConfigError(self.name, line, "", message)

    def _convert(self, node: Node, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            raise DocumentTooLarge
        tag = node.tag
        if tag == TEXT and isinstance(node, ScalarNode):
            return self._expand(node, node.value) if "$" in node.value else node.value
        if tag == MAPPING and isinstance(node, MappingNode):
            return self._mapping(node, depth + 1)
        if tag == SEQUENCE and isinstance(node, SequenceNode):
            convert = self._convert
            return [convert(item, depth + 1) for item in node.value]
        return self._scalar(node)

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        convert = self._convert
        for key, value in node.value:
            if key.tag == MERGE:
                continue
            if not isinstance(key, ScalarNode):
                self._findings.append((key, "a key that is a list or a mapping; expected text"))
            elif key.value in values:
                self._findings.append((key, "a key that is already there; expected each key once"))
            else:
                values[key.value] = convert(value, depth)
        for key, value in node.value:
            if key.tag == MERGE:
                self._merge(value, values, depth)
        return values

    def _merge(self, node: Node, values: dict[str, Any], depth: int) -> None:
        """`<<` of YAML 1.1: the mapping's own keys win, then the earlier of several merged mappings."""
        merged = self._convert(node, depth)
        for mapping in merged if isinstance(merged, list) else [merged]:
            if not isinstance(mapping, dict):
                self._findings.append((node, "`<<` merges a mapping or a list of mappings; expected one"))
                return
            for key, value in mapping.items():
                values.setdefault(key, value)

    def _expand(self, node: Node, template: str) -> str | None:
        try:
            text = self._interpolation.expand(template)
        except InterpolationError as error:
            self._findings.append((node, str(error)))
            return None
        self.has_interpolated = self.has_interpolated or isinstance(text, Interpolated)
        return text

    def _scalar(self, node: Node) -> Any:
        if node.tag == NULL:
            self._findings.append(
                (node, "no value; expected one, or the key left out ({} or [] where it shall be empty)")
            )
            return None
        convert = _SCALARS.get(node.tag)
        if convert is None:
            self._findings.append((node, "a tag that is not known; expected a value without a tag"))
            return None
        try:
            return convert(node.value)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._findings.append((node, "a value that its tag does not fit; expected it without the tag"))
            return None


def _to_int(text: str) -> int:
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


_SCALARS: Final[dict[str, Callable[[str], Any]]] = {
    BOOL: lambda text: {"true": True, "false": False}[text.lower()],
    INT: _to_int,
    FLOAT: float,
    MERGE: str,
}


def path_text(path: Path) -> str:
    """`routes[2].match.path`; keys that hold anything but letters, digits, `_` and `-` are quoted in brackets."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif step.replace("-", "_").isidentifier():
            parts.append(f".{step}" if parts else step)
        else:
            parts.append(f'["{step}"]')
    return "".join(parts)


def _merged_into(node: MappingNode) -> list[MappingNode]:
    merged: list[Node] = []
    for key, value in node.value:
        if key.tag == MERGE:
            merged += value.value if isinstance(value, SequenceNode) else [value]
    return [each for each in merged if isinstance(each, MappingNode)]


def _paths_of(root: Node | None, wanted: set[int]) -> Iterator[tuple[int, Path]]:
    """Where nodes are, by identity; a key has the path of its value. Each node is visited once."""
    seen: set[int] = set()
    waiting: list[tuple[Node, Path]] = [(root, ())] if root is not None else []
    while waiting:
        node, path = waiting.pop()
        if id(node) in wanted:
            yield id(node), path
        if id(node) in seen or isinstance(node, ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, SequenceNode):
            waiting += [(item, (*path, index)) for index, item in enumerate(node.value)]
        else:
            waiting += [
                (part, (*path, key.value) if isinstance(key, ScalarNode) else path)
                for key, value in node.value
                for part in (key, value)
            ]
