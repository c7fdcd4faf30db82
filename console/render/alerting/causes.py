"""What happened shortly before something began: the change that may be to blame."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from console.render.amounts import age
from gateway.wire.changes import IncidentListView, IncidentView

_CAUSES: Final = frozenset(
    {
        "config_applied",
        "config_rolled_back",
        "endpoint_down",
        "endpoint_ejected",
        "endpoint_draining",
        "circuit_opened",
        "panic_began",
        "overload_began",
        "worker_died",
        "loop_blocked",
        "gateway_started",
    }
)
_BEFORE_S: Final = 900.0
_AFTER_S: Final = 15.0
"""Beginnings are known to ten seconds."""
_REVISION: Final = 6
"""Digits of a revision: as many as tell those of one day apart."""


def change_before(since: str | None, incidents: Iterable[IncidentView]) -> IncidentView | None:
    """The last change in the quarter of an hour before, or at, a beginning (RFC 3339)."""
    if not since:
        return None
    begun = datetime.fromisoformat(since)
    found: IncidentView | None = None
    for incident in incidents:
        ahead_s = (begun - datetime.fromisoformat(incident.at)).total_seconds()
        if incident.kind in _CAUSES and -_AFTER_S <= ahead_s <= _BEFORE_S and (found is None or incident.id > found.id):
            found = incident
    return found


def told(change: IncidentView | None, since: str | None) -> str:
    """`40s after c6c690`, `with orders 10.0.0.7:80 down`; nothing where there is none."""
    if change is None or not since:
        return ""
    ahead_s = (datetime.fromisoformat(since) - datetime.fromisoformat(change.at)).total_seconds()
    what = (
        change.subject[:_REVISION] if change.kind.startswith("config_") else f"{change.subject} {_WORDS[change.kind]}"
    )
    return f"{age(ahead_s)} after {what}" if ahead_s >= 1 else f"with {what}"


_WORDS: Final[dict[str, str]] = {
    "endpoint_down": "down",
    "endpoint_ejected": "ejected",
    "endpoint_draining": "draining",
    "circuit_opened": "circuit opened",
    "panic_began": "panic",
    "overload_began": "overloaded",
    "worker_died": "died",
    "loop_blocked": "held up",
    "gateway_started": "started",
}


def incidents_of(view: IncidentListView | None, heard: Iterable[IncidentView]) -> list[IncidentView]:
    """Those that were asked for and those that were heard of since."""
    by_id = {incident.id: incident for incident in (*(view.incidents if view is not None else ()), *heard)}
    return [by_id[each] for each in sorted(by_id)]
