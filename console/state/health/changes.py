"""What somebody did, and what began shortly after it."""

from datetime import datetime
from typing import Final

from console.state import reading
from console.state.health.words import Change
from console.state.model import Model

_EARLIEST_S: Final = 300.0
_LATEST_S: Final = 15.0
"""A change is told with what began so long after it; the course is told in steps of ten seconds, so it may seem to come later
than what it caused."""


def change_before(model: Model, at_s: float | None) -> Change | None:
    """The last change that was made shortly before a moment."""
    if at_s is None:
        return None
    near = [change for change in changes(model) if -_LATEST_S <= at_s - change.at_s <= _EARLIEST_S]
    return max(near, key=lambda change: change.at_s, default=None)


def changes(model: Model) -> list[Change]:
    """Revisions that came to run, and what somebody did to an endpoint, in no order."""
    revisions = model.view(reading.REVISIONS)
    found = [
        Change(_seconds(each.applied_at), each.sequence, each.actor or each.trigger)
        for each in (revisions.revisions if revisions is not None else ())
        if each.trigger != "start"
    ]
    return found + [
        Change(_seconds(each.at), 0, each.actor, each.text)
        for each in model.incidents
        if each.actor and each.kind.startswith("endpoint_")
    ]


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
