"""What the model keeps of the messages it takes."""

import msgspec

from console.state import reading
from console.state.messages import Answered, Event, Failed, Linked, Sought, TailFailed
from console.state.model import ANSWERS, Model
from gateway.wire.changes import IncidentListView, IncidentView
from gateway.wire.history import HistoryPointView, HistoryView
from gateway.wire.views import RouteListView

INCIDENT = '{"id":%d,"at":"2026-01-31T08:00:0%dZ","kind":"gateway_started","subject":"","text":""}'


def test_a_failure_leaves_the_view_that_was_there() -> None:
    model = Model()
    view = RouteListView(revision="a", routes=[])
    model.now_s = 10.0
    model.take(Answered(reading.ROUTES, view))
    model.take(Failed(reading.ROUTES, 503, "draining"))
    answer = model.get(reading.ROUTES)
    assert (answer.view, answer.at_s, answer.problem, answer.status) == (view, 10.0, "draining", 503)


def test_what_is_not_asked_for_any_more_is_no_evidence_and_what_nobody_answers_stays_what_it_was() -> None:
    model, view = Model(), RouteListView(revision="a", routes=[])
    model.now_s = 10.0
    model.take(Answered(reading.ROUTES, view))
    model.now_s = 200.0
    assert model.evidence(reading.ROUTES) is view
    model.take(Answered(reading.routes(60), view))
    assert model.evidence(reading.ROUTES) is None
    assert model.view(reading.ROUTES) is view


def test_answers_are_bounded_and_the_oldest_is_forgotten() -> None:
    model = Model()
    for number in range(ANSWERS + 1):
        model.take(Failed(reading.route(f"r{number}"), 404, "no"))
    assert model.get(reading.route("r0")).problem == ""
    assert model.get(reading.route("r1")).problem == "no"


def test_events_of_the_tail_carry_what_they_stand_for() -> None:
    model = Model()
    event = {"exchange": {"route": "orders", "http.response.status_code": 503}, "weight": 20.0}
    model.take(Event("exchange", msgspec.json.encode(event).decode()))
    [shown] = model.tail.rows
    assert (shown.number, shown.line.route, shown.line.status, shown.weight) == (1, "orders", 503, 20.0)


def test_events_of_a_newer_gateway_are_passed_over() -> None:
    model = Model()
    model.take(Event("weather", "{}"))
    assert model.version == 1


def test_a_broken_link_keeps_the_time_of_the_newest_data() -> None:
    model = Model()
    model.now_s = 100.0
    model.take(Event("weather", "{}"))
    assert model.link.freshness(101.0) == "live"
    assert model.link.freshness(104.0) == "slow"
    assert model.link.freshness(110.0) == "stale"
    model.now_s = 111.0
    model.take(Linked("broken", "refused", 4.0))
    assert (model.link.freshness(111.0), model.link.heard_at_s, model.link.retry_at_s) == ("disconnected", 100.0, 115.0)


def test_the_past_that_is_asked_for_goes_before_what_the_stream_told() -> None:
    model = Model()
    model.take(Event("history", '{"at":"2026-01-31T08:00:03Z","series":[]}'))
    model.take(Event("incidents", INCIDENT % (2, 3)))
    points = [HistoryPointView(at=f"2026-01-31T08:00:0{second}Z", seconds=1) for second in range(1, 5)]
    past = HistoryView(
        kind="gateway", name="", start=points[0].at, end=points[-1].at, step_s=1, resolution_s=1,
            complete_since=points[0].at, is_complete=True,
        total=points[0], points=points,
    )  # fmt: skip
    model.take(Answered(reading.GATEWAY_PAST, past))
    incidents = [msgspec.json.decode(INCIDENT % (id_, id_ + 1), type=IncidentView) for id_ in (1, 2)]
    model.take(Answered(reading.INCIDENTS, IncidentListView(incidents=incidents, last_id=2)))
    model.take(Event("incidents", INCIDENT % (2, 3)))
    assert [tick.at[-3:-1] for tick in model.ticks] == ["01", "02", "03"]
    assert [incident.id for incident in model.incidents] == [1, 2]


def test_a_recording_that_goes_on_elsewhere_leaves_nothing_of_before() -> None:
    model = Model()
    model.take(Event("history", '{"at":"2026-01-31T08:00:03Z","series":[]}'))
    model.take(Answered(reading.ROUTES, RouteListView(revision="a", routes=[])))
    model.take(Sought())
    assert (len(model.ticks), model.view(reading.ROUTES), model.link.state) == (0, None, "connecting")


def test_a_tail_that_is_refused_says_so_until_it_is_not() -> None:
    model = Model()
    model.take(TailFailed(400, "expected a unit"))
    assert model.tail_problem == "expected a unit"
    model.take(Event("hello", '{"version":1,"topics":["exchanges"],"filter":"","rate":1,"epoch":"a"}'))
    assert model.tail_problem == ""


def test_an_event_with_a_time_that_is_none_is_passed_over() -> None:
    model = Model()
    model.take(Event("history", '{"at":"garbage","series":[]}'))
    assert (len(model.ticks), model.not_understood) == (0, 1)
