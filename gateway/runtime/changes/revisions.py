"""The configurations that have run since the start, newest last: when, by whom, and what is needed to go back to one."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.config.diff.archive import Archive
from gateway.wire.views import ReloadTrigger

MAX_REVISIONS: Final = 100
MAX_BYTES: Final = 32 * 1024 * 1024
_ALWAYS_KEPT: Final = 2
_REVISION_DIGITS: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Revision:
    """One time a configuration came to run. The same revision may have done so several times, under several sequences.

    applied_at_s: Unix time. actor: who handed it in, and reason why in their words; empty for a file's.
    """

    sequence: int
    revision: str
    applied_at_s: float
    trigger: ReloadTrigger
    actor: str
    source: str
    archive: Archive
    reason: str = ""


class Revisions:
    """At most so many, and so many bytes; the oldest go first, but never the running one and the one it replaced."""

    def __init__(self, at_most: int = MAX_REVISIONS, max_bytes: int = MAX_BYTES) -> None:
        self.dropped = 0
        self._at_most = at_most
        self._max_bytes = max_bytes
        self._kept: deque[Revision] = deque()
        self._bytes = 0

    def add(self, revision: Revision) -> None:
        """It runs from now on."""
        self._kept.append(revision)
        self._bytes += revision.archive.size
        while len(self._kept) > _ALWAYS_KEPT and (len(self._kept) > self._at_most or self._bytes > self._max_bytes):
            self._bytes -= self._kept.popleft().archive.size
            self.dropped += 1

    def restore(self, kept: Iterable[Revision], dropped: int) -> None:
        """Those of the program before this one, oldest first."""
        for revision in kept:
            self.add(revision)
        self.dropped += dropped

    @property
    def running(self) -> Revision | None:
        """None before the first configuration runs."""
        return self._kept[-1] if self._kept else None

    def newest_first(self) -> list[Revision]:
        return list(reversed(self._kept))

    def find(self, reference: str) -> Revision | None:
        """By revision (the last time it ran), by sequence, or as `running` or `previous`."""
        if reference in {"running", "previous"}:
            place = 1 if reference == "running" else 2
            return self._kept[-place] if len(self._kept) >= place else None
        if len(reference) == _REVISION_DIGITS:
            return next((each for each in self.newest_first() if each.revision == reference), None)
        if reference.isascii() and reference.isdecimal() and len(reference) < _REVISION_DIGITS:
            return next((each for each in self._kept if each.sequence == int(reference)), None)
        return None

    def before(self, revision: Revision) -> Revision | None:
        """The one it replaced, if that is still remembered."""
        return max((each for each in self._kept if each.sequence < revision.sequence), key=_sequence, default=None)

    def after(self, revision: Revision) -> Revision | None:
        """The one that replaced it; None for the one that runs."""
        return min((each for each in self._kept if each.sequence > revision.sequence), key=_sequence, default=None)


def _sequence(revision: Revision) -> int:
    return revision.sequence
