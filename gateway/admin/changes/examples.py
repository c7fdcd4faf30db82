"""Example answers of the calls about changes."""

from typing import Final

from msgspec.structs import replace

from gateway.wire.changes import (
    ComparisonView,
    FiguresView,
    IncidentListView,
    IncidentView,
    RevisionDetailView,
    RevisionDiffView,
    RevisionListView,
    RevisionView,
)
from gateway.wire.diff import ConfigDiffView, KeyChangeView, ObjectChangeView
from gateway.wire.views import ProblemView

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

_RUNNING: Final = RevisionView(
    sequence=3,
    revision=_REVISION,
    applied_at="2026-01-31T08:01:10.250000+00:00",
    trigger="api",
    actor="ci",
    source="api",
    text_bytes=1204,
    objects={"listener": 1, "upstream": 1, "route": 1},
    running=True,
)
_PREVIOUS: Final = replace(
    _RUNNING,
    sequence=2,
    revision="90c1d4e7aa52",
    applied_at="2026-01-30T17:45:00.000000+00:00",
    trigger="file",
    actor="",
    source="file:gateway.yaml",
    text_bytes=1180,
    running=False,
    replaced_at=_RUNNING.applied_at,
)
_CHANGES: Final = ConfigDiffView(
    objects=[
        ObjectChangeView(
            kind="route",
            name="orders",
            change="changed",
            keys=[
                KeyChangeView(key="timeouts.first_byte", change="changed", old="15s", new="2s"),
                KeyChangeView(
                    key="rewrite.headers.set.authorization",
                    change="changed",
                    old="REDACTED",
                    new="REDACTED",
                    redacted=True,
                ),
            ],
        )
    ],
    counts={"route": {"changed": 1}},
)

REVISIONS: Final = RevisionListView(revisions=[_RUNNING, _PREVIOUS])
DIFFERENCE: Final = RevisionDiffView(old=_PREVIOUS, new=_RUNNING, changes=_CHANGES)
REVISION: Final = RevisionDetailView(
    revision=_RUNNING,
    previous=_PREVIOUS,
    changes=_CHANGES,
    window_s=300.0,
    figures=[
        ComparisonView(
            kind="route",
            name="orders",
            before=FiguresView(seconds=300.0, requests=6020, rate=20.1, error_ratio=0.001, p50_ms=8.2, p99_ms=1840.0),
            after=FiguresView(seconds=300.0, requests=5904, rate=19.7, error_ratio=0.031, p50_ms=8.1, p99_ms=1990.0),
        )
    ],
)
UNKNOWN_REVISION: Final = ProblemView(
    title="Not Found",
    status=404,
    reason="not_found",
    detail="no revision that is remembered is called so; expected a revision, a sequence, running or previous",
)
