"""The recorder: each exchange counted once, in every projection alike, within bounds, and at no cost where switched off."""

import json
import subprocess
import sys
from collections.abc import Iterator
from time import thread_time_ns
from typing import Any

import pytest

from gateway.model.exchange import Exchange
from gateway.model.outcome import Reason, Source
from gateway.model.snapshot import (
    AccessLogSettings,
    AccessLogSink,
    Keep,
    MetricSettings,
    TelemetrySettings,
    TraceSettings,
)
from gateway.telemetry.histogram import Histogram
from gateway.telemetry.recorder import Recorder
from gateway.wire.report import (
    AttemptCount,
    BudgetGauge,
    DropCount,
    EndpointTime,
    HistogramDelta,
    ListenerDelta,
    Report,
    RequestCount,
    RetryCount,
    RouteDelta,
    SloCount,
    UpstreamDelta,
)
from tests.unit.gateway.telemetry.samples import (
    EXPORTING,
    MS,
    STARTED_NS,
    failed_attempt,
    make_attempt,
    make_exchange,
    make_recorder,
    make_route,
    many_routes,
    record,
    refused_exchange,
    stamp,
    with_latency,
)

NO_LOG = AccessLogSettings(sink=AccessLogSink.NONE)
NO_METRICS = MetricSettings(enabled=False)


def take(recorder: Recorder) -> Report:
    return recorder.take_report([], 1, last=True)


def observed(*durations_ns: int) -> HistogramDelta:
    """As a histogram that was asked one by one reports it."""
    histogram = Histogram()
    for ns in durations_ns:
        histogram.observe(ns)
    delta = histogram.take()
    assert delta is not None
    return delta


def lines_of(report: Report) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in report.access_lines.splitlines()]
    assert len(lines) == report.access_line_count
    return lines


def test_one_exchange_is_the_same_in_every_projection() -> None:
    recorder = make_recorder()
    record(recorder, make_exchange(sampled=True))
    report = take(recorder)
    assert report.routes == [
        RouteDelta(
            "orders",
            0,
            [RequestCount("GET", 200, "upstream", "none", 1)],
            {"GET 200": observed(15 * MS)},
            observed(3 * MS),
            120,
            340,
            [],
        )
    ]
    nothing = observed(0)
    assert report.upstreams == [
        UpstreamDelta(
            "orders",
            [AttemptCount("127.0.0.1:9001", "2xx", "none", 1)],
            {
                "read_head": nothing,
                "pool_wait": nothing,
                "send": observed(1 * MS),
                "ttfb": observed(10 * MS),
                "transfer": observed(2 * MS),
                "write": nothing,
            },
            [EndpointTime("127.0.0.1:9001", "2xx", observed(13 * MS))],
        )
    ]
    [line] = lines_of(report)
    [kept] = report.records
    assert (line["duration_ms"], line["overhead_ms"]) == (kept.duration_ns / MS, kept.overhead_ns / MS) == (15, 3)
    assert line["phases"] == {f"{phase}_ms": spent / MS for phase, spent in kept.phases.items()}
    assert (line["trace_id"], line["span_id"]) == (kept.trace_id, kept.span_id)
    assert (line["route"], line["reason"]) == (kept.route, kept.reason) == ("orders", "none")
    assert kept.rule == "sampled"


def test_counts_are_deltas() -> None:
    recorder = make_recorder()
    record(recorder, make_exchange(), make_exchange())
    assert take(recorder).routes[0].requests[0].count == 2
    record(recorder, make_exchange())
    assert take(recorder).routes[0].requests[0].count == 1
    empty = take(recorder)
    assert (empty.routes, empty.upstreams, empty.access_lines) == ([], [], b"")


def test_reports_are_numbered() -> None:
    recorder = make_recorder()
    assert [take(recorder).sequence for _ in range(3)] == [1, 2, 3]


def test_exchanges_in_flight_are_counted_by_route() -> None:
    recorder = make_recorder()
    running = make_exchange()
    recorder.exchange_started(running)
    assert take(recorder).routes == [RouteDelta("orders", 1)]
    recorder.exchange_finished(running)
    assert take(recorder).routes[0].in_flight == 0


