"""What somebody did, and what began shortly after it."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from console.state import reading
from console.state.health.words import Change
from console.state.model import Model
from gateway.wire.changes import RevisionView
from gateway.wire.views import RouteView

_EARLIEST_S: Final = 300.0
_LATEST_S: Final = 10.0
"""A change is told with what began so long after it; the course is told in steps of ten seconds, so it may seem to come later
than what it caused."""


def change_before(model: Model, at_s: float | None, route: RouteView) -> Change | None:
    """The last change that was made shortly before a moment and that the route may feel."""
    if at_s is None:
        return None
    near = [change for change in changes_for(model, route) if -_LATEST_S <= at_s - change.at_s <= _EARLIEST_S]
    return max(near, key=lambda change: change.at_s, default=None)


def changes_for(model: Model, route: RouteView) -> list[Change]:
    """Revisions that came to run and changed it, its upstreams, or what all routes have in common; and what somebody did to an
    endpoint of it. In no order."""
    revisions = model.view(reading.REVISIONS)
    upstreams = {share.upstream for share in route.upstreams}
    found = [
        Change(_seconds(each.applied_at), each.sequence, each.actor or each.trigger)
        for each in (revisions.revisions if revisions is not None else ())
        if each.trigger != "start" and _may_be_felt(each, route.name, upstreams)
    ]
    return found + [
        Change(_seconds(each.at), 0, each.actor, each.text)
        for each in model.incidents
        if each.actor and each.kind.startswith("endpoint_") and each.subject.partition(" ")[0] in upstreams
    ]


def _may_be_felt(revision: RevisionView, route: str, upstreams: Collection[str]) -> bool:
    if revision.touched is None:
        return True
    for each in revision.touched:
        kind, _, name = each.partition(" ")
        if name in upstreams if kind == "upstream" else name == route if kind == "route" else True:
            return True
    return False


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
