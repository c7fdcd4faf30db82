"""The most that was seen at once within the last minute, by name."""

from collections import deque
from typing import Final

WINDOW_S: Final = 60


class Peaks:
    """A rolling maximum for each name, to the second. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._falling: dict[str, deque[tuple[int, int]]] = {}
        """For each name the seconds whose maximum no later one has reached, with it: the first is the greatest."""

    def note(self, name: str, value: int, second: int) -> None:
        """So many were seen in this second, which is not before those of other calls."""
        values = self._falling.get(name)
        if values is None:
            values = self._falling[name] = deque()
        while values and values[-1][1] <= value:
            values.pop()
        if not values or values[-1][0] != second:
            values.append((second, value))
        while second - values[0][0] > WINDOW_S:
            values.popleft()

    def read(self, now_s: float) -> dict[str, int]:
        """The maximum of each name that has one; the others are forgotten."""
        second = int(now_s)
        for name, values in list(self._falling.items()):
            while values and second - values[0][0] > WINDOW_S:
                values.popleft()
            if not values:
                del self._falling[name]
        return {name: values[0][1] for name, values in self._falling.items()}