def test_switching_metrics_on_and_off_leaves_the_number_in_flight_right() -> None:
    recorder = make_recorder()
    counted, uncounted, after = make_exchange(), make_exchange(), make_exchange()
    recorder.exchange_started(counted)
    recorder.configure(TelemetrySettings(metrics=NO_METRICS))
    recorder.exchange_started(uncounted)
    recorder.exchange_finished(counted)
    recorder.configure(EXPORTING)
    recorder.exchange_started(after)
    recorder.exchange_finished(uncounted)
    assert [route.in_flight for route in take(recorder).routes] == [1]
    recorder.exchange_finished(after)
    assert [route.in_flight for route in take(recorder).routes] == [0]


def test_a_request_without_a_route_is_counted_as_unmatched() -> None:
    recorder = make_recorder()
    record(recorder, refused_exchange())
    [route] = take(recorder).routes
    assert (route.route, route.requests) == ("_unmatched", [RequestCount("GET", 404, "gateway", "no_route", 1)])


def test_a_report_says_how_many_of_its_lines_found_no_route() -> None:
    recorder = make_recorder()
    record(recorder, refused_exchange(), make_exchange(), refused_exchange())
    assert [take(recorder).unmatched, take(recorder).unmatched] == [2, 0]


def test_an_exchange_without_an_attempt_has_its_phases_under_its_upstream_or_none() -> None:
    recorder = make_recorder()
    record(recorder, refused_exchange(), make_exchange(attempts=[]))
    assert sorted(upstream.upstream for upstream in take(recorder).upstreams) == ["_none", "orders"]


def test_every_attempt_is_counted() -> None:
    recorder = make_recorder()
    second = make_attempt(3, sent_ms=4, endpoint="127.0.0.1:9002", status=503, reason=Reason.UPSTREAM_STATUS)
    failed = make_exchange(attempts=[failed_attempt(), second], status=503, reason=Reason.UPSTREAM_STATUS)
    record(recorder, failed)
    [upstream] = take(recorder).upstreams
    assert upstream.attempts == [
        AttemptCount("127.0.0.1:9001", "none", "connect_refused", 1),
        AttemptCount("127.0.0.1:9002", "5xx", "upstream_status", 1),
    ]
    assert upstream.phases["connect"] == observed(1 * MS)
    assert upstream.endpoints == [EndpointTime("127.0.0.1:9002", "5xx", observed(11 * MS))]


def test_an_attempt_for_which_there_was_no_place_was_refused_by_us() -> None:
    recorder = make_recorder()
    attempts = [failed_attempt(Reason.POOL_EXHAUSTED), failed_attempt(Reason.CONNECT_REFUSED)]
    record(recorder, make_exchange(attempts=attempts))
    (upstream,) = recorder.take_report([], 0).upstreams
    assert upstream.rejected == {"pool_exhausted": 1}


def test_an_attempt_that_timed_out_is_observed_without_a_class() -> None:
    recorder = make_recorder()
    timed_out = make_attempt(first_ms=0, status=0, reason=Reason.UPSTREAM_TIMEOUT_FIRST_BYTE)
    record(recorder, make_exchange(attempts=[timed_out], status=504, reason=Reason.UPSTREAM_TIMEOUT_FIRST_BYTE))
    [upstream] = take(recorder).upstreams
    assert upstream.endpoints == [EndpointTime("127.0.0.1:9001", "none", observed(13 * MS))]
    assert "transfer" not in upstream.phases
    assert upstream.phases["ttfb"] == observed(12 * MS)


def test_methods_beyond_the_list_share_one_label() -> None:
    recorder = make_recorder()
    record(recorder, make_exchange(method="BREW"), make_exchange(method="get"), make_exchange(method=""))
    assert take(recorder).routes[0].requests == [RequestCount("_OTHER", 200, "upstream", "none", 3)]


def test_routes_beyond_the_limit_share_one_label_but_keep_their_name_in_the_log() -> None:
    recorder = make_recorder(many_routes(2))
    record(recorder, *(make_exchange(make_route(f"r{index}", index)) for index in range(4)))
    report = take(recorder)
    assert {route.route: route.requests[0].count for route in report.routes} == {"r0": 1, "r1": 1, "_overflow": 2}
    assert [line["route"] for line in lines_of(report)] == ["r0", "r1", "r2", "r3"]


