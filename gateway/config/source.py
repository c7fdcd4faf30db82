"""The file source: notices that the configuration file, or a secret file it reads, is another one than was loaded.

It polls, because nothing else sees in-place writes, renames and the symlink swaps of mounted volumes alike, on every
file system; a poll of a few files costs microseconds. It never opens a file.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from gateway.config.signature import Signature, signature_of
from gateway.model.clock import MILLISECOND_NS, monotonic_ns

POLL_S: Final = 0.05
SETTLE_NS: Final = 50 * MILLISECOND_NS
"""How long a file must be left alone: until then it may still be in the middle of being written."""

Signatures: TypeAlias = Mapping[str, Signature | None]


@dataclass(frozen=True, slots=True)
class SourceChange:
    """Files that are no longer what was loaded. `missing`: those of them that are gone or cannot be reached."""

    files: tuple[str, ...]
    missing: tuple[str, ...]


class FileSource:
    """Watches a configuration file and what it refers to. One loop owns it.

    Make it before the first load, so that no change in between is missed, and after every load, failed ones too, call
    `loaded` with the signatures of the result. What a change led to is the caller's affair: each is reported once.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        look: Callable[[str], Signature | None] = signature_of,
        now_ns: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._look = look
        self._now_ns = now_ns
        self.path = str(Path(path).absolute())
        self._known: dict[str, Signature | None] = {self.path: look(self.path)}
        """What was loaded or reported last."""
        self._seen = dict(self._known)
        self._settled_at_ns = 0
        """When what was seen last will have stood long enough; 0 while there is nothing new."""

    def loaded(self, signatures: Signatures) -> None:
        """Watch these files from now on, and report each that differs from its signature here."""
        self._known = {self.path: None, **signatures}
        self._seen = dict(self._known)
        self._settled_at_ns = 0

    def poll(self) -> SourceChange | None:
        """Look at every file once; a change, when no file has moved for as long as it takes to settle."""
        current = {path: self._look(path) for path in self._known}
        if current == self._known:
            self._settled_at_ns = 0
            self._seen = current
            return None
        now_ns = self._now_ns()
        if current != self._seen or not self._settled_at_ns:
            self._seen = current
            self._settled_at_ns = now_ns + SETTLE_NS
            return None
        if now_ns < self._settled_at_ns:
            return None
        return self._report(current)

    def _report(self, current: dict[str, Signature | None]) -> SourceChange:
        changed = tuple(path for path, signature in current.items() if signature != self._known[path])
        self._known = current
        self._settled_at_ns = 0
        return SourceChange(changed, tuple(path for path in changed if current[path] is None))

    async def changes(self) -> AsyncIterator[SourceChange]:
        """Every change, for as long as it is asked for. The time a caller takes over one is not lost to the next."""
        while True:
            await asyncio.sleep(POLL_S)
            change = self.poll()
            if change is not None:
                yield change
