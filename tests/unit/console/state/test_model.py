"""What the model keeps of the messages it takes."""

import msgspec

from console.state import reading
from console.state.messages import Answered, Event, Failed, Linked
from console.state.model import ANSWERS, Model
from gateway.wire.views import RouteListView


def test_a_failure_leaves_the_view_that_was_there() -> None:
    model = Model()
    view = RouteListView(revision="a", routes=[])
    model.now_s = 10.0
    model.take(Answered(reading.ROUTES, view))
    model.take(Failed(reading.ROUTES, 503, "draining"))
    answer = model.get(reading.ROUTES)
    assert (answer.view, answer.at_s, answer.problem, answer.status) == (view, 10.0, "draining", 503)


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