def test_a_route_of_an_older_snapshot_keeps_its_own_objective() -> None:
    recorder = make_recorder()
    before, after = make_route(slo=with_latency(10)), make_route(slo=with_latency(20))
    record(recorder, make_exchange(before), make_exchange(after), make_exchange(before))
    assert take(recorder).routes[0].slo == [SloCount("availability", 3, 0), SloCount("latency", 1, 2)]


def test_objectives_are_judged_exactly_at_their_threshold() -> None:
    recorder = make_recorder()
    route = make_route(slo=with_latency(15))
    record(recorder, make_exchange(route), make_exchange(route, ended_ns=stamp(15) + 1))
    assert take(recorder).routes[0].slo == [SloCount("availability", 2, 0), SloCount("latency", 1, 1)]


def test_a_failure_is_bad_for_availability_and_says_nothing_about_latency() -> None:
    recorder = make_recorder()
    route = make_route(slo=with_latency(50))
    facts: dict[str, Any] = {"status": 502, "reason": Reason.UPSTREAM_RESET}
    record(recorder, make_exchange(route, **facts), make_exchange(route, status=404))
    assert take(recorder).routes[0].slo == [SloCount("availability", 1, 1), SloCount("latency", 1, 0)]


def test_who_left_and_tunnels_are_not_judged_for_latency() -> None:
    recorder = make_recorder()
    route = make_route(slo=with_latency(1))
    gone = make_exchange(route, status=499, reason=Reason.CLIENT_DISCONNECT, source=Source.CLIENT)
    tunnel = make_exchange(route, status=101, upgraded=True)
    record(recorder, gone, tunnel)
    assert take(recorder).routes[0].slo == [SloCount("availability", 1, 0)]


@pytest.mark.parametrize(
    ("exchange", "rule"),
    [
        (make_exchange(sampled=True, status=500), "sampled"),
        (make_exchange(status=500, reason=Reason.UPSTREAM_STATUS), "error"),
        (make_exchange(reason=Reason.UPSTREAM_RESET), "error"),
        (make_exchange(ended_ns=STARTED_NS + 1_000 * MS + 1), "slow"),
        (make_exchange(make_route(slo=with_latency(14))), "slow"),
        (make_exchange(attempts=[failed_attempt(), make_attempt()]), "retried"),
    ],
)
def test_an_exchange_is_kept_by_the_first_rule_that_holds(exchange: Any, rule: str) -> None:
    recorder = make_recorder()
    record(recorder, exchange)
    report = take(recorder)
    assert [kept.rule for kept in report.records] == [rule]
    assert report.decisions == {rule: 1}


@pytest.mark.parametrize(
    "exchange",
    [
        make_exchange(),
        make_exchange(status=404),
        make_exchange(ended_ns=STARTED_NS + 1_000 * MS),
        make_exchange(make_route(slo=with_latency(15))),
        make_exchange(upgraded=True, status=101, ended_ns=STARTED_NS + 9_000 * MS),
        make_exchange(status=499, reason=Reason.CLIENT_DISCONNECT, source=Source.CLIENT),
        refused_exchange(),
    ],
)
def test_an_unremarkable_exchange_is_let_go(exchange: Any) -> None:
    recorder = make_recorder()
    record(recorder, exchange)
    report = take(recorder)
    assert (report.records, report.decisions) == ([], {"none": 1})


def test_only_the_rules_of_the_configuration_keep() -> None:
    recorder = make_recorder(TelemetrySettings(traces=TraceSettings(export=True, keep=(Keep.SLOW,))))
    record(recorder, make_exchange(status=500), make_exchange(sampled=True))
    assert take(recorder).decisions == {"sampled": 1, "none": 1}


def test_without_export_there_are_no_records() -> None:
    recorder = make_recorder(TelemetrySettings())
    record(recorder, make_exchange(sampled=True), make_exchange(status=500))
    report = take(recorder)
    assert (report.records, report.decisions) == ([], {})


