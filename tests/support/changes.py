"""Revisions and incidents of a day in which a timeout was made too short."""

from typing import Final

from gateway.wire.changes import ComparisonView, FiguresView, IncidentView, RevisionDetailView, RevisionView
from gateway.wire.diff import ConfigDiffView, KeyChangeView, ObjectChangeView
from gateway.wire.history import HistoryPointView, HistoryView
from gateway.wire.views import ReloadTrigger


def at(minute: int, second: int = 0) -> str:
    """Of the first hour of the console's day."""
    return f"2026-01-31T07:{minute:02d}:{second:02d}+00:00"


def revision(sequence: int, minute: int, *, trigger: ReloadTrigger = "api", running: bool = False) -> RevisionView:
    return RevisionView(
        sequence=sequence, revision=f"{sequence:012x}", applied_at=at(minute), trigger=trigger, actor="ana",
        source="api", text_bytes=100, running=running,
    )  # fmt: skip


def drained(number: int, minute: int) -> IncidentView:
    return IncidentView(
        id=number, at=at(minute), kind="endpoint_draining", subject="orders 10.0.0.7:9001", actor="ben",
        text="endpoint 10.0.0.7:9001 of orders is draining (by ben: disk)",
    )  # fmt: skip


def figures(error_ratio: float, p99_ms: float) -> FiguresView:
    return FiguresView(seconds=60.0, requests=600, rate=10.0, error_ratio=error_ratio, p50_ms=5.0, p99_ms=p99_ms)


CHANGES: Final = ConfigDiffView(
    objects=[
        ObjectChangeView(
            kind="route", name="orders", change="changed",
            keys=[
                KeyChangeView(key="timeouts.first_byte", change="changed", old="15s", new="30ms"),
                KeyChangeView(key="rewrite.headers.set.authorization", change="changed", old="REDACTED", new="REDACTED", redacted=True),
                KeyChangeView(key="priority", change="removed", old=5),
            ],
        ),
        ObjectChangeView(kind="endpoint", name="10.0.0.9:9001", of="orders", change="added"),
        ObjectChangeView(kind="route", name="new", change="renamed", renamed_from="old"),
    ]
)  # fmt: skip

DETAIL: Final = RevisionDetailView(
    revision=revision(2, 5, running=True),
    previous=revision(1, 0),
    changes=CHANGES,
    window_s=60.0,
    figures=[ComparisonView(kind="gateway", name="", before=figures(0.0005, 80.0), after=figures(0.0041, 812.0))],
)


def history(errors_at: int) -> HistoryView:
    """Ten minutes in steps of one; in one of them half of the requests failed."""
    points = [
        HistoryPointView(at=at(minute), seconds=60, requests=10, error_ratio=0.5 if minute == errors_at else 0.0)
        for minute in range(10)
    ]
    return HistoryView(
        kind="gateway", name="", start=at(0), end=at(10), step_s=60, resolution_s=60, complete_since=at(0),
        is_complete=True, total=HistoryPointView(at=at(0), seconds=600), points=points,
    )  # fmt: skip
