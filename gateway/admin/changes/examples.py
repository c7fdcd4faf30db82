"""Example answers of the calls about changes."""

from typing import Final

from gateway.wire.changes import IncidentListView, IncidentView

_REVISION: Final = "3f2a9c0d81be"

INCIDENTS: Final = IncidentListView(
    incidents=[
        IncidentView(
            id=17,
            at="2026-01-31T08:01:10.250000+00:00",
            kind="config_applied",
            subject=_REVISION,
            text=f"revision {_REVISION} runs, sequence 3, by ci",
            actor="ci",
            revision=_REVISION,
            detail={"trigger": "api", "sequence": 3, "duration_ms": 4.2},
        ),
        IncidentView(
            id=18,
            at="2026-01-31T08:01:12.003000+00:00",
            kind="worker_died",
            subject="worker 2",
            text="worker 2 ended: killed by SIGKILL (killed)",
            revision=_REVISION,
            detail={"worker": 2, "reason": "killed", "how": "killed by SIGKILL", "restart_in_s": 0.0},
        ),
    ],
    last_id=18,
)
