"""The newest records of the log: bounded in number and bytes, honest about what is gone, found by level, word and field."""

import threading
from typing import Any

import msgspec
import pytest

from gateway.telemetry.log_ring import CAPACITY, LogRing
from gateway.wire.filter import EVERYTHING, LOGS, parse_filter
from gateway.wire.logs import LogListView


def ring(*events: dict[str, Any], **bounds: int) -> LogRing:
    made = LogRing(**bounds)
    for event in events:
        made.keep(event)
    return made


def numbered(count: int, **bounds: int) -> LogRing:
    return ring(*({"event": f"event {number}", "level": "info"} for number in range(1, count + 1)), **bounds)


def ids(view: LogListView) -> list[int]:
    return [record.id for record in view.records]


def test_a_record_has_its_places_and_all_else_is_a_field() -> None:
    view = ring(
        {
            "@timestamp": "2026-01-31T08:00:00Z", "level": "warning", "event": "config_apply", "logger": "sightline.admin",
            "actor": "ana", "outcome": "applied", "count": 3, "ratio": 0.5, "is_dry": False, "nothing": None, "_record": object(),
            "inside": {"a": [1]}, "huge": 1 << 60,
        }
    ).view(EVERYTHING, None, 10)  # fmt: skip
    (record,) = view.records
    assert (record.id, record.at, record.level, record.event) == (1, "2026-01-31T08:00:00Z", "warning", "config_apply")
    assert (record.logger, record.actor) == ("sightline.admin", "ana")
    assert record.node
    assert record.fields == {
        "outcome": "applied", "count": 3, "ratio": 0.5, "is_dry": False, "nothing": None, "inside": '{"a":[1]}', "huge": str(1 << 60),
    }  # fmt: skip
    assert view.kept_since == record.at


def test_what_is_no_text_is_told_and_does_not_take_the_others_along() -> None:
    kept = ring({"event": "read \udcff", "file": "/tmp/\udcff.yaml", "inside": {"name": "\udcff"}, "plain": "ä…"})
    view = msgspec.json.decode(msgspec.json.encode(kept.view(EVERYTHING, None, 10)), type=LogListView)
    (record,) = view.records
    assert (record.event, record.fields["file"], record.fields["plain"]) == ("read \\udcff", "/tmp/\\udcff.yaml", "ä…")
    assert "udcff" in record.fields["inside"]


def test_the_oldest_go_by_number_and_are_counted_by_level() -> None:
    kept = numbered(5, capacity=3)
    view = kept.view(EVERYTHING, None, 10)
    assert (ids(view), view.last_id, view.dropped, view.lost) == ([3, 4, 5], 5, {"info": 2}, 0)
    assert ids(kept.view(EVERYTHING, None, 2)) == [4, 5]
    behind = kept.view(EVERYTHING, 1, 2)
    assert (ids(behind), behind.lost, behind.scanned) == ([3, 4], 1, 3)
    assert ids(kept.view(EVERYTHING, 3, 9)) == [4, 5]
    assert ids(kept.view(EVERYTHING, 99, 9)) == []
    assert [record.id for record in kept.since(0, 1)] == [3]


def test_the_oldest_go_by_bytes_and_the_newest_never() -> None:
    kept = ring(*({"event": "e", "text": "x" * 1000} for _ in range(10)), capacity_bytes=3500)
    assert ids(kept.view(EVERYTHING, None, 10)) == [8, 9, 10]
    assert ids(ring({"event": "e", "text": "x" * 1000}, capacity_bytes=10).view(EVERYTHING, None, 1)) == [1]


def test_one_record_is_cut_to_its_bounds() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "odd"

    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    many = {f"field{number}": number for number in range(60)}
    (record,) = (
        ring({"event": "e" * 5000, "deep": deep, "odd": Odd(), "long": "x" * 5000, **many})
        .view(EVERYTHING, None, 1)
        .records
    )
    assert len(record.event) == 500
    assert len(record.fields["long"]) == 2000
    assert record.fields["odd"] == '"odd"'
    assert record.fields["…"] == "23 more fields"
    assert len(msgspec.json.encode(record)) < 10_000


def test_nothing_is_there_before_the_first() -> None:
    view = LogRing().view(EVERYTHING, None, 10)
    assert (view.records, view.last_id, view.kept_since, view.dropped, view.lost) == ([], 0, None, {}, 0)
    assert LogRing().since(0) == []


def test_several_threads_write_and_no_id_is_given_twice() -> None:
    kept = LogRing()

    def write() -> None:
        for _ in range(CAPACITY // 4):
            kept.keep({"event": "e"})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert ids(kept.view(EVERYTHING, None, CAPACITY)) == list(range(1, CAPACITY + 1))


RECORDS = ring(
    {"event": "ready", "level": "info", "workers": 2},
    {"event": "name_not_resolved", "level": "warning", "host": "orders.test", "error": "Nobody knows it"},
    {"event": "worker_died", "level": "error", "worker": 2},
    {"event": "config_apply", "level": "info", "actor": "ana", "outcome": "applied"},
    {"event": "endpoint_changed", "level": "odd", "worker": 21},
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("level:warn", [2, 3]),
        ("level:error,warning", [2, 3]),
        ("!level:warning", [1, 4, 5]),
        ("err", [3]),
        ("audit", [4]),
        ("actor:ana outcome:app*", [4]),
        ("worker:2", [3]),
        ("worker:2*", [3, 5]),
        ("NOBODY", [2]),
        ("host", [2]),
        ("event~^w.*d$", [3]),
        ("ready | worker_died", [1, 3]),
        ('"knows it" level:warning', [2]),
    ],
)
def test_records_are_found_in_the_filter_language(text: str, found: list[int]) -> None:
    view = RECORDS.view(parse_filter(text, LOGS), None, 10)
    assert (ids(view), view.scanned) == (found, 5)
