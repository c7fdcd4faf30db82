"""Since which configuration each route is as it is: read from the revisions that are remembered, in a thread, when somebody looks."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from gateway.config.diff.archive import Archive
from gateway.config.diff.objects import read_objects
from gateway.runtime.changes.revisions import Revision, Revisions

_log = structlog.get_logger("sightline.config")

LOOKED_BACK: Final = 20
"""Revisions that are read at most, the newest: each of 10,000 routes takes some 50 ms."""


class Origins:
    """Used on the supervisor's loop. Costs nothing while nobody asks."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._known: Mapping[str, int] = {}
        self._sequence = 0
        """Of the newest revision that has been read, or could not be."""
        self._reading: asyncio.Task[None] | None = None

    def of_routes(self) -> Mapping[str, int]:
        """Sequences by name, as far as they are known: none at first, when a revision has come to run that nobody has asked
        about, and those of its routes a moment later."""
        running = self._revisions.running
        is_reading = self._reading is not None and not self._reading.done()
        if running is None or running.sequence == self._sequence:
            return self._known
        if not is_reading:
            self._reading = asyncio.ensure_future(self._read(running))
        return {}

    async def _read(self, running: Revision) -> None:
        kept = self._revisions.newest_first()
        since = [revision for revision in kept if revision.sequence >= self._sequence][: LOOKED_BACK + 1]
        oldest, known = since[-1], self._known
        if oldest.sequence != self._sequence:
            known = {}
        # Of one that others came before, it is not known what it made. The very first made all that is in it.
        is_first = oldest is kept[-1] and not self._revisions.dropped
        try:
            self._known = await asyncio.to_thread(followed, known, since[::-1], oldest.sequence if is_first else 0)
        except Exception:
            # A fault of ours leaves unknown what was to be found out; it must not be repeated for all who look.
            self._known = {}
            _log.exception("origins_not_read", sequence=running.sequence)
        self._sequence = running.sequence


def followed(known: Mapping[str, int], revisions: Sequence[Revision], otherwise: int = 0) -> dict[str, int]:
    """known: after the first of these revisions, which are in their order; otherwise: of a route that is not in it. The answer
    is after the last."""
    before = _routes_of(revisions[0].archive)
    found = {name: known.get(name, otherwise) for name in before}
    for revision in revisions[1:]:
        after = _routes_of(revision.archive)
        found = {
            name: found[name] if name in before and before[name] == body else revision.sequence
            for name, body in after.items()
        }
        before = after
    return found


def _routes_of(archive: Archive) -> dict[str, Any]:
    return {key.name: body for key, body in read_objects(*archive.comparable()).items() if key.kind == "route"}
