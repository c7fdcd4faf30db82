"""The time line of rare events: order, bounds, what is asked for, and who is woken."""

from typing import Final

import structlog
import structlog.testing

from gateway.runtime.incidents import Incidents


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


MINUTE: Final = 60.0


def ids(incidents: Incidents, after: int = 0, *kinds: str) -> list[int]:
    return [incident.id for incident in incidents.since(after, kinds)]


def test_ids_grow_by_one_and_incidents_come_back_oldest_first() -> None:
    incidents = Incidents()
    for kind in ("worker_died", "config_applied", "worker_died"):
        incidents.add(kind, "it", "happened")
    assert ids(incidents) == [1, 2, 3]
    assert ids(incidents, 2) == [3]
    assert incidents.last_id == 3


def test_kinds_and_families_can_be_asked_for() -> None:
    incidents = Incidents()
    incidents.add("worker_died", "worker 1", "ended")
    incidents.add("worker_serving", "worker 1", "serves")
    incidents.add("config_applied", "3f2a9c0d81be", "runs")
    assert ids(incidents, 0, "worker_died") == [1]
    assert ids(incidents, 0, "worker") == [1, 2]
    assert ids(incidents, 0, "worker_died", "config") == [1, 3]


def test_a_limit_takes_the_oldest_after_an_id_and_the_newest_without_one() -> None:
    incidents = Incidents()
    for _ in range(5):
        incidents.add("worker_died", "worker 1", "ended")
    assert [incident.id for incident in incidents.view(1, (), 2).incidents] == [2, 3]
    assert [incident.id for incident in incidents.view(None, (), 2).incidents] == [4, 5]


def test_a_flood_of_one_kind_pushes_out_its_own_oldest_and_is_counted() -> None:
    incidents = Incidents(capacity=10)
    incidents.add("config_applied", "3f2a9c0d81be", "runs")
    for _ in range(50):
        incidents.endpoint_changed("orders", "10.0.0.7:9001", "down", "dns")
    view = incidents.view(None, (), 1000)
    assert [incident.kind for incident in view.incidents].count("config_applied") == 1
    assert len(view.incidents) == 10
    assert view.dropped == {"endpoint_down": 41}
    assert view.last_id == 51


def test_an_endpoint_s_change_tells_the_reason_and_its_evidence() -> None:
    incidents = Incidents()
    incidents.endpoint_changed("orders", "db.test:9001", "down", "dns", "name or service not known")
    (incident,) = incidents.since(0)
    assert (incident.kind, incident.subject) == ("endpoint_down", "orders db.test:9001")
    assert "dns: name or service not known" in incident.text
    assert incident.detail["reason"] == "dns"


def test_an_endpoint_that_is_up_again_tells_what_it_overcame_and_is_no_warning() -> None:
    incidents = Incidents()
    with structlog.testing.capture_logs() as logged:
        incidents.endpoint_changed("orders", "a:1", "down", "bad_status", "503 in 1 ms")
        incidents.endpoint_changed("orders", "a:1", "up", "bad_status", "200 in 2 ms")
        incidents.endpoint_changed("orders", "a:1", "up", "admin", "disk is new", "ana")
        incidents.panic_changed("orders", 1, 3, is_panic=True)
        incidents.panic_changed("orders", 3, 3, is_panic=False)
    assert [each.text for each in incidents.since(0)][:3] == [
        "endpoint a:1 of orders is down (bad_status: 503 in 1 ms)",
        "endpoint a:1 of orders is up (was bad_status; 200 in 2 ms)",
        "endpoint a:1 of orders is up (by ana: disk is new)",
    ]
    assert [each["log_level"] for each in logged] == ["warning", "info", "info", "warning", "info"]


def test_texts_and_details_are_cut_to_their_bounds() -> None:
    incidents = Incidents()
    detail = {str(number): "v" * 1000 for number in range(100)}
    incident = incidents.add("config_rejected", "s" * 1000, "t" * 9000, detail=detail)
    assert (len(incident.subject), len(incident.text), len(incident.detail)) == (200, 1000, 16)
    assert all(isinstance(value, str) and len(value) == 200 for value in incident.detail.values())


def test_an_incident_is_of_the_running_revision_unless_it_names_another() -> None:
    incidents = Incidents(lambda: "aaaaaaaaaaaa")
    incidents.add("worker_died", "worker 1", "ended")
    incidents.add("config_rejected", "bbbbbbbbbbbb", "rejected", revision="bbbbbbbbbbbb")
    assert [incident.revision for incident in incidents.since(0)] == ["aaaaaaaaaaaa", "bbbbbbbbbbbb"]


def test_the_last_hour_is_counted_by_kind_and_forgets_what_is_older() -> None:
    clock = Clock()
    incidents = Incidents(capacity=2, clock=clock)
    incidents.add("worker_died", "worker 1", "ended")
    clock.now_s = 30 * MINUTE
    for _ in range(4):
        incidents.add("config_applied", "3f2a9c0d81be", "runs")
    assert incidents.last_hour() == {"worker_died": 1, "config_applied": 4}
    clock.now_s = 62 * MINUTE
    assert incidents.last_hour() == {"config_applied": 4}
    clock.now_s = 92 * MINUTE
    assert incidents.last_hour() == {}
