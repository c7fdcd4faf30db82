"""Where an operator has been: the way to the screen in front, and bounded ways back."""

from collections import deque
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_ROADS: Final = 12
"""Earlier paths that `back` can still lead to."""
_DEEPEST: Final = 16


class Trail(Generic[T]):
    """Steps are screens, compared by identity or equality. A path begins at a screen that a digit leads to."""

    def __init__(self, first: T) -> None:
        self.path: tuple[T, ...] = (first,)
        self._before: tuple[T, ...] | None = None
        self._roads: deque[tuple[T, ...]] = deque(maxlen=_ROADS)

    @property
    def current(self) -> T:
        return self.path[-1]

    def enter(self, root: T) -> None:
        """Begin a new path. Back from there leads to where this one ended."""
        if self.path != (root,):
            self._roads.append(self.path)
            self._move((root,))

    def drill(self, step: T) -> None:
        """One deeper. A step that is on the path already is gone back to; too deep a path loses the step after its root."""
        if step in self.path:
            self._move(self.path[: self.path.index(step) + 1])
            return
        path = self.path if len(self.path) < _DEEPEST else (self.path[0], *self.path[2:])
        self._move((*path, step))

    def back(self) -> bool:
        """Up the path, then along the roads taken before. False where there is none."""
        if len(self.path) > 1:
            self._move(self.path[:-1])
        elif self._roads:
            self._move(self._roads.pop())
        else:
            return False
        return True

    def previous(self) -> bool:
        """To the path before this one; from there this one is the one before. False where there is none."""
        if self._before is None:
            return False
        self._move(self._before)
        return True

    def steps(self) -> list[T]:
        """All that can still be come back to."""
        roads = (self.path, self._before or (), *self._roads)
        return [step for road in roads for step in road]

    def _move(self, path: tuple[T, ...]) -> None:
        if path != self.path:
            self.path, self._before = path, self.path
