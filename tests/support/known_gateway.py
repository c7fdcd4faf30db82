"""A gateway of which one thing of each kind is known, as messages."""

from typing import Final

import msgspec
from msgspec.structs import replace

from console.state import reading
from console.state.alerting.alerts import ALERTS, Alert, AlertList
from console.state.messages import Answered, Event, Message
from console.state.model import Model
from gateway.admin.examples import OBJECTIVES, ROUTES, STATUS, UPSTREAMS
from gateway.admin.live.examples import UNMATCHED
from gateway.wire.changes import IncidentListView, RevisionListView
from gateway.wire.logs import LogListView
from gateway.wire.views import ExchangeListView
from tests.support.changes import DETAIL, drained, revision
from tests.support.exchanges import hello, line, shown
from tests.support.gateway_views import record

FAST: Final = Alert(
    key="k1", name="ErrorBudgetBurnFast", state="firing", labels={"route": "orders", "severity": "critical"},
    summary="Route orders burns", runbook="https://runbooks/burn",
)  # fmt: skip
LATENCY: Final = replace(OBJECTIVES.objectives[0], sli="latency", target=0.99, under_ms=300.0, state="ok", because="")

KNOWN: Final[tuple[Message, ...]] = (
    Event("status", msgspec.json.encode(STATUS).decode()),
    Answered(reading.ROUTES, ROUTES),
    Answered(reading.routes(300), ROUTES),
    Answered(reading.upstreams(300), UPSTREAMS),
    Answered(reading.OBJECTIVES, replace(OBJECTIVES, objectives=[*OBJECTIVES.objectives, LATENCY])),
    Answered(ALERTS, AlertList(alerts=[FAST])),
    Answered(reading.REVISIONS, RevisionListView(revisions=[revision(2, 5, running=True), revision(1, 0)])),
    Answered(reading.revision("2"), DETAIL),
    Answered(reading.INCIDENTS, IncidentListView(incidents=[drained(17, 9)], last_id=17)),
    Answered(reading.LOGS, LogListView(records=[record(7, event="worker_died", worker=1, trace_id="t1")], last_id=7)),
    Answered(reading.UNMATCHED, UNMATCHED),
    Answered(
        reading.exchange("req-0001"), ExchangeListView(exchanges=[msgspec.Raw(msgspec.json.encode(line(1)))], scanned=1)
    ),
    hello(),
    shown(line(2)),
)


def known() -> Model:
    """The same, taken."""
    model = Model()
    for message in KNOWN:
        model.take(message)
    return model