def test_an_exchange_without_a_trace_is_no_record() -> None:
    recorder = make_recorder()
    record(recorder, make_exchange(status=500, trace_id=""))
    assert take(recorder).records == []


def test_a_record_carries_what_spans_are_made_of() -> None:
    recorder = make_recorder()
    record(recorder, make_exchange(sampled=True, query="token=s3cret", attempts=[failed_attempt(), make_attempt(3)]))
    [kept] = take(recorder).records
    assert kept.query == "token=REDACTED"
    assert [attempt.reason for attempt in kept.attempts] == ["connect_refused", "none"]
    assert (kept.attempts[0].started_ns, kept.attempts[0].leased_ns, kept.attempts[0].ended_ns) == (1 * MS, -1, 2 * MS)
    assert kept.trace_random


def test_records_are_bounded_and_what_is_dropped_is_counted() -> None:
    recorder = make_recorder()
    record(recorder, *(make_exchange(sampled=True) for _ in range(600)))
    report = take(recorder)
    assert len(report.records) == 512
    assert report.drops == [DropCount("span", "otlp", "queue_full", 2 * 88)]
    assert report.decisions == {"sampled": 600}
    assert take(recorder).drops == []


def test_access_lines_are_bounded_and_make_the_report_due() -> None:
    recorder = make_recorder()
    calls: list[None] = []
    recorder.when_due = lambda: calls.append(None)
    record(recorder, make_exchange())
    take(recorder)
    assert not calls
    long = "x" * 100_000
    record(recorder, *(make_exchange(path=long) for _ in range(100)))
    report = take(recorder)
    assert calls
    assert len(report.access_lines) <= 8 * 1024 * 1024
    assert report.drops == [DropCount("log", "access_log", "queue_full", 100 - report.access_line_count)]
    assert report.routes[0].requests[0].count == 100


def test_lines_can_be_taken_without_what_was_counted() -> None:
    recorder = make_recorder()
    record(recorder, make_exchange())
    lines = recorder.take_lines(0)
    assert (lines.counted, lines.access_line_count, lines.routes) == (False, 1, [])
    assert take(recorder).routes[0].requests[0].count == 1


def test_without_an_access_log_only_what_is_worth_showing_is_kept() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=NO_LOG))
    record(
        recorder, make_exchange(), make_exchange(status=404), make_exchange(status=502, reason=Reason.UPSTREAM_RESET)
    )
    report = take(recorder)
    assert (report.access_lines, report.access_line_count) == (b"", 0)
    assert [json.loads(line)["reason"] for line in report.kept_lines.splitlines()] == ["upstream_reset"]


def test_kept_lines_are_bounded() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=NO_LOG))
    record(recorder, *(make_exchange(status=500, path="x" * 10_000) for _ in range(50)))
    report = take(recorder)
    assert len(report.kept_lines) <= 256 * 1024
    assert report.drops == [DropCount("log", "recent", "queue_full", 50 - report.kept_lines.count(b"\n"))]


def test_sampling_of_successes_leaves_failures_and_slow_ones_alone() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=AccessLogSettings(sample_success=0.0)))
    slow = make_exchange(ended_ns=STARTED_NS + 2_000 * MS)
    record(recorder, make_exchange(), make_exchange(status=404), make_exchange(status=500), slow)
    lines = lines_of(take(recorder))
    assert [line["http.response.status_code"] for line in lines] == [404, 500, 200]
    assert not any("sample_rate" in line for line in lines)


def test_a_sampled_success_says_at_what_rate() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=AccessLogSettings(sample_success=0.5)))
    record(recorder, *(make_exchange() for _ in range(300)))
    lines = lines_of(take(recorder))
    assert 75 < len(lines) < 225
    assert {line["sample_rate"] for line in lines} == {0.5}


