"""Questions to a recording."""

from pathlib import Path

import msgspec
import pytest

from console.sources.archive import Archive
from console.sources.recording import read_recording
from console.state.messages import Event
from gateway.wire.live import decode_line
from gateway.wire.views import ExchangeListView, RouteListView
from tests.support.recordings import SMALL, make_recording


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(read_recording(make_recording(tmp_path / "a.ndjson.gz")))


def test_an_answer_is_the_newest_of_before(archive: Archive) -> None:
    def revision(t: float) -> str:
        return msgspec.json.decode(archive.at("routes", {}, t).body, type=RouteListView).revision

    assert (revision(1.0), revision(3.9), revision(100.0)) == ("first", "first", "second")
    assert (archive.at("upstreams", {}, 9.0).status, archive.at("upstreams", {}, 9.0).problem) == (503, "draining")


@pytest.mark.parametrize(
    ("path", "query", "t", "words"),
    [
        ("routes", {}, 0.5, "not in the recording before 1.0 s"),
        ("routes", {"window": "5m"}, 9.0, "not in the recording"),
        ("exchanges/nobody", {}, 9.0, "no exchange of this id"),
        ("exchanges", {"filter": "latency:>5"}, 9.0, "unit"),
    ],
)
def test_what_is_not_there_is_said_in_words(
    archive: Archive, path: str, query: dict[str, str], t: float, words: str
) -> None:
    found = archive.at(path, query, t)
    assert found.status in {400, 404}
    assert words in found.problem


def test_exchanges_are_found_by_filters_nobody_recorded(archive: Archive) -> None:
    def found(path: str, t: float, **query: str) -> list[str]:
        view = msgspec.json.decode(archive.at(path, query, t).body, type=ExchangeListView)
        return [decode_line(bytes(each)).request_id for each in view.exchanges]

    assert found("exchanges", 9.5, filter="status:5xx") == ["9", "3"]
    assert found("exchanges", 4.0, filter="status:5xx") == ["3"]
    assert found("exchanges", 9.5, limit="1") == ["9"]
    assert found("exchanges/2", 9.5) == ["2"]


def test_an_exchange_that_is_not_understood_is_passed_over(tmp_path: Path) -> None:
    strange = [Event("exchange", data) for data in ('{"weight":1}', '{"exchange":{"route":7}}', "7")]
    file = make_recording(tmp_path / "a.ndjson", (*((0.0, event) for event in strange), *SMALL))
    assert [seen.line.request_id for seen in Archive(read_recording(file)).exchanges] == ["2", "3", "9"]
