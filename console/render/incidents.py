"""What changed and what happened, oldest first, as lines."""

from console.render.amounts import UNKNOWN, clock, count
from console.render.table import Column, render_table
from gateway.wire.changes import IncidentListView, IncidentView

_COLUMNS = (
    Column[IncidentView]("TIME", lambda incident: clock(incident.at)),
    Column[IncidentView]("WHAT", lambda incident: incident.kind.replace("_", " ")),
    Column[IncidentView]("SUBJECT", lambda incident: incident.subject or UNKNOWN),
    Column[IncidentView]("BY", lambda incident: incident.actor or UNKNOWN),
    Column[IncidentView]("REVISION", lambda incident: incident.revision or UNKNOWN),
    Column[IncidentView]("TOLD", lambda incident: incident.text),
)


def render_incidents(view: IncidentListView) -> str:
    """The table, and how many incidents the gateway has forgotten."""
    if not view.incidents:
        return f"no such incident; the gateway has seen {count(view.last_id)} of all kinds since it started"
    lines = [render_table(_COLUMNS, view.incidents)]
    dropped = sum(view.dropped.values())
    if dropped:
        lines += ["", f"{count(dropped)} older ones are not remembered any more"]
    return "\n".join(lines)
