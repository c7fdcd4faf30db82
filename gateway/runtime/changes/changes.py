"""What the admin API asks about changes, answered from the incidents and revisions the supervisor keeps."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

import structlog

from gateway.config.configuration import Configuration
from gateway.config.diff.semantic import semantic_diff
from gateway.config.errors import ConfigInvalid
from gateway.runtime.changes.comparing import Figures, Spans, changed_routes, compare_all, users_of_upstreams
from gateway.runtime.changes.origins import Origins
from gateway.runtime.changes.revisions import Revision, Revisions
from gateway.runtime.incidents import Incidents
from gateway.runtime.reload import HandedIn, Reloads
from gateway.wire.changes import IncidentListView, RevisionDetailView, RevisionDiffView, RevisionListView, RevisionView
from gateway.wire.diff import ConfigDiffView
from gateway.wire.views import ApplyResult, LastChangeView

_log = structlog.get_logger("sightline.admin")


class Changes:
    """Implements gateway.admin.state.ChangesState."""

    def __init__(self, incidents: Incidents, revisions: Revisions, reloads: Reloads, figures: Figures) -> None:
        """figures: where before and after come from."""
        self._figures = figures
        self._incidents = incidents
        self._revisions = revisions
        self._reloads = reloads
        self.origins = Origins(revisions)
        self._one_at_a_time = asyncio.Lock()

    def incidents(self, after: int | None, kinds: Collection[str], limit: int) -> IncidentListView:
        return self._incidents.view(after, kinds, limit)

    def incident_counts(self) -> dict[str, int]:
        """Of the last hour, by kind."""
        return self._incidents.last_hour()

    def last(self) -> LastChangeView | None:
        """The last time another configuration came to run."""
        running = self._revisions.running
        if running is None:
            return None
        return LastChangeView(
            revision=running.revision,
            sequence=running.sequence,
            age_s=round(max(0.0, time.time() - running.applied_at_s), 3),
            trigger=running.trigger,
            actor=running.actor,
        )

    def revisions(self) -> RevisionListView:
        kept = self._revisions.newest_first()
        return RevisionListView(revisions=[self._view(each) for each in kept], dropped=self._revisions.dropped)

    async def revision(self, reference: str, window_s: float) -> RevisionDetailView | None:
        revision = self._revisions.find(reference)
        if revision is None:
            return None
        previous, following = self._revisions.before(revision), self._revisions.after(revision)
        changes = await self._diff(previous, revision) if previous is not None else None
        ended_s = following.applied_at_s if following is not None else time.time()
        spans = Spans(window_s, None if previous is None else previous.applied_at_s, revision.applied_at_s, ended_s)
        figures, left_out = compare_all(self._figures, spans, self._routes_of(changes))
        return RevisionDetailView(
            revision=self._view(revision),
            previous=None if previous is None else self._view(previous),
            changes=changes,
            window_s=round(spans.length_s, 3),
            figures=figures,
            routes_left_out=left_out,
        )

    async def difference(self, old: str, new: str) -> RevisionDiffView | None:
        before, after = self._revisions.find(old), self._revisions.find(new)
        if before is None or after is None:
            return None
        return RevisionDiffView(old=self._view(before), new=self._view(after), changes=await self._diff(before, after))

    async def roll_back(
        self, reference: str, *, if_match: int | None, dry_run: bool, actor: str, reason: str = ""
    ) -> ApplyResult | None:
        revision = self._revisions.find(reference)
        if revision is None:
            return None
        handed = replace(_handed(revision, actor), reason=reason)
        result = await self._reloads.apply(handed, if_match=if_match, dry_run=dry_run)
        _log.info(
            "config_rollback", actor=actor, to=revision.revision, dry_run=dry_run, outcome=result.outcome,
            revision=result.revision, running_revision=result.running_revision,
        )  # fmt: skip
        return result

    async def configuration_of(self, name: str) -> Configuration | None:
        """A revision that ran before, as it was; None where it is not remembered, or what it refers to has changed."""
        revision = self._revisions.find(name)
        if revision is None or revision.revision != name:
            return None
        async with self._one_at_a_time:
            try:
                configuration = (await self._reloads.read(_handed(revision, ""))).configuration
            except ConfigInvalid:
                return None
        return configuration if configuration.snapshot.revision == name else None

    async def _diff(self, old: Revision, new: Revision) -> ConfigDiffView:
        """Beside the loop, and one at a time: thousands of routes take a while, and anybody may ask."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(_difference, old, new)

    def _routes_of(self, changes: ConfigDiffView | None) -> dict[str, str]:
        return changed_routes(changes, users_of_upstreams(self._reloads.running.configuration.snapshot))

    def _view(self, revision: Revision) -> RevisionView:
        following = self._revisions.after(revision)
        return RevisionView(
            sequence=revision.sequence,
            revision=revision.revision,
            applied_at=_timestamp(revision.applied_at_s),
            trigger=revision.trigger,
            actor=revision.actor,
            reason=revision.reason,
            source=revision.source,
            text_bytes=revision.archive.text_size,
            objects=revision.archive.objects,
            running=revision is self._revisions.running,
            replaced_at=None if following is None else _timestamp(following.applied_at_s),
            touched=self.origins.touched(revision.sequence),
        )


def _handed(revision: Revision, actor: str) -> HandedIn:
    archive, name = revision.archive, f"revision {revision.revision}"
    return HandedIn(archive.text(), name, actor, revision.revision, archive.files, archive.variables)


@lru_cache(maxsize=4)
def _difference(old: Revision, new: Revision) -> ConfigDiffView:
    return semantic_diff(old.archive.comparable(), new.archive.comparable())


def _timestamp(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat()
