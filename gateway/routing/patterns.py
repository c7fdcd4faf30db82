"""Path patterns of one host. Many cost little more than one: they are sorted by the segments with which they begin, and
those that begin alike are matched together, by one automaton."""

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from gateway.routing.leaf import Leaf, merged
from gateway.routing.regex import PatternSet, pattern_size, reach_of

T = TypeVar("T")

_MOST_PATTERNS: Final = 32
_MOST_INSTRUCTIONS: Final = 1500
"""Of one automaton: compiling one of this size takes about half a millisecond, in which the loop stands still."""


class _Group(Generic[T]):
    """Patterns of one automaton, each with its leaf."""

    __slots__ = ("leaves", "patterns", "set", "size")

    def __init__(self) -> None:
        self.patterns: list[str] = []
        self.leaves: list[Leaf[T]] = []
        self.size = 0
        self.set: PatternSet | None = None


class PatternIndex(Generic[T]):
    """Usable once `compile` has run to its end."""

    __slots__ = ("_deepest", "_groups", "_leaves")

    def __init__(self) -> None:
        self._leaves: dict[str, Leaf[T]] = {}
        self._groups: dict[str, list[_Group[T]]] = {}
        self._deepest = 0

    def leaf_for(self, pattern: str) -> Leaf[T]:
        leaf = self._leaves.get(pattern)
        if leaf is None:
            leaf = self._leaves[pattern] = Leaf()
        return leaf

    def compile(self) -> Iterator[None]:
        """Yields between steps of at most a millisecond or two. ValueError for a pattern that cannot be used."""
        for pattern, leaf in self._leaves.items():
            self._assign(pattern, leaf)
            yield
        for groups in self._groups.values():
            for group in groups:
                group.set = PatternSet(group.patterns)
                yield

    def _assign(self, pattern: str, leaf: Leaf[T]) -> None:
        size = pattern_size(pattern)
        base = reach_of(pattern).base
        groups = self._groups.setdefault(base, [])
        fits = groups and len(groups[-1].patterns) < _MOST_PATTERNS and groups[-1].size + size <= _MOST_INSTRUCTIONS
        if not fits:
            groups.append(_Group())
        groups[-1].patterns.append(pattern)
        groups[-1].leaves.append(leaf)
        groups[-1].size += size
        self._deepest = max(self._deepest, base.count("/"))

    def leaves(self, path: str) -> Iterator[Leaf[T]]:
        """At most one leaf: of several patterns that match, their routes in order."""
        found: list[Leaf[T]] = []
        for base in whole_segment_prefixes(path, self._deepest):
            for group in self._groups.get(base, ()):
                if group.set is not None:
                    found.extend(group.leaves[position] for position in group.set.matching(path))
        if found:
            yield found[0] if len(found) == 1 else merged(found)


def whole_segment_prefixes(path: str, deepest: int) -> Iterator[str]:
    """`/a/b/`, `/a/b`, `/a` and "" for `/a/b/`; longest first, none with more than `deepest` slashes."""
    pieces = path.split("/", deepest + 1)
    head = path if len(pieces) <= deepest + 1 else path[: -len(pieces[-1]) - 1]
    while head:
        yield head
        head = head[: head.rfind("/")]
    yield ""
