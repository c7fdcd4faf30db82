"""Of the rows of a tail, the newest that did not go well."""

from collections.abc import Callable, Sequence
from itertools import takewhile

from console.state.tail import Shown

About = tuple[object, ...]


class NewestRemarkable:
    """Looks at each row once, as long as the rows are about the same."""

    def __init__(self) -> None:
        self._about: About = ()
        self._until = 0
        """Number of the last row that was looked at."""
        self.found: Shown | None = None

    def look(self, rows: Sequence[Shown], about: About, is_remarkable: Callable[[Shown], bool]) -> None:
        """rows: oldest first. about: what they and the verdict depend on."""
        first, last = (rows[0].number, rows[-1].number) if rows else (0, 0)
        if about != self._about or last < self._until or (self.found is not None and self.found.number < first):
            self._about, self._until, self.found = about, 0, None
        fresh = takewhile(lambda shown: shown.number > self._until, reversed(rows))
        self.found = next((shown for shown in fresh if is_remarkable(shown)), self.found)
        self._until = last
