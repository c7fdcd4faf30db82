"""Writing down what comes, in bounds."""

from pathlib import Path

import pytest

from console.client.problems import WrongUsage
from console.sources.recorder import Recorder, messages_of
from console.sources.recording import read_recording
from console.state import reading
from console.state.messages import Event, Request, Response
from console.state.model import Model
from tests.support.recordings import SMALL, STARTED_S, exchanged, make_recording, tick


def test_a_recording_ends_where_it_is_long_enough_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    recorder = Recorder(str(file), most_bytes=4_000)
    for second in range(1_000):
        recorder.take(STARTED_S + second, tick(second % 60))
    assert "ends here" in recorder.over
    told = recorder.close()
    assert told == recorder.over
    assert str(len(read_recording(str(file)).lines)) in told
    assert 3_000 < file.stat().st_size <= 4_000


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    file = make_recording(tmp_path / "a.ndjson")
    with pytest.raises(WrongUsage, match="cannot be written: File exists"):
        Recorder(file)


def test_what_is_no_json_is_left_out(tmp_path: Path) -> None:
    file = make_recording(tmp_path / "a.ndjson", ((0.0, Event("status", "half {")), (1.0, tick(1))))
    assert [line.of for line in read_recording(file).lines] == ["history"]


def test_a_recording_begins_with_what_is_known(tmp_path: Path) -> None:
    model = Model()
    hello = Event("hello", '{"version":1,"topics":["exchanges"],"filter":"","rate":1,"epoch":"a"}')
    for t, message in ((0.0, hello), *SMALL):
        model.now_s = STARTED_S + t
        model.take(message)
    recorder = Recorder(str(tmp_path / "a.ndjson"))
    recorder.begin(model)
    recorder.take(model.now_s + 1, exchanged("9", 200))
    recorder.close()
    again = Model()
    for message in messages_of(model):
        again.now_s = model.now_s
        again.take(message)
    assert (again.status, list(again.ticks), again.view(reading.ROUTES)) == (
        model.status, list(model.ticks), model.view(reading.ROUTES)
    )  # fmt: skip
    assert [row.line for row in again.tail.rows] == [row.line for row in model.tail.rows]
    lines = read_recording(str(tmp_path / "a.ndjson")).lines
    assert {line.t for line in lines[:-1]} == {0.0}
    assert lines[-1].t == 1.0


def test_a_clock_that_is_put_back_does_not_make_it_unreadable(tmp_path: Path) -> None:
    file = make_recording(tmp_path / "a.ndjson", ((1.0, tick(1)), (5.0, tick(5)), (4.9, tick(6)), (5.5, tick(7))))
    assert [line.t for line in read_recording(file).lines] == [0.0, 4.0, 4.0, 4.5]


def test_an_answer_that_is_no_json_is_left_out(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path / "a.ndjson"))
    recorder.take_answer(STARTED_S, Request("POST", "explain", body=b"{}"), Response(200, b"<html>"))
    recorder.take(STARTED_S, tick(1))
    recorder.close()
    assert [line.of for line in read_recording(recorder.file).lines] == ["history"]


def test_what_was_made_up_for_a_question_is_not_written_down(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path / "a.ndjson"))
    recorder.take(STARTED_S, tick(1))
    for body in (b'{"url":"/a"}', b'{"url":"/a","headers":[["x-key","hush"]]}', b"half {"):
        recorder.take_answer(STARTED_S, Request("POST", "explain", body=body), Response(200, b'{"echo":"hush"}'))
    recorder.close()
    assert [line.of for line in read_recording(recorder.file).lines] == ["history", 'POST explain {"url":"/a"}']
