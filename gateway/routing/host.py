"""The routes of one host, wildcard or of any host, by path: exact, template, prefix, pattern, and those without a path."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from gateway.model.route import Match, PathKind
from gateway.routing.leaf import Leaf
from gateway.routing.patterns import PatternIndex, whole_segment_prefixes
from gateway.routing.templates import parse_template
from gateway.routing.trie import TemplateTrie

T = TypeVar("T")


class HostRoutes(Generic[T]):
    __slots__ = ("_any_path", "_deepest_prefix", "_exact", "_patterns", "_prefixes", "_templates")

    def __init__(self) -> None:
        self._exact: dict[str, Leaf[T]] = {}
        self._templates: TemplateTrie[T] | None = None
        self._prefixes: dict[str, Leaf[T]] = {}
        self._deepest_prefix = 0
        self._patterns: PatternIndex[T] | None = None
        self._any_path: Leaf[T] | None = None

    @property
    def patterns(self) -> PatternIndex[T] | None:
        return self._patterns

    @property
    def depth(self) -> int:
        """Segments of the longest template or prefix; deeper paths differ no more than in patterns."""
        return max(self._deepest_prefix, 0 if self._templates is None else self._templates.depth)

    def leaf_for(self, match: Match) -> Leaf[T]:
        """Where routes with this path predicate belong; made if need be."""
        match match.path_kind:
            case PathKind.EXACT:
                return self._exact.setdefault(match.path, Leaf())
            case PathKind.TEMPLATE:
                self._templates = self._templates or TemplateTrie()
                return self._templates.leaf_for(parse_template(match.path))
            case PathKind.PREFIX:
                prefix = match.path.rstrip("/")
                self._deepest_prefix = max(self._deepest_prefix, prefix.count("/"))
                return self._prefixes.setdefault(prefix, Leaf())
            case PathKind.REGEX:
                self._patterns = self._patterns or PatternIndex()
                return self._patterns.leaf_for(match.path)
            case PathKind.ANY:
                self._any_path = self._any_path or Leaf()
                return self._any_path

    def first_leaf(self, path: str) -> Leaf[T] | None:
        """The first that `leaves` gives, found without the cost of a generator; None only where a pattern might hold or
        no leaf does."""
        leaf = self._exact.get(path)
        if leaf is None and self._templates is not None:
            leaf = self._templates.first_leaf(path)
        if leaf is None and self._prefixes:
            leaf = self._longest_prefix(path)
        if leaf is None and self._patterns is None:
            return self._any_path
        return leaf

    def _longest_prefix(self, path: str) -> Leaf[T] | None:
        head = (
            path
            if path.count("/") <= self._deepest_prefix
            else next(whole_segment_prefixes(path, self._deepest_prefix))
        )
        leaf = self._prefixes.get(head)
        while leaf is None and head:
            head = head[: head.rfind("/")]
            leaf = self._prefixes.get(head)
        return leaf

    def leaves(self, path: str, *, with_patterns: bool = True) -> Iterator[Leaf[T]]:
        """Every leaf whose path predicate holds, in order of precedence (priority apart).

        A generator, because the first leaf almost always has the route and nothing behind it is then looked at.
        """
        leaf = self._exact.get(path)
        if leaf is not None:
            yield leaf
        if self._templates is not None:
            yield from self._templates.leaves(path)
        if self._prefixes:
            for prefix in whole_segment_prefixes(path, self._deepest_prefix):
                leaf = self._prefixes.get(prefix)
                if leaf is not None:
                    yield leaf
        if self._patterns is not None and with_patterns:
            yield from self._patterns.leaves(path)
        if self._any_path is not None:
            yield self._any_path
