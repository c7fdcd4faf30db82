"""Since which configuration each route is as it is, and what each configuration changed: read from the revisions that are remembered, in
a thread, when somebody looks."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import structlog

from gateway.config.diff.objects import Key, read_objects
from gateway.runtime.changes.revisions import Revision, Revisions

_log = structlog.get_logger("sightline.config")

LOOKED_BACK: Final = 20
"""Revisions that are read at most, the newest: each of 10,000 routes takes some 50 ms."""
MOST_TOUCHED: Final = 100
"""Objects of a revision that are named; of one that changed more it is not told which."""


class Followed(NamedTuple):
    """`routes`: sequences by name. `touched`: by sequence, what that revision changed, added or took away, as `route orders`; None
    where it is too much to be told."""

    routes: Mapping[str, int]
    touched: Mapping[int, list[str] | None]


class Origins:
    """Used on the supervisor's loop. Costs nothing while nobody asks."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._known = Followed({}, {})
        self._sequence = 0
        """Of the newest revision that has been read, or could not be."""
        self._reading: asyncio.Task[None] | None = None

    def of_routes(self) -> Mapping[str, int]:
        """Sequences by name, as far as they are known: none at first, when a revision has come to run that nobody has asked
        about, and those of its routes a moment later."""
        return self._known.routes if self._is_read() else {}

    def touched(self, sequence: int) -> list[str] | None:
        """What this revision changed against the one before; None where that is not known, or not yet, or too much to be told."""
        self._is_read()
        return self._known.touched.get(sequence)

    def _is_read(self) -> bool:
        """Whether the running revision is among what is known; it is read where not."""
        running = self._revisions.running
        if running is None or running.sequence == self._sequence:
            return True
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._read(running))
        return False

    async def _read(self, running: Revision) -> None:
        kept = self._revisions.newest_first()
        since = [revision for revision in kept if revision.sequence >= self._sequence][: LOOKED_BACK + 1]
        oldest, known = since[-1], self._known
        if oldest.sequence != self._sequence:
            known = Followed({}, {})
        # Of one that others came before, it is not known what it made. The very first made all that is in it.
        is_first = oldest is kept[-1] and not self._revisions.dropped
        try:
            self._known = await asyncio.to_thread(followed, known, since[::-1], oldest.sequence if is_first else 0)
        except Exception:
            # A fault of ours leaves unknown what was to be found out; it must not be repeated for all who look.
            self._known = Followed({}, {})
            _log.exception("origins_not_read", sequence=running.sequence)
        self._sequence = running.sequence


def followed(known: Followed, revisions: Sequence[Revision], otherwise: int = 0) -> Followed:
    """known: after the first of these revisions, which are in their order; otherwise: of a route that is not in it. The answer
    is after the last."""
    before = read_objects(*revisions[0].archive.comparable())
    found = {key.name: known.routes.get(key.name, otherwise) for key in before if key.kind == "route"}
    touched = dict(known.touched)
    for revision in revisions[1:]:
        after = read_objects(*revision.archive.comparable())
        changed = {key for key in {**before, **after} if before.get(key) != after.get(key)}
        routes = (key for key in after if key.kind == "route")
        found = {key.name: revision.sequence if key in changed else found[key.name] for key in routes}
        touched[revision.sequence] = _names(changed)
        before = after
    remembered = sorted(touched)[-LOOKED_BACK:]
    return Followed(found, {sequence: touched[sequence] for sequence in remembered})


def _names(keys: Iterable[Key]) -> list[str] | None:
    """An endpoint is told by its upstream."""
    found = sorted({f"upstream {key.of}" if key.kind == "endpoint" else f"{key.kind} {key.name}" for key in keys})
    return found if len(found) <= MOST_TOUCHED else None