def test_a_route_may_have_a_rate_of_its_own() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=AccessLogSettings(sample_success=0.0)))
    whole, half = make_route("whole", log_sample=1.0), make_route("half", log_sample=0.5)
    for route in (whole, half, make_route("none")):
        record(recorder, *(make_exchange(route) for _ in range(300)), make_exchange(route, status=500))
    lines = lines_of(take(recorder))
    of = {name: [line for line in lines if line["route"] == name] for name in ("whole", "half", "none")}
    assert (len(of["whole"]), len(of["none"])) == (301, 1)
    assert 75 < len(of["half"]) < 225
    assert {line.get("sample_rate") for line in of["half"]} == {0.5, None}
    assert not any("sample_rate" in line for line in of["whole"])


def test_lines_are_made_for_sinks_without_stdout() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=AccessLogSettings(AccessLogSink.NONE, sinks=("search",))))
    record(recorder, make_exchange())
    assert len(lines_of(take(recorder))) == 1


def test_without_metrics_nothing_is_counted() -> None:
    recorder = make_recorder(TelemetrySettings(metrics=NO_METRICS))
    record(recorder, make_exchange(), refused_exchange())
    recorder.connection_accepted("public")
    recorder.connection_rejected("public", "limit")
    recorder.upstream_connection_opened("orders", Reason.NONE)
    recorder.upstream_connection_closed("orders", "idle")
    recorder.loop_lag(0.5)
    report = take(recorder)
    assert (report.routes, report.upstreams, report.listeners, report.loop_lag) == ([], [], [], None)
    assert report.access_line_count == 2


def test_with_everything_off_a_failure_is_still_shown() -> None:
    recorder = make_recorder(TelemetrySettings(access_log=NO_LOG, metrics=NO_METRICS))
    slow = make_exchange(make_route(slo=with_latency(14)))
    record(recorder, make_exchange(), make_exchange(status=503, reason=Reason.POOL_EXHAUSTED), slow)
    assert take(recorder).kept_lines.count(b"\n") == 2


def test_with_everything_off_a_sampled_trace_is_still_kept() -> None:
    settings = TelemetrySettings(access_log=NO_LOG, metrics=NO_METRICS, traces=TraceSettings(export=True))
    recorder = make_recorder(settings)
    record(recorder, make_exchange(sampled=True), make_exchange())
    assert [kept.rule for kept in take(recorder).records] == ["sampled"]


def test_connections_of_clients_are_counted() -> None:
    recorder = make_recorder()
    recorder.connection_accepted("public")
    recorder.connection_accepted("public")
    recorder.connection_closed("public")
    recorder.connection_rejected("public", "limit")
    assert take(recorder).listeners == [ListenerDelta("public", 1, 2, {"limit": 1})]
    recorder.connection_closed("public")
    recorder.connection_closed("public")
    assert take(recorder).listeners == [ListenerDelta("public", 0, 0)]


def test_connections_to_upstreams_are_counted() -> None:
    recorder = make_recorder()
    recorder.upstream_connection_opened("orders", Reason.NONE)
    recorder.upstream_connection_opened("orders", Reason.CONNECT_REFUSED)
    recorder.upstream_connection_closed("orders", "idle")
    [upstream] = take(recorder).upstreams
    assert (upstream.opened, upstream.closed) == ({"ok": 1, "connect_refused": 1}, {"idle": 1})


def test_loop_lag_is_observed_and_never_negative() -> None:
    recorder = make_recorder()
    for seconds in (0.0, -0.001, 0.004, 9.0):
        recorder.loop_lag(seconds)
    assert take(recorder).loop_lag == observed(0, 0, 4 * MS, 9_000 * MS)


def test_after_a_report_about_very_many_routes_the_next_carry_lines_only() -> None:
    recorder = make_recorder()
    record(recorder, *(make_exchange(make_route(f"r{index}", index)) for index in range(300)))
    assert recorder.take_report([], 1).counted
    record(recorder, make_exchange())
    first, second, third = (recorder.take_report([], 1) for _ in range(3))
    assert [first.counted, second.counted, third.counted] == [False, False, True]
    assert (first.access_line_count, first.routes) == (1, [])
    assert third.routes[0].requests[0].count == 1


def test_the_last_report_carries_everything() -> None:
    recorder = make_recorder()
    record(recorder, *(make_exchange(make_route(f"r{index}", index)) for index in range(300)))
    recorder.take_report([], 1)
    record(recorder, make_exchange())
    assert take(recorder).routes != []


