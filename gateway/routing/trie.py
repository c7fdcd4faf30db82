"""Path templates of one host, found by walking the segments of a path once."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from gateway.routing.leaf import Leaf
from gateway.routing.templates import Segment

T = TypeVar("T")


class _Step(Generic[T]):
    """What may follow after the segments that led here: literals by their text, and the rest."""

    __slots__ = ("leaf", "literals", "parameter", "rest")

    def __init__(self) -> None:
        self.literals: dict[str, _Step[T]] | None = None
        """None where there are none, so that nothing else is looked at."""
        self.parameter: _Step[T] | None = None
        self.rest: _Step[T] | None = None
        self.leaf: Leaf[T] | None = None


class TemplateTrie(Generic[T]):
    __slots__ = ("_depth", "_root")

    def __init__(self) -> None:
        self._root: _Step[T] = _Step()
        self._depth = 0

    @property
    def depth(self) -> int:
        """Segments of the longest template."""
        return self._depth

    def leaf_for(self, segments: tuple[Segment, ...]) -> Leaf[T]:
        """The leaf of a shape, made if need be: parameter names do not tell templates apart."""
        step = self._root
        for segment in segments:
            step = _next_step(step, segment)
        self._depth = max(self._depth, len(segments))
        if step.leaf is None:
            step.leaf = Leaf()
        return step.leaf

    def first_leaf(self, path: str) -> Leaf[T] | None:
        """The first that `leaves` gives. Nearly always it lies where each segment leads on by its most specific way."""
        step = self._root
        for segment in path.split("/", self._depth + 1)[1:]:
            literals = step.literals
            following = None if literals is None else literals.get(segment)
            if following is None:
                following = step.parameter
                if following is None or not segment:
                    return next(self.leaves(path), None)
            step = following
        return step.leaf or next(self.leaves(path), None)

    def leaves(self, path: str) -> Iterator[Leaf[T]]:
        """Every shape that matches, most specific first: at each segment the literal, then {name}, then {name*}.

        Each step is visited at most once, so the cost is bounded by the configuration, whatever the path.
        """
        # What lies deeper than every template stays in one piece, which no step ever looks at.
        segments = path.split("/", self._depth + 1)
        count = len(segments)
        untried: list[tuple[_Step[T], int]] = []
        step, depth = self._root, 1
        while True:
            if depth == count:
                if step.leaf is not None:
                    yield step.leaf
            else:
                segment = segments[depth]
                following = None if step.literals is None else step.literals.get(segment)
                if step.rest is not None:
                    untried.append((step.rest, count))
                if step.parameter is not None and segment:
                    if following is None:
                        following = step.parameter
                    else:
                        untried.append((step.parameter, depth + 1))
                if following is not None:
                    step = following
                    depth += 1
                    continue
            if not untried:
                return
            step, depth = untried.pop()


def _next_step(step: _Step[T], segment: Segment) -> _Step[T]:
    if not segment.is_parameter:
        literals = {} if step.literals is None else step.literals
        step.literals = literals
        if segment.text not in literals:
            literals[segment.text] = _Step()
        return literals[segment.text]
    if segment.takes_rest:
        if step.rest is None:
            step.rest = _Step()
        return step.rest
    if step.parameter is None:
        step.parameter = _Step()
    return step.parameter
