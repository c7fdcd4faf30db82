"""Objectives and alerts at one moment: one route burns after a revision, its alert fires, another is silenced."""

import msgspec

from console.state import reading
from console.state.alerting.alerts import ALERTS, AlertList
from console.state.alerting.merging import ManagedAlert, ManagedStatus, PrometheusAlert, Silence, brought_together
from console.state.messages import Answered
from gateway.wire.changes import IncidentListView, IncidentView
from gateway.wire.slo import BurnView, ObjectiveListView, ObjectiveStateView

BURNS = ((300, 25.0), (1800, 9.1), (3600, 16.7), (21_600, 2.8))


def objective(route: str, **facts: object) -> ObjectiveStateView:
    """One that is well, but for what is said."""
    burns = [BurnView(window_s=window_s, seconds=window_s, good=1000, bad=0, burn=0.0) for window_s, _ in BURNS]
    known: dict[str, object] = {
        "route": route, "sli": "availability", "target": 0.999, "burns": burns, "budget_left": 1.0,
        "budget_window_s": 21_600,
    }  # fmt: skip
    return ObjectiveStateView(**(known | facts))  # type: ignore[arg-type]


BURNING = objective(
    "orders",
    state="page",
    because="16.7x over 1h, 25.0x over 5m; above 14.4x is a page",
    burns=[BurnView(window_s=window_s, seconds=window_s, good=9750, bad=250, burn=burn) for window_s, burn in BURNS],
    budget_left=0.25,
    empty_in_s=216.0,
    since="2026-01-31T07:52:10Z",
)
SPENT = objective(
    "search", sli="latency", target=0.99, under_ms=300.0, state="ticket", budget_left=-0.5, empty_in_s=0.0
)
CALM = objective("static")

OBJECTIVES = ObjectiveListView(revision="3f2a9c0d81be", objectives=[BURNING, SPENT, CALM], routes=42)

FAST = {"alertname": "GatewayErrorBudgetBurnFast", "severity": "critical", "route": "orders", "job": "edge"}
FLAPPING = {
    "alertname": "GatewayEndpointFlapping",
    "severity": "warning",
    "upstream": "orders",
    "endpoint": "10.0.0.7:80",
}
PENDING = {"alertname": "GatewayRetryStorm", "severity": "warning", "upstream": "search"}

ALERT_LIST = AlertList(
    alerts=brought_together(
        [
            PrometheusAlert(FAST, "firing", {"summary": "Route orders burns"}, "2026-01-31T07:54:00Z"),
            PrometheusAlert(PENDING, "pending", {"summary": "Retries"}, "2026-01-31T07:59:00Z"),
        ],
        [
            ManagedAlert(FAST | {"cluster": "eu"}, ManagedStatus("active"), {"summary": "Route orders burns"}, "2026-01-31T07:54:00Z"),
            ManagedAlert(FLAPPING, ManagedStatus("suppressed", ["s1"]), {"summary": "Flaps"}, "2026-01-31T07:30:00Z"),
        ],
        [Silence("s1", "2026-01-31T08:30:00Z", "ana", "known")],
    ),
    asked=["Prometheus", "Alertmanager"],
)  # fmt: skip

INCIDENTS = IncidentListView(
    incidents=[
        IncidentView(
            id=7, at="2026-01-31T07:51:30Z", kind="config_applied", subject="c6c690490d0a", text="c6c690490d0a runs, by ana",
            actor="ana",
        )
    ],
    last_id=7,
)  # fmt: skip

MESSAGES = (
    Answered(reading.OBJECTIVES, OBJECTIVES),
    Answered(ALERTS, ALERT_LIST),
    Answered(reading.INCIDENTS, INCIDENTS),
)
NOBODY_ASKED = Answered(ALERTS, AlertList())
NO_OBJECTIVES = Answered(reading.OBJECTIVES, msgspec.structs.replace(OBJECTIVES, objectives=[]))
