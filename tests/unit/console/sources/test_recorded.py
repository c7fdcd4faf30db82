"""A recording as a source: the time is that of then."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from console.sources.archive import Archive
from console.sources.recorded import RecordedSource
from console.sources.recording import read_recording
from console.sources.source import Player
from console.state import reading
from console.state.messages import Request, TailWanted
from console.state.reading import Reading
from tests.support.loop_thread import LoopThread
from tests.support.recordings import STARTED_S, make_recording
from tests.support.sources import Listening
from tests.support.waiting import wait_until

Play = Callable[..., Listening]


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    thread = LoopThread("console", asyncio.new_event_loop)
    yield thread
    errors = thread.take_errors()
    thread.stop()
    assert errors == []


@pytest.fixture
def play(loop: LoopThread, tmp_path: Path) -> Iterator[Play]:
    archive = Archive(read_recording(make_recording(tmp_path / "a.ndjson")))
    running: list[Listening] = []

    def start(**options: float) -> Listening:
        running.append(Listening(loop, partial(RecordedSource, archive, **options)))
        return running[-1]

    yield start
    for listening in running:
        listening.close()


def player(listening: Listening) -> Player:
    assert isinstance(listening.source, Player)
    return listening.source


def test_it_tells_all_in_order_by_its_own_clock_and_then_that_it_has_ended(play: Play) -> None:
    listening = play(speed=50.0)
    model = listening.model
    listening.call(lambda: listening.source.want([reading.ROUTES, reading.UPSTREAMS], TailWanted("status:5xx")))
    wait_until(lambda: model.link.state == "ended", "it has ended")
    assert [tick.at[-3:-1] for tick in model.ticks] == ["01", "09"]
    wait_until(lambda: [row.line.request_id for row in model.tail.rows] == ["3", "9"], "the tail has what matches")
    wait_until(lambda: model.get(reading.UPSTREAMS).status == 503, "what failed then fails")
    view = model.view(reading.ROUTES)
    assert view is not None
    assert view.revision == "second"
    assert model.now_s == STARTED_S + 9.5
    times = [at_s for at_s, _ in listening.told]
    assert all(STARTED_S <= at_s <= STARTED_S + 9.5 for at_s in times)


def test_it_can_be_stopped_and_taken_to_another_moment(play: Play) -> None:
    listening = play(start_t=6.0)
    model = listening.model
    listening.call(lambda: player(listening).pause(is_paused=True))
    wait_until(lambda: model.link.state == "broken", "it begins where it was to")
    listening.call(lambda: listening.source.want([reading.ROUTES], TailWanted("")))
    wait_until(lambda: model.view(reading.ROUTES), "what was known then is told")
    assert (model.link.state, model.link.heard_at_s) == ("broken", STARTED_S + 4.0)
    assert [row.line.request_id for row in model.tail.rows] == ["2", "3"]
    listening.call(lambda: player(listening).seek(STARTED_S + 1.5))

    def revision() -> str:
        view = model.view(reading.ROUTES)
        return view.revision if view is not None else ""

    wait_until(lambda: revision() == "first", "it is as it was earlier")
    assert player(listening).now_s == STARTED_S + 1.5
    assert [tick.at[-3:-1] for tick in model.ticks] == ["01"]


def test_what_was_not_recorded_is_said_in_words(play: Play) -> None:
    listening = play(start_t=9.0)
    other = Reading("config", reading.CONFIG.view)
    listening.call(lambda: listening.source.want([other], TailWanted("latency:>5")))
    wait_until(lambda: listening.model.get(other).problem, "it is told")
    assert listening.model.get(other).problem == "not in the recording"
    wait_until(lambda: "unit" in listening.model.tail_problem, "a filter that is none is told")
    assert listening.ask(Request("GET", "routes")).is_ok
    assert listening.ask(Request("GET", "upstreams")).problem == "draining"
    assert "nobody asked that" in listening.ask(Request("POST", "explain", body=b"{}")).problem
    assert "cannot be acted upon" in listening.ask(Request("POST", "revisions/2/rollback")).problem
