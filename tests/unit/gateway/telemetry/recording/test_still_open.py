"""Lines about what goes on: one after a while, then one now and then, and never two that say the same."""

import json
from typing import Any

import pytest

from gateway.model.clock import NEVER_NS
from gateway.model.exchange import Exchange
from gateway.model.snapshot import AccessLogSettings, AccessLogSink, TelemetrySettings
from gateway.telemetry.recorder import Recorder
from gateway.telemetry.recording.still_open import StillOpen
from tests.unit.gateway.telemetry.samples import MS, STARTED_AT_NS, STARTED_NS, TRACE_ID, make_exchange, make_recorder

SETTINGS = AccessLogSettings(open_after_ns=100 * MS, open_every_ns=50 * MS)


def told(still_open: StillOpen, at_ms: int, *exchanges: Exchange) -> list[tuple[str, int]]:
    due = still_open.due(exchanges, STARTED_NS + at_ms * MS)
    return [(event, open_ns // MS) for _, event, open_ns in due]


@pytest.fixture
def still_open() -> StillOpen:
    made = StillOpen()
    made.configure(SETTINGS)
    return made


def test_an_exchange_is_told_of_once_it_is_old_enough_and_then_now_and_then(still_open: StillOpen) -> None:
    exchange = make_exchange()
    found = [told(still_open, at_ms, exchange) for at_ms in range(80, 221, 20)]
    assert found == [
        [],
        [("start", 100)],
        [],
        [],
        [("still_open", 160)],
        [],
        [],
        [("still_open", 220)],
    ]


def test_each_exchange_has_a_start_of_its_own(still_open: StillOpen) -> None:
    one, two = make_exchange(), make_exchange(started_ns=STARTED_NS + 30 * MS)
    assert told(still_open, 110, one, two) == [("start", 110)]
    assert told(still_open, 130, one, two) == [("start", 100)]


def test_what_has_ended_is_forgotten(still_open: StillOpen) -> None:
    told(still_open, 110, make_exchange())
    assert told(still_open, 120) == []
    assert still_open._next_ns == {}


def test_another_configuration_does_not_tell_of_a_start_twice(still_open: StillOpen) -> None:
    exchange = make_exchange()
    told(still_open, 110, exchange)
    still_open.configure(AccessLogSettings(open_after_ns=10 * MS, open_every_ns=50 * MS))
    assert told(still_open, 120, exchange) == []
    assert told(still_open, 160, exchange) == [("still_open", 160)]


def test_it_can_be_switched_off(still_open: StillOpen) -> None:
    still_open.configure(AccessLogSettings(open_after_ns=NEVER_NS, open_every_ns=NEVER_NS))
    assert told(still_open, 1_000_000, make_exchange()) == []


def test_very_many_at_once_are_told_of_in_turns(still_open: StillOpen) -> None:
    many = [make_exchange() for _ in range(1200)]
    assert [len(told(still_open, at_ms, *many)) for at_ms in (110, 111, 112, 113)] == [500, 500, 200, 0]


def open_lines(recorder: Recorder, *under_way: Exchange) -> list[Any]:
    recorder.look = lambda: list(under_way)
    report = recorder.take_report([], STARTED_AT_NS)
    lines = [json.loads(line) for line in report.open_lines.splitlines()]
    assert (len(lines), report.access_line_count) == (report.open_line_count, 0)
    return lines


def make_old(**facts: Any) -> Exchange:
    return make_exchange(started_ns=-(10**12), upgraded=True, **facts)


def test_a_line_has_what_is_known_by_now_and_no_secret() -> None:
    exchange = make_old(query="token=s3cret", bytes_in=10, bytes_out=20)
    recorder = make_recorder(TelemetrySettings(access_log=SETTINGS))
    recorder.exchange_started(exchange)
    (line,) = open_lines(recorder, exchange)
    assert (line["event"], line["upgraded"], line["url.query"]) == ("start", True, "token=REDACTED")
    assert (line["request_id"], line["trace_id"]) == ("req-1", TRACE_ID)
    assert (line["bytes_in"], line["bytes_out"], line["route"], line["upstream"]) == (10, 20, "orders", "orders")
    assert line["open_ms"] > 10**6
    assert {"duration_ms", "reason", "source"}.isdisjoint(line)


def test_an_exchange_that_is_told_of_counts_as_nothing() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=SETTINGS))
    exchange = make_old()
    recorder.exchange_started(exchange)
    recorder.look = lambda: [exchange]
    report = recorder.take_report([], STARTED_AT_NS)
    assert (report.open_line_count, [route.requests for route in report.routes]) == (1, [[]])


def test_without_an_access_log_nothing_is_told() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=AccessLogSettings(AccessLogSink.NONE)))
    assert open_lines(recorder, make_old()) == []


def test_what_has_no_answer_yet_has_no_status() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=SETTINGS))
    exchange = make_old(status=0, attempts=[], user_agent="\udcff", trace_id="")
    (line,) = open_lines(recorder, exchange)
    assert {"http.response.status_code", "endpoint", "trace_id"}.isdisjoint(line)