def test_series_without_traffic_are_let_go_and_come_back() -> None:
    recorder = make_recorder()
    running = make_exchange(make_route("running", 1))
    recorder.exchange_started(running)
    record(recorder, make_exchange())
    for _ in range(3_000):
        recorder.take_report([], 1)
    record(recorder, make_exchange())
    recorder.exchange_finished(running)
    report = take(recorder)
    assert {route.route: (route.in_flight, route.requests[0].count) for route in report.routes} == {
        "orders": (0, 1),
        "running": (0, 1),
    }


def test_the_data_path_loads_no_telemetry_library() -> None:
    program = (
        "import sys, gateway.telemetry.recorder, gateway.telemetry.propagation.choosing, gateway.wire.report\n"
        "print({name.partition('.')[0] for name in sys.modules}"
        " & {'prometheus_client', 'opentelemetry', 'structlog', 'aiohttp', 'pydantic', 'google', 'grpc'})"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert run.stdout.strip() == "set()"


def test_a_retry_is_told_by_why_the_attempt_before_failed_and_how_it_went() -> None:
    recorder = make_recorder()
    reset = failed_attempt(Reason.UPSTREAM_RESET)
    record(recorder, make_exchange(attempts=[reset, make_attempt(3)]))
    record(recorder, make_exchange(attempts=[reset, failed_attempt()], status=502, reason=Reason.CONNECT_REFUSED))
    record(recorder, make_exchange())
    (upstream,) = take(recorder).upstreams
    assert upstream.retries == [
        RetryCount("upstream_reset", "success", 1),
        RetryCount("upstream_reset", "failure", 1),
    ]
    record(recorder, make_exchange())
    assert take(recorder).upstreams[0].retries == []


def test_a_retry_that_was_not_made_is_told_by_why_not() -> None:
    recorder = make_recorder()
    record(recorder, make_exchange(status=503, reason=Reason.UPSTREAM_STATUS, suppressed="body"), make_exchange())
    assert take(recorder).upstreams[0].retries == [RetryCount("body", "suppressed", 1)]


def test_a_status_that_was_tried_again_is_why_even_where_it_is_no_failure_by_itself() -> None:
    recorder = make_recorder()
    record(recorder, make_exchange(attempts=[make_attempt(1, status=429), make_attempt(3)]))
    assert take(recorder).upstreams[0].retries == [RetryCount("upstream_status", "success", 1)]


def test_what_is_left_of_budgets_is_looked_up_for_every_report() -> None:
    recorder = make_recorder()
    assert take(recorder).budgets == []
    recorder.budgets = lambda: [BudgetGauge("orders", 3, 30.0)]
    assert take(recorder).budgets == [BudgetGauge("orders", 3, 30.0)]


def test_the_peak_is_the_most_that_was_seen_in_flight_since_the_last_report() -> None:
    recorder = make_recorder()
    running = [make_exchange() for _ in range(200)]
    for exchange in running:
        recorder.exchange_started(exchange)
    for exchange in running:
        recorder.exchange_finished(exchange)
    (route,) = take(recorder).routes
    assert route.in_flight == 0
    assert 200 - 64 <= route.in_flight_peak <= 200
    record(recorder, make_exchange())
    assert take(recorder).routes[0].in_flight_peak == 0


def test_what_telemetry_costs_is_part_of_the_report() -> None:
    recorder = make_recorder()
    record(recorder, *(make_exchange() for _ in range(100)))
    report = take(recorder)
    assert report.telemetry_cpu_ns > 0
    assert 0 < report.busy_ratio <= 1


def test_what_it_costs_to_go_through_the_exchanges_under_way_is_too() -> None:
    class Slow(list[Exchange]):
        def __iter__(self) -> Iterator[Exchange]:
            began_ns = thread_time_ns()
            while thread_time_ns() - began_ns < 20 * MS:
                pass
            return super().__iter__()

    recorder = make_recorder(TelemetrySettings(access_log=NO_LOG))
    recorder.look = lambda: Slow([make_exchange()])
    assert take(recorder).telemetry_cpu_ns >= 20 * MS
