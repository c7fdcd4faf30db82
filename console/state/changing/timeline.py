"""What happened, as one time line: the configurations that came to run, and incidents between them; newest first."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from gateway.wire.changes import ComparisonView, FiguresView, IncidentView, RevisionDetailView, RevisionView
from gateway.wire.diff import ConfigDiffView
from gateway.wire.views import StatusView

_TOLD_BY_REVISIONS: Final = frozenset({"config_applied", "config_rolled_back"})


class Change(msgspec.Struct, frozen=True):
    """One line. `key` is `rev:SEQUENCE` or `inc:ID`. revision, detail, incident: what it was made of."""

    key: str
    at_s: float
    at: str
    revision: RevisionView | None = None
    detail: RevisionDetailView | None = None
    incident: IncidentView | None = None

    @property
    def who(self) -> str:
        if self.revision is not None:
            return self.revision.actor or self.revision.trigger
        return self.incident.actor if self.incident is not None else ""

    @property
    def changes(self) -> ConfigDiffView | None:
        return self.detail.changes if self.detail is not None else None

    @property
    def effect(self) -> tuple[FiguresView | None, FiguresView | None]:
        """Of the gateway, before and after."""
        found = _of_gateway(self.detail.figures) if self.detail is not None else None
        return (found.before, found.after) if found is not None else (None, None)


def timeline(
    revisions: Iterable[RevisionView], incidents: Iterable[IncidentView], details: Mapping[int, RevisionDetailView]
) -> list[Change]:
    """details: of the revisions of which they are known, by sequence."""
    found = [
        Change(f"rev:{each.sequence}", seconds(each.applied_at), each.applied_at, each, details.get(each.sequence))
        for each in revisions
    ]
    found += [
        Change(f"inc:{each.id}", seconds(each.at), each.at, incident=each)
        for each in incidents
        if each.kind not in _TOLD_BY_REVISIONS
    ]
    return sorted(found, key=lambda change: change.at_s, reverse=True)


def seconds(at: str) -> float:
    """Unix time of an RFC 3339 time."""
    return datetime.fromisoformat(at).timestamp()


def _of_gateway(figures: Iterable[ComparisonView]) -> ComparisonView | None:
    return next((each for each in figures if each.kind == "gateway"), None)


def reach_of(status: StatusView | None) -> str:
    """`2/2`: how many workers serve what the gateway runs; empty where it has not said."""
    if status is None or not status.workers:
        return ""
    return f"{sum(worker.sync == 'synced' for worker in status.workers)}/{len(status.workers)}"
