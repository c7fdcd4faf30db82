"""Lines that are not for the access log: copies of what is remarkable, and what is tapped while somebody looks."""

import json
from typing import Any

from gateway.model.snapshot import AccessLogSettings, AccessLogSink, MetricSettings, TelemetrySettings
from gateway.telemetry.recorder import Recorder
from gateway.wire.report import Report
from tests.unit.gateway.telemetry.samples import (
    STARTED_NS,
    failed_attempt,
    make_attempt,
    make_exchange,
    make_recorder,
    record,
    refused_exchange,
)

NO_LOG = TelemetrySettings(access_log=AccessLogSettings(sink=AccessLogSink.NONE))
NOTHING = TelemetrySettings(access_log=NO_LOG.access_log, metrics=MetricSettings(enabled=False))


def take(recorder: Recorder) -> Report:
    return recorder.take_report([], 1, last=True)


def parsed(lines: bytes) -> list[Any]:
    return [json.loads(line) for line in lines.splitlines()]


def smooth_exchange() -> Any:
    """One that takes the short way through the recorder."""
    attempt = make_attempt(sent_ms=5, ended_ms=12)
    attempt.leased_ns = attempt.sent_ns = STARTED_NS
    attempt.ended_ns = attempt.first_byte_ns
    return make_exchange(attempts=[attempt])


def test_what_is_remarkable_comes_once_more_as_the_same_line() -> None:
    recorder = make_recorder()
    retried = make_exchange(attempts=[failed_attempt(), make_attempt()])
    record(recorder, make_exchange(), retried, refused_exchange())
    report = take(recorder)
    assert len(parsed(report.access_lines)) == 3
    assert report.kept_lines == report.access_lines.splitlines(keepends=True)[1]


def test_copies_that_do_not_fit_are_no_loss() -> None:
    recorder = make_recorder()
    record(recorder, *[make_exchange(status=500, path="/" + "x" * 3000) for _ in range(200)])
    report = take(recorder)
    assert report.access_line_count == 200
    assert 0 < len(report.kept_lines) <= 256 * 1024
    assert report.drops == []


def test_without_an_access_log_requests_that_matched_nothing_are_told() -> None:
    recorder = make_recorder(NO_LOG)
    record(recorder, make_exchange(), refused_exchange())
    report = take(recorder)
    assert [line["route"] for line in parsed(report.kept_lines)] == ["_unmatched"]
    assert report.tapped_lines == b""


def test_a_flood_of_requests_that_matched_nothing_leaves_room_for_what_has_failed() -> None:
    recorder = make_recorder(NO_LOG)
    record(recorder, *[refused_exchange() for _ in range(2_000)], make_exchange(status=500))
    routes = [line["route"] for line in parsed(take(recorder).kept_lines)]
    assert 0 < routes.count("_unmatched") < 2_000
    assert routes[-1] == "orders"


def test_while_somebody_looks_lines_of_plain_exchanges_are_written_too() -> None:
    for settings in (NO_LOG, NOTHING):
        recorder = make_recorder(settings)
        recorder.attend(1.0, in_flight=False)
        record(recorder, make_exchange(), smooth_exchange())
        report = take(recorder)
        assert [line["route"] for line in parsed(report.tapped_lines)] == ["orders", "orders"]
        assert (report.access_lines, report.kept_lines) == (b"", b"")


def test_a_tapped_line_says_of_how_many_it_is_one() -> None:
    recorder = make_recorder(NO_LOG)
    recorder.attend(0.25, in_flight=False)
    record(recorder, *[smooth_exchange() for _ in range(400)])
    lines = parsed(take(recorder).tapped_lines)
    assert 50 < len(lines) < 150
    assert {line["sample_rate"] for line in lines} == {0.25}


def test_tapped_lines_are_bounded_and_what_does_not_fit_is_counted() -> None:
    recorder = make_recorder(NO_LOG)
    recorder.attend(1.0, in_flight=False)
    record(recorder, *[make_exchange(path="/" + "x" * 3000) for _ in range(200)])
    report = take(recorder)
    assert len(report.tapped_lines) <= 256 * 1024
    assert [(drop.signal, drop.sink) for drop in report.drops] == [("log", "tap")]
    assert report.drops[0].count == 200 - len(parsed(report.tapped_lines))


def test_with_an_access_log_there_is_nothing_to_tap() -> None:
    recorder = make_recorder()
    recorder.attend(1.0, in_flight=False)
    record(recorder, make_exchange())
    assert take(recorder).tapped_lines == b""


def test_who_looked_is_forgotten_after_ten_seconds_of_reports() -> None:
    recorder = make_recorder(NO_LOG)
    recorder.attend(1.0, in_flight=True)
    for _ in range(50):
        take(recorder)
    record(recorder, make_exchange())
    assert take(recorder).tapped_lines == b""


def test_what_is_running_is_told_while_somebody_looks_and_old_ones_once_a_second_anyway() -> None:
    recorder = make_recorder()
    young, old = make_exchange(request_id="young"), make_exchange(request_id="old")
    now_ns = old.started_at_ns + 1_500_000_000
    young.started_at_ns = now_ns - 10_000_000
    recorder.look = lambda: [young, old]
    told = [recorder.take_report([], now_ns, last=True).in_flight for _ in range(5)]
    assert [rows is not None for rows in told] == [False, False, False, False, True]
    assert [row.request_id for row in told[4] or ()] == ["old"]
    recorder.attend(0.0, in_flight=True)
    rows = recorder.take_report([], now_ns, last=True).in_flight
    assert [row.request_id for row in rows or ()] == ["old", "young"]
