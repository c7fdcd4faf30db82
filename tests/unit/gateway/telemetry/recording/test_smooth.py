"""The quick way of counting a smooth exchange gives what the general way gives."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.exchange import Attempt, Exchange
from gateway.model.retry import Retries
from gateway.model.snapshot import AccessLogSettings, AccessLogSink, TelemetrySettings, TraceSettings
from gateway.telemetry.recorder import Recorder
from gateway.wire.report import Report, RetryCount, SloCount
from tests.unit.gateway.telemetry.samples import (
    EXPORTING,
    STARTED_NS,
    make_attempt,
    make_exchange,
    make_recorder,
    make_route,
    record,
    with_latency,
)

SAMPLED_LOG = TelemetrySettings(access_log=AccessLogSettings(sample_success=0.0), traces=TraceSettings(export=True))
NO_LOG = TelemetrySettings(access_log=AccessLogSettings(sink=AccessLogSink.NONE))


class GeneralRecorder(Recorder):
    """Takes no short cut."""

    def _settle_smooth(self, exchange: Exchange, attempt: Attempt, lines: list[str]) -> bool:
        return False


def smooth_exchange(ttfb_us: int = 10_000, total_us: int = 10_200, **facts: Any) -> Exchange:
    attempt = make_attempt(facts.pop("at_ms", 0), sent_ms=0, first_ms=0, ended_ms=0)
    attempt.started_ns = attempt.leased_ns = attempt.sent_ns = STARTED_NS
    attempt.first_byte_ns = attempt.ended_ns = STARTED_NS + ttfb_us * 1000
    attempt.status = facts.get("status", 200)
    return make_exchange(attempts=[attempt], ended_ns=STARTED_NS + total_us * 1000, **facts)


def report_of(recorder: Recorder, exchanges: list[Exchange], settings: TelemetrySettings) -> Report:
    recorder.configure(settings)
    record(recorder, *exchanges)
    return recorder.take_report([], 0)


def comparable(report: Report) -> dict[str, Any]:
    fields = {name: getattr(report, name) for name in report.__struct_fields__}
    for name in ("access_lines", "kept_lines"):
        fields[name] = [orjson.loads(line) for line in fields[name].splitlines()]
    for name in ("telemetry_cpu_ns", "busy_ratio"):
        del fields[name]
    return fields


def assert_both_ways_agree(exchanges: list[Exchange], settings: TelemetrySettings = EXPORTING) -> Report:
    general = report_of(GeneralRecorder(1), copy.deepcopy(exchanges), settings)
    quick = report_of(Recorder(1), copy.deepcopy(exchanges), settings)
    assert comparable(quick) == comparable(general)
    return quick


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(smooth_exchange(), id="plain"),
        pytest.param(smooth_exchange(ttfb_us=3, total_us=5), id="of microseconds"),
        pytest.param(smooth_exchange(ttfb_us=700_000, total_us=900_000), id="with a long overhead"),
        pytest.param(smooth_exchange(ttfb_us=2_000_000, total_us=2_000_100), id="slow"),
        pytest.param(smooth_exchange(status=503), id="answered with a fault"),
        pytest.param(smooth_exchange(status=404), id="answered with a client's error"),
        pytest.param(smooth_exchange(query="token=secret"), id="with a query"),
        pytest.param(smooth_exchange(user_agent=None), id="without a user agent"),
        pytest.param(smooth_exchange(user_agent='"\x00\x85\u2028\\é'), id="with a hostile user agent"),
        pytest.param(smooth_exchange(trace_id="", span_id=""), id="without a trace"),
        pytest.param(smooth_exchange(sampled=True), id="sampled"),
        pytest.param(smooth_exchange(method="PROPFIND"), id="of an unusual method"),
        pytest.param(smooth_exchange(protocol="1.0", host=""), id="of HTTP/1.0"),
        pytest.param(smooth_exchange(route=make_route(slo=with_latency(5))), id="over its objective"),
        pytest.param(smooth_exchange(write_stall_ns=1000), id="whose client took its time"),
        pytest.param(smooth_exchange(request_body_ns=STARTED_NS), id="with a body that came with the head"),
    ],
)
@pytest.mark.parametrize("settings", [EXPORTING, SAMPLED_LOG, NO_LOG], ids=["every line", "sampled lines", "no lines"])
def test_counts_line_and_record_are_those_of_the_general_way(exchange: Exchange, settings: TelemetrySettings) -> None:
    assert_both_ways_agree([exchange], settings)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3_000_000), st.integers(0, 900_000), st.sampled_from([200, 204, 404, 500])),
        min_size=1,
        max_size=200,
    )
)
def test_any_mixture_of_exchanges_counts_the_same_both_ways(facts: list[tuple[int, int, int]]) -> None:
    assert_both_ways_agree([smooth_exchange(ttfb, ttfb + own, status=status) for ttfb, own, status in facts])


@pytest.mark.parametrize(("over_ns", "expected"), [(-1, (1, 0)), (0, (1, 0)), (1, (0, 1))])
def test_a_latency_objective_is_judged_to_the_nanosecond(over_ns: int, expected: tuple[int, int]) -> None:
    exchange = smooth_exchange(ttfb_us=4_000, total_us=5_000, route=make_route(slo=with_latency(5)))
    exchange.ended_ns += over_ns
    [judged] = [each for each in assert_both_ways_agree([exchange]).routes[0].slo if each.sli == "latency"]
    assert (judged.good, judged.bad) == expected


def test_a_fault_within_its_time_is_bad_for_availability_alone() -> None:
    exchange = smooth_exchange(ttfb_us=1_000, total_us=1_100, status=503, route=make_route(slo=with_latency(5)))
    assert assert_both_ways_agree([exchange]).routes[0].slo == [SloCount("availability", 0, 1)]


def test_only_objectives_that_a_route_has_are_counted() -> None:
    latency_only = make_route(slo=with_latency(5, availability=None))
    assert assert_both_ways_agree([smooth_exchange(route=latency_only)]).routes[0].slo == [SloCount("latency", 0, 1)]
    assert assert_both_ways_agree([smooth_exchange(route=make_route())]).routes[0].slo == []


@given(st.text())
def test_any_user_agent_makes_one_line_of_json(agent: str) -> None:
    report = assert_both_ways_agree([smooth_exchange(user_agent=agent.encode("utf-8", "replace").decode("latin-1"))])
    assert report.access_lines.count(b"\n") == 1


def test_exchanges_in_flight_through_a_change_of_configuration_are_counted() -> None:
    recorder = make_recorder()
    before, during = smooth_exchange(), smooth_exchange()
    record(recorder, before)
    recorder.exchange_started(during)
    recorder.configure(EXPORTING)
    recorder.exchange_finished(during)
    route = recorder.take_report([], 0).routes[0]
    assert [request.count for request in route.requests] == [2]
    assert route.in_flight == 0


def test_an_answer_that_the_route_would_have_tried_again_is_counted_the_general_way() -> None:
    route = make_route(retries=Retries(on=(404,)))
    exchanges = [smooth_exchange(route=route, status=404, suppressed="method"), smooth_exchange(route=route)]
    report = assert_both_ways_agree(exchanges)
    assert report.upstreams[0].retries == [RetryCount("method", "suppressed", 1)]


def test_upstreams_that_have_an_endpoint_in_common_are_counted_each_for_itself() -> None:
    route = make_route()
    exchanges = [smooth_exchange(route=route) for _ in range(4)]
    for exchange in exchanges[1::2]:
        exchange.upstream = exchange.attempts[0].upstream = "canary"
    report = assert_both_ways_agree(exchanges)
    assert {each.upstream: each.attempts[0].count for each in report.upstreams} == {"orders": 2, "canary": 2}


@pytest.mark.parametrize("total_us", [1, 8_388, 8_389, 59_000_000, 7_200_000_000])
def test_durations_of_every_length_fall_into_their_buckets(total_us: int) -> None:
    route = make_route(slo=with_latency(8_000_000))
    assert_both_ways_agree([smooth_exchange(ttfb, total_us, route=route) for ttfb in (1, total_us // 2 or 1, total_us)])


def test_more_exchanges_than_are_counted_at_once_are_counted_each_once() -> None:
    count = 9_000
    report = report_of(Recorder(1), [smooth_exchange() for _ in range(count)], NO_LOG)
    [route], [upstream] = report.routes, report.upstreams
    assert [request.count for request in route.requests] == [count]
    assert route.in_flight == 0
    overhead = route.overhead
    assert overhead is not None
    for histogram in (overhead, *route.durations.values(), *(time.durations for time in upstream.endpoints)):
        assert sum(histogram.buckets.values()) == count
    assert overhead.sum_ns == count * 200_000
