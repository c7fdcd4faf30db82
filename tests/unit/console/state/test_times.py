"""A time that is none is found where it comes in, and said; what was known before stays."""

import msgspec
import pytest

from console.state import reading
from console.state.messages import Answered, Event, Linked
from console.state.model import Model
from console.state.times import checked, wrong_time
from gateway.admin import examples
from gateway.wire.views import StatusView

STATUS = examples.STATUS


@pytest.mark.parametrize("time", ["", "soon", "2026-02-30T08:00:00Z", "2026-01-31T08:00:00", "9999-99-99T99:99:99Z"])
def test_what_is_no_time_is_told_by_its_place(time: str) -> None:
    status = msgspec.structs.replace(
        STATUS, workers=[STATUS.workers[0], msgspec.structs.replace(STATUS.workers[0], started_at=time or "?")]
    )
    assert wrong_time(status) == f"workers[1].started_at is no time: {time or '?'!r}"
    assert wrong_time(msgspec.structs.replace(STATUS, started_at=time)) == f"started_at is no time: {time!r}"


def test_a_time_that_need_not_be_there_may_be_missing() -> None:
    worker = msgspec.structs.replace(STATUS.workers[0], started_at="")
    assert checked(msgspec.structs.replace(STATUS, workers=[worker])).workers == [worker]


class Began(msgspec.Struct, tag=True):
    started_at: str


class Lasts(msgspec.Struct, tag=True):
    until: str


class Story(msgspec.Struct):
    now: Began | Lasts | list[Lasts] | str


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        (Began("2026-01-31T08:00:00Z"), ""),
        (Began("soon"), "now.started_at is no time: 'soon'"),
        (Lasts("later"), "now.until is no time: 'later'"),
        ([Lasts("later")], "now[0].until is no time: 'later'"),
        ("never", ""),
    ],
)
def test_of_several_types_each_is_looked_at_for_its_own_times(
    now: Began | Lasts | list[Lasts] | str, problem: str
) -> None:
    assert wrong_time(Story(now)) == problem


def test_an_answer_that_is_not_understood_leaves_what_was_known() -> None:
    model = Model()
    model.take(Answered(reading.STATUS, STATUS))
    model.take(Answered(reading.STATUS, msgspec.structs.replace(STATUS, started_at="soon")))
    answer = model.get(reading.STATUS)
    assert answer.view == STATUS
    assert answer.problem == "the answer is not what this console knows: started_at is no time: 'soon'"
    model.take(Linked("live"))
    model.fill(Answered(reading.ROUTES, STATUS))
    assert model.view(reading.ROUTES) is not None


def test_events_with_such_a_time_are_counted_and_passed_over() -> None:
    model = Model()
    model.take(Event("status", msgspec.json.encode(msgspec.structs.replace(STATUS, started_at="soon")).decode()))
    model.take(Event("exchange", '{"exchange":{"@timestamp":"soon"}}'))
    assert (model.not_understood, model.status, len(model.tail.rows)) == (2, None, 0)
    assert isinstance(STATUS, StatusView)
