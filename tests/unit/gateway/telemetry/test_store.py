"""The store: workers add up, counters never fall, gauges of a gone worker vanish, deleted objects linger five minutes."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.breaker import ConcurrencySettings
from gateway.model.outcome import Reason
from gateway.model.route import Match, PathKind, WeightedUpstream
from gateway.model.snapshot import MetricSettings, TelemetrySettings
from gateway.model.upstream import Upstream
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.histogram import Histogram
from gateway.telemetry.merging import overflow
from gateway.telemetry.merging.gauges import Reading
from gateway.telemetry.store import Labels, MetricsStore, Value
from gateway.wire.report import (
    AttemptCount,
    BudgetGauge,
    DropCount,
    GateGauge,
    ListenerDelta,
    PoolGauge,
    Report,
    RequestCount,
    RetryCount,
    RouteDelta,
    UpstreamDelta,
)
from tests.unit.gateway.telemetry.samples import (
    MS,
    failed_attempt,
    make_attempt,
    make_exchange,
    make_recorder,
    make_route,
    make_snapshot,
    record,
    refused_exchange,
    with_latency,
)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def series(store: MetricsStore, instrument: Instrument) -> dict[Labels, Value]:
    [family] = [family for family in store.families() if family.instrument is instrument]
    return family.series


def nonzero(store: MetricsStore, instrument: Instrument) -> dict[Labels, Value]:
    return {
        labels: value
        for labels, value in series(store, instrument).items()
        if (value.count if isinstance(value, Histogram) else value)
    }


def configured(clock: Clock | None = None) -> MetricsStore:
    store = MetricsStore(clock or Clock())
    store.configure(make_snapshot())
    return store


def counting(count: int, **facts: Any) -> Report:
    return Report(
        1, 1, 1, routes=[RouteDelta("orders", 0, [RequestCount("GET", 200, "upstream", "none", count)])], **facts
    )


def requests(store: MetricsStore) -> Value:
    return series(store, catalog.HTTP_REQUESTS)["orders", "GET", "200", "upstream"]


def test_a_report_fills_the_families() -> None:
    store, recorder = MetricsStore(), make_recorder()
    store.configure(make_snapshot(make_route(slo=with_latency(20))))
    route = make_route(slo=with_latency(20))
    broken = make_exchange(
        route, status=502, reason=Reason.UPSTREAM_RESET, attempts=[failed_attempt(), make_attempt(3)]
    )
    record(recorder, make_exchange(route, sampled=True), broken, refused_exchange())
    recorder.connection_accepted("public")
    recorder.upstream_connection_opened("orders", Reason.CONNECT_REFUSED)
    recorder.upstream_connection_closed("orders", "idle")
    recorder.loop_lag(0.002)
    store.absorb(7, recorder.take_report([PoolGauge("orders", "127.0.0.1:9001", 1, 2, 3, 4, 256)], 1))
    assert nonzero(store, catalog.HTTP_REQUESTS) == {
        ("orders", "GET", "200", "upstream"): 1,
        ("orders", "GET", "502", "upstream"): 1,
        ("_unmatched", "GET", "404", "gateway"): 1,
    }
    assert nonzero(store, catalog.HTTP_FAILURES) == {("orders", "upstream_reset"): 1, ("_unmatched", "no_route"): 1}
    assert nonzero(store, catalog.HTTP_REQUEST_BYTES) == {("orders",): 240, ("_unmatched",): 120}
    assert nonzero(store, catalog.HTTP_RESPONSE_BYTES) == {("orders",): 680, ("_unmatched",): 340}
    assert set(nonzero(store, catalog.HTTP_OVERHEAD)) == {("orders",), ("_unmatched",)}
    assert set(nonzero(store, catalog.HTTP_REQUEST_DURATION)) == {
        ("orders", "2xx"),
        ("orders", "5xx"),
        ("_unmatched", "4xx"),
    }
    assert nonzero(store, catalog.UPSTREAM_REQUESTS) == {
        ("orders", "127.0.0.1:9001", "2xx", "none"): 2,
        ("orders", "127.0.0.1:9001", "none", "connect_refused"): 1,
    }
    [endpoint] = nonzero(store, catalog.UPSTREAM_ENDPOINT_DURATION).items()
    assert endpoint[0] == ("orders", "127.0.0.1:9001")
    assert isinstance(endpoint[1], Histogram)
    assert (endpoint[1].count, endpoint[1].sum_ns) == (2, 24 * MS)
    assert nonzero(store, catalog.UPSTREAM_OPENED) == {("orders", "connect_refused"): 1}
    assert nonzero(store, catalog.UPSTREAM_CLOSED) == {("orders", "idle"): 1}
    assert nonzero(store, catalog.CONNECTIONS_ACCEPTED) == {("public",): 1}
    assert nonzero(store, catalog.CONNECTIONS_ACTIVE) == {("public",): 1}
    assert nonzero(store, catalog.CONNECTIONS_LIMIT) == {("public",): 20_000}
    assert nonzero(store, catalog.UPSTREAM_IN_FLIGHT) == {("orders", "127.0.0.1:9001"): 4}
    assert nonzero(store, catalog.UPSTREAM_PENDING) == {("orders", "127.0.0.1:9001"): 3}
    assert nonzero(store, catalog.UPSTREAM_CONNECTIONS) == {("orders", "active"): 1, ("orders", "idle"): 2}
    assert nonzero(store, catalog.UPSTREAM_CONNECTIONS_LIMIT) == {("orders",): 256}
    assert set(nonzero(store, catalog.EVENT_LOOP_LAG)) == {("7",)}
    assert nonzero(store, catalog.SLO_REQUESTS) == {
        ("orders", "availability", "good"): 1,
        ("orders", "availability", "bad"): 1,
        ("orders", "latency", "good"): 1,
    }
    assert nonzero(store, catalog.SLO_TARGET) == {("orders", "availability"): 0.999, ("orders", "latency"): 0.99}
    assert nonzero(store, catalog.TRACE_DECISIONS) == {
        ("kept", "sampled"): 1,
        ("kept", "error"): 1,
        ("dropped", "none"): 1,
    }


def test_what_one_exchange_shows_in_one_family_it_shows_in_all() -> None:
    store, recorder = configured(), make_recorder()
    record(recorder, *(make_exchange(status=status) for status in (200, 200, 404, 503)))
    store.absorb(1, recorder.take_report([], 1))
    durations = nonzero(store, catalog.HTTP_REQUEST_DURATION)
    observed = {
        labels[1]: histogram.count for labels, histogram in durations.items() if isinstance(histogram, Histogram)
    }
    counted: dict[str, float] = {}
    for labels, value in nonzero(store, catalog.HTTP_REQUESTS).items():
        assert isinstance(value, int)
        counted[f"{labels[2][0]}xx"] = counted.get(f"{labels[2][0]}xx", 0) + value
    assert observed == counted == {"2xx": 2, "4xx": 1, "5xx": 1}


def test_workers_add_up() -> None:
    store = configured()
    store.absorb(1, counting(2))
    store.absorb(2, counting(3))
    assert requests(store) == 5


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=30))
def test_in_whatever_order_reports_come_the_counters_are_the_same_and_never_fall(
    reports: list[tuple[int, int]],
) -> None:
    store, last = configured(), 0
    for worker, count in reports:
        store.absorb(worker, counting(count))
        now = requests(store)
        assert isinstance(now, int)
        assert now >= last
        last = now
    assert last == sum(count for _, count in reports)


def test_a_gone_worker_leaves_its_counts_and_takes_its_gauges() -> None:
    store = configured()
    pools = [PoolGauge("orders", "127.0.0.1:9001", 1, 2, 3, 4, 256)]
    for worker in (1, 2):
        report = Report(
            worker, 1, 1, routes=[RouteDelta("orders", 5)], listeners=[ListenerDelta("public", 7, 7)], pools=pools
        )
        store.absorb(worker, report)
    assert series(store, catalog.HTTP_IN_FLIGHT)["orders",] == 10
    store.worker_gone(1)
    assert series(store, catalog.HTTP_IN_FLIGHT)["orders",] == 5
    assert series(store, catalog.UPSTREAM_CONNECTIONS)["orders", "idle"] == 2
    store.worker_gone(2)
    assert series(store, catalog.HTTP_IN_FLIGHT)["orders",] == 0
    assert series(store, catalog.CONNECTIONS_ACTIVE)["public",] == 0
    assert series(store, catalog.UPSTREAM_CONNECTIONS)["orders", "idle"] == 0
    assert series(store, catalog.CONNECTIONS_ACCEPTED)["public",] == 14
    store.worker_gone(2)


def test_a_limit_that_finds_itself_is_not_known_before_it_is_told_and_goes_with_what_it_limits() -> None:
    limited = Upstream("limited", (), concurrency=ConcurrencySettings())
    store = MetricsStore()
    store.configure(replace(make_snapshot(), upstreams=(limited,)))
    assert series(store, catalog.UPSTREAM_CONCURRENCY_LIMIT) == {}
    for worker in (1, 2):
        store.absorb(worker, Report(worker, 1, 1, gates=[GateGauge("limited", 3, 20)]))
    assert series(store, catalog.UPSTREAM_CONCURRENCY_LIMIT) == {("limited",): 40}
    store.configure(replace(make_snapshot(), upstreams=()))
    for worker in (1, 2):
        store.absorb(worker, Report(worker, 2, 1))
    assert series(store, catalog.UPSTREAM_CONCURRENCY_LIMIT) == {}


def test_gauges_that_did_not_change_stay() -> None:
    store = configured()
    store.absorb(1, Report(1, 1, 1, routes=[RouteDelta("orders", 5)]))
    store.absorb(1, Report(1, 2, 1))
    assert series(store, catalog.HTTP_IN_FLIGHT)["orders",] == 5


def test_a_report_without_counts_leaves_the_gauges_alone() -> None:
    store = configured()
    store.absorb(1, Report(1, 1, 1, pools=[PoolGauge("orders", "127.0.0.1:9001", 1, 2, 3, 4, 256)]))
    store.absorb(1, Report(1, 2, 1, counted=False))
    assert series(store, catalog.UPSTREAM_PENDING)["orders", "127.0.0.1:9001"] == 3


def test_series_of_a_deleted_route_disappear_five_minutes_later() -> None:
    clock = Clock()
    store = configured(clock)
    store.absorb(1, counting(2))
    store.configure(make_snapshot(make_route("other")))
    clock.now_s = 299
    assert requests(store) == 2
    clock.now_s = 300
    for instrument in (
        catalog.HTTP_REQUESTS,
        catalog.HTTP_REQUEST_DURATION,
        catalog.HTTP_FAILURES,
        catalog.HTTP_IN_FLIGHT,
    ):
        assert {labels[0] for labels in series(store, instrument)} == {"other", "_unmatched"}


def test_series_of_an_object_long_deleted_do_not_come_back_with_later_configurations() -> None:
    clock = Clock()
    store = configured(clock)
    running = Report(1, 1, 1, routes=[RouteDelta("orders", 1)], listeners=[ListenerDelta("public", 1, 1)])
    store.absorb(1, running)
    store.absorb(1, Report(1, 2, 1, routes=[RouteDelta("orders", 0)], listeners=[ListenerDelta("public", 0, 0)]))
    without = replace(make_snapshot(), routes=(), listeners=())
    store.configure(without)
    for clock.now_s in (400.0, 1000.0, 1001.0):
        store.configure(without)
        assert ("orders",) not in series(store, catalog.HTTP_IN_FLIGHT)
        assert ("public",) not in series(store, catalog.CONNECTIONS_ACTIVE)


def test_a_route_that_comes_back_in_time_goes_on_counting() -> None:
    clock = Clock()
    store = configured(clock)
    store.absorb(1, counting(2))
    store.configure(make_snapshot(make_route("other")))
    clock.now_s = 200
    store.configure(make_snapshot())
    clock.now_s = 900
    store.absorb(1, counting(1))
    assert requests(store) == 3


def test_losses_and_deliveries_are_counted_from_workers_and_sinks_alike() -> None:
    store = configured()
    store.absorb(1, Report(1, 1, 1, counted=False, drops=[DropCount("log", "access_log", "queue_full", 2)]))
    store.count_dropped("log", "access_log", "queue_full", 3)
    store.count_exported("log", "access_log", 40)
    assert nonzero(store, catalog.TELEMETRY_DROPPED) == {("log", "access_log", "queue_full"): 5}
    assert nonzero(store, catalog.TELEMETRY_EXPORTED) == {("log", "access_log"): 40}


def test_queues_are_asked_at_every_scrape() -> None:
    store, waiting = configured(), [3]
    store.watch_queue("span", "otlp", lambda: 99, 10)
    store.watch_queue("span", "otlp", lambda: waiting[0], 2048)
    assert series(store, catalog.TELEMETRY_QUEUE_LENGTH) == {("span", "otlp"): 3}
    waiting[0] = 5
    assert series(store, catalog.TELEMETRY_QUEUE_LENGTH) == {("span", "otlp"): 5}
    assert series(store, catalog.TELEMETRY_QUEUE_CAPACITY) == {("span", "otlp"): 2048}


def test_with_metrics_off_there_are_no_objectives() -> None:
    store = MetricsStore()
    settings = TelemetrySettings(metrics=MetricSettings(enabled=False))
    store.configure(make_snapshot(make_route(slo=with_latency(5)), telemetry=settings))
    assert series(store, catalog.SLO_TARGET) == {}


def test_a_scrape_sees_whole_reports_while_others_are_absorbed() -> None:
    store, recorder = configured(), make_recorder()
    record(recorder, *(make_exchange() for _ in range(3)))
    report = recorder.take_report([], 1)
    done = threading.Event()

    def absorb() -> None:
        for _ in range(300):
            store.absorb(1, report)
        done.set()

    thread = threading.Thread(target=absorb)
    thread.start()
    while not done.is_set():
        families = {family.instrument.name: family.series for family in store.families()}
        count = families[catalog.HTTP_REQUESTS.name]["orders", "GET", "200", "upstream"]
        durations = families[catalog.HTTP_REQUEST_DURATION.name]["orders", "2xx"]
        assert isinstance(count, int)
        assert isinstance(durations, Histogram)
        assert (durations.count, durations.sum_ns) == (count, 15 * MS * count)
    thread.join()
    assert requests(store) == 900


def test_the_peak_is_the_most_of_all_workers_within_a_minute() -> None:
    clock = Clock()
    store = configured(clock)
    store.absorb(1, Report(1, 1, 1, routes=[RouteDelta("orders", 5)]))
    store.absorb(2, Report(2, 1, 1, routes=[RouteDelta("orders", 0, in_flight_peak=30)]))
    assert series(store, catalog.HTTP_IN_FLIGHT_PEAK)["orders",] == 35
    clock.now_s = 61
    assert series(store, catalog.HTTP_IN_FLIGHT_PEAK)["orders",] == 5


def test_what_ran_for_long_and_has_ended_just_now_was_running_within_the_minute() -> None:
    clock = Clock()
    store = configured(clock)
    store.absorb(1, Report(1, 1, 1, routes=[RouteDelta("orders", 5)]))
    clock.now_s = 300
    store.absorb(1, Report(1, 2, 1, routes=[RouteDelta("orders", 0)]))
    assert series(store, catalog.HTTP_IN_FLIGHT_PEAK)["orders",] == 5


def test_the_oldest_request_ages_whether_or_not_its_worker_says_so_again() -> None:
    wall = Clock()
    wall.now_s = 1000
    store = MetricsStore(Clock(), wall)
    store.configure(make_snapshot())
    assert series(store, catalog.HTTP_OLDEST_AGE)["orders",] == 0
    store.absorb(1, Report(1, 1, 1, oldest={"orders": 990 * 10**9}))
    store.absorb(2, Report(2, 1, 1, oldest={"orders": 995 * 10**9}))
    store.absorb(1, Report(1, 2, 1, oldest=None))
    wall.now_s = 1300
    assert series(store, catalog.HTTP_OLDEST_AGE)["orders",] == 310
    store.absorb(1, Report(1, 3, 1, oldest={}))
    assert series(store, catalog.HTTP_OLDEST_AGE)["orders",] == 305


def test_what_telemetry_and_loops_cost_is_told_by_worker() -> None:
    store = MetricsStore(workers=2)
    store.configure(make_snapshot())
    for _ in range(2):
        store.absorb(1, Report(1, 1, 1, telemetry_cpu_ns=250_000_000, busy_ratio=0.5))
    assert series(store, catalog.TELEMETRY_CPU) == {("supervisor",): 0, ("worker-1",): 0.5, ("worker-2",): 0}
    assert series(store, catalog.EVENT_LOOP_BUSY) == {("1",): 0.5, ("2",): 0}


def test_retries_are_counted_by_why_and_with_what_result() -> None:
    store = configured()
    retry = RetryCount("upstream_reset", "success", 2)
    store.absorb(1, Report(1, 1, 1, upstreams=[UpstreamDelta("orders", retries=[retry])]))
    assert series(store, catalog.UPSTREAM_RETRIES) == {
        ("orders", "upstream_reset", "success"): 2,
        ("orders", "upstream_reset", "failure"): 0,
    }


def test_the_budgets_of_all_workers_are_one() -> None:
    store = configured()
    assert series(store, catalog.UPSTREAM_RETRY_BUDGET) == {}
    store.absorb(1, Report(1, 1, 1, budgets=[BudgetGauge("orders", 6, 10.0), BudgetGauge("quiet", 0, 0.0)]))
    store.absorb(2, Report(2, 1, 1, budgets=[BudgetGauge("orders", 4, 30.0)]))
    assert series(store, catalog.UPSTREAM_RETRY_BUDGET) == {("orders",): 0.75, ("quiet",): 0}


def test_a_sink_tells_when_it_last_took_something_and_how_long_it_takes() -> None:
    wall = Clock()
    store = MetricsStore(Clock(), wall)
    store.watch_queue("log", "loki", lambda: 0, 10)
    assert series(store, catalog.TELEMETRY_LAST_SUCCESS) == {("log", "loki"): 0}
    wall.now_s = 77
    store.count_exported("log", "loki", 3)
    store.export_took("log", "loki", 0.25)
    assert series(store, catalog.TELEMETRY_LAST_SUCCESS) == {("log", "loki"): 77}
    took = series(store, catalog.TELEMETRY_EXPORT_DURATION)["log", "loki"]
    assert isinstance(took, Histogram)
    assert (took.count, took.sum_ns) == (1, 250_000_000)
    store.forget_queue("log", "loki")
    assert series(store, catalog.TELEMETRY_QUEUE_LENGTH) == {}


def test_routes_beyond_the_limit_are_counted_as_overflow() -> None:
    store = configured()
    report = counting(2)
    store.absorb(1, report)
    store.absorb(1, Report(1, 1, 1, routes=[RouteDelta("_overflow", 0, report.routes[0].requests)]))
    overflowed = series(store, catalog.TELEMETRY_LABEL_OVERFLOW)
    assert overflowed["sightline_http_requests_total", "route"] == 2
    assert overflowed["sightline_upstream_requests_total", "endpoint"] == 0


def test_endpoints_beyond_the_limit_share_a_label_and_are_counted_as_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overflow, "MAX_ENDPOINTS", 0)
    store = configured()
    attempts = [AttemptCount(f"127.0.0.1:{port}", "2xx", "none", 4) for port in (9001, 9002)]
    pools = [PoolGauge("orders", f"127.0.0.1:{port}", 1, 2, 3, 4, 256) for port in (9001, 9002)]
    store.absorb(1, Report(1, 1, 1, upstreams=[UpstreamDelta("orders", attempts)], pools=pools))
    assert nonzero(store, catalog.UPSTREAM_REQUESTS) == {("orders", "_overflow", "2xx", "none"): 8}
    assert series(store, catalog.UPSTREAM_PENDING) == {("orders", "_overflow"): 6}
    assert series(store, catalog.TELEMETRY_LABEL_OVERFLOW)["sightline_upstream_requests_total", "endpoint"] == 8


def test_series_of_a_deleted_endpoint_disappear_five_minutes_later() -> None:
    clock = Clock()
    store = configured(clock)
    before = make_snapshot()
    (upstream,) = before.upstreams
    store.configure(replace(before, upstreams=(replace(upstream, endpoints=upstream.endpoints[:1]),)))
    clock.now_s = 299
    assert ("orders", "127.0.0.1:9002") in series(store, catalog.UPSTREAM_ENDPOINT_DURATION)
    clock.now_s = 300
    assert set(series(store, catalog.UPSTREAM_ENDPOINT_DURATION)) == {("orders", "127.0.0.1:9001")}
    assert set(series(store, catalog.UPSTREAM_IN_FLIGHT)) == {("orders", "127.0.0.1:9001")}


def test_what_a_route_leads_to_is_one_series_which_changes_with_it() -> None:
    clock = Clock()
    store = MetricsStore(clock)
    shares = (WeightedUpstream("orders", 95), WeightedUpstream("canary", 5))
    match = Match(path_kind=PathKind.PREFIX, path="/v1", hosts=("a.test", "b.test"))
    store.configure(make_snapshot(make_route(), make_route("split", 1, upstreams=shares, match=match)))
    assert set(series(store, catalog.ROUTE_INFO)) == {
        ("orders", "orders", "", "/v1/orders/{id}"),
        ("split", "orders,canary", "a.test,b.test", "/v1/*"),
    }
    store.configure(make_snapshot(make_route(match=match)))
    changed = ("orders", "orders", "a.test,b.test", "/v1/*")
    assert set(series(store, catalog.ROUTE_INFO)) == {changed, ("split", "orders,canary", "a.test,b.test", "/v1/*")}
    clock.now_s = 300
    assert set(series(store, catalog.ROUTE_INFO)) == {changed}


def test_nothing_is_kept_of_objects_that_are_long_gone_even_if_nobody_scrapes() -> None:
    clock = Clock()
    store = configured(clock)
    for generation in range(5):
        clock.now_s += 1000
        store.configure(make_snapshot(make_route(f"generation-{generation}")))
        store.absorb(1, Report(1, 1, 1, routes=[RouteDelta(f"generation-{generation}", 0, bytes_in=1)]))
    clock.now_s += 1000
    store.configure(make_snapshot())
    clock.now_s += 1000
    store.configure(make_snapshot())
    assert {labels[0] for name, labels in store._totals.labels() if "route" in catalog.BY_NAME[name].labels} == set()
    assert set(store._zeros[catalog.HTTP_IN_FLIGHT.name]) == {("orders",), ("_unmatched",)}


def test_somebody_elses_families_are_asked_for_only_when_they_are_shown() -> None:
    store, asked = configured(), []

    def source() -> list[Reading]:
        asked.append(1)
        return [(catalog.PROCESS_MEMORY, ("supervisor",), 5)]

    store.watch((catalog.PROCESS_MEMORY,), source)
    assert store.families((catalog.HTTP_REQUESTS,))
    assert not asked
    assert series(store, catalog.PROCESS_MEMORY) == {("supervisor",): 5}


def test_one_counter_can_be_read_by_itself() -> None:
    store = MetricsStore()
    store.count_dropped("span", "otlp", "queue_full", 3)
    assert store.counted(catalog.TELEMETRY_DROPPED) == {("span", "otlp", "queue_full"): 3}
