"""The change before something began."""

import pytest

from console.render.alerting.causes import change_before, incidents_of, told
from gateway.wire.changes import IncidentKind, IncidentListView, IncidentView

SINCE = "2026-01-31T08:00:00Z"


def incident(
    number: int, at: str, kind: IncidentKind = "config_applied", subject: str = "c6c690490d0a"
) -> IncidentView:
    return IncidentView(id=number, at=f"2026-01-31T{at}Z", kind=kind, subject=subject, text="")


def test_it_is_the_last_one_and_not_what_came_after_or_long_before() -> None:
    incidents = [
        incident(1, "07:30:00"), incident(2, "07:50:00"), incident(3, "07:59:20"),
        incident(4, "07:59:50", "log_reopened"), incident(5, "08:01:00"),
    ]  # fmt: skip
    found = change_before(SINCE, incidents)
    assert found is not None
    assert found.id == 3
    assert told(found, SINCE) == "40s after c6c690"
    assert change_before(SINCE, incidents[:1]) is None
    assert change_before(None, incidents) is None
    assert told(None, SINCE) == ""


@pytest.mark.parametrize(
    ("kind", "subject", "expected"),
    [
        ("endpoint_down", "orders 10.0.0.7:80", "with orders 10.0.0.7:80 down"),
        ("endpoint_ejected", "orders 10.0.0.7:80", "with orders 10.0.0.7:80 ejected"),
        ("worker_died", "worker 2", "with worker 2 died"),
    ],
)
def test_what_is_no_revision_is_told_by_its_name(kind: IncidentKind, subject: str, expected: str) -> None:
    # A beginning is known to ten seconds: what came a little after it may have come before it.
    assert told(change_before(SINCE, [incident(1, "08:00:05", kind, subject)]), SINCE) == expected


def test_incidents_that_were_asked_for_and_heard_of_are_one_list() -> None:
    asked = IncidentListView(incidents=[incident(1, "07:30:00"), incident(2, "07:50:00")], last_id=2)
    assert [each.id for each in incidents_of(asked, [incident(2, "07:50:00"), incident(3, "07:59:20")])] == [1, 2, 3]
    assert incidents_of(None, []) == []
