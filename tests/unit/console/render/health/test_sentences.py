"""Situations in, sentences out: what needs attention and why, in the order of its weight."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from console.render.health.circuit import panic_line
from console.render.health.sentences import since, subject, what, why
from console.state import reading
from console.state.health.attention import attention, courses_wanted
from console.state.health.endpoints import course_of_endpoint, seconds_of_endpoint
from console.state.health.route_trouble import course_of
from console.state.messages import Event
from console.state.selection import Destination
from gateway.wire.live import UnmatchedListView, UnmatchedView
from gateway.wire.upstream_views import CircuitView
from gateway.wire.views import ConfigErrorView, ReloadView, RetriesView
from tests.support.console import NOW_S
from tests.support.situations import (
    Situation,
    at,
    course,
    endpoint,
    failed,
    figures,
    incident,
    promised,
    revision,
    route,
    second,
    slow,
    status,
    upstream,
    worker,
)


def told(situation: Situation) -> list[str]:
    found = attention(situation.model())
    return [f"{each.severity} {subject(each)} | {what(each)} | {why(each)}" for each in found]


def local(seconds_ago: float) -> str:
    return f"{datetime.fromtimestamp(NOW_S - seconds_ago, UTC).astimezone():%H:%M:%S}"


def test_nothing_needs_attention_where_all_is_well() -> None:
    calm = Situation([route("orders")], [upstream("up", endpoint("10.0.1.7:9001"))])
    assert told(calm) == []


def test_a_failing_endpoint_is_the_cause_of_its_routes() -> None:
    situation = Situation(
        [route("orders", figures(20.0, 0.5)), route("search", figures(1.0, 0.4)), route("calm", upstream="other")],
        [upstream("up", endpoint("10.0.1.7:9001", figures(10.0, 0.9)), endpoint("10.0.1.8:9001"))],
        failed=[failed("orders", "10.0.1.7:9001", "connect_refused")] * 12,
    )
    assert told(situation) == [
        "crit orders +1 | 5xx 50.0%  burn 500x | endpoint 10.0.1.7:9001 only refuses connections x12"
    ]
    [found] = attention(situation.model())
    assert found.leads_to == Destination("endpoint", "up/10.0.1.7:9001")
    assert why(found, 30) == "10.0.1.7:9001 refuses x12"


def test_what_burns_most_traffic_is_first_and_promises_weigh() -> None:
    situation = Situation(
        [
            route("rare", figures(0.5, 1.0), "a"),
            route("busy", figures(200.0, 0.1), "b"),
            route("unpromised", figures(10.0, 1.0), "c", slo=promised(availability=0.01)),
        ],
        [upstream("a", endpoint("h:1", figures(0.5, 1.0))), upstream("b", endpoint("h:2", figures(200.0, 0.1))),
         upstream("c", endpoint("h:3", figures(10.0, 1.0)))],
        failed=[failed("busy", "h:2", "upstream_status", 503)] * 3,
    )  # fmt: skip
    assert told(situation) == [
        "crit busy | 5xx 10.0%  burn 100x | endpoint h:2 answers 503 x3",
        "crit rare | 5xx 100%  burn 1 000x | endpoint h:1 fails",
        "crit unpromised | 5xx 100%  burn 1.0x | endpoint h:3 fails",
    ]


def test_what_fails_nearly_altogether_needs_attention_though_nearly_nothing_was_promised() -> None:
    barely = route("barely", figures(10.0, 0.95), "a", slo=promised(availability=0.01))
    situation = Situation([barely], [upstream("a", endpoint("h:1", figures(10.0, 0.95)))])
    assert [each.partition(" | ")[0] for each in told(situation)] == ["crit barely"]


def test_a_slow_endpoint_is_told_with_the_phase_and_with_its_peers() -> None:
    situation = Situation(
        [route("search", figures(10.0, 0.0, 812.0), slo=promised(under_ms=500.0))],
        [upstream("up", endpoint("h:1", figures(5.0, 0.0, 900.0)), endpoint("h:2", figures(5.0, 0.0, 4.0)))],
        slow=[slow("search", "h:1")] * 5,
        more={course_of("search"): course("route", "search", [(10.0, 0.0)] * 20 + [(800.0, 0.0)] * 6)},
    )
    assert told(situation) == [
        "warn search | p99 812ms (slo 500ms) | 93% upstream first byte, endpoint h:1 only, the best 4.0ms"
    ]
    [found] = attention(situation.model())
    assert since(found, NOW_S) == local(60)


def test_a_slow_route_whose_course_does_not_tell_is_slow_since_its_endpoint_is() -> None:
    situation = Situation(
        [route("search", figures(10.0, 0.0, 812.0), slo=promised(under_ms=500.0))],
        [upstream("up", endpoint("h:1", figures(5.0, 0.0, 900.0)), endpoint("h:2", figures(5.0, 0.0, 4.0)))],
        slow=[slow("search", "h:1")] * 5,
        more={
            course_of("search"): course("route", "search", [(800.0, 0.0)] * 6),
            course_of_endpoint("up", "h:1"): course("endpoint", "up/h:1", [(10.0, 0.0)] * 20 + [(900.0, 0.0)] * 3),
        },
    )
    [found] = attention(situation.model())
    assert since(found, NOW_S) == local(30)
    assert course_of_endpoint("up", "h:1") in courses_wanted([found])
    assert seconds_of_endpoint("up", "h:1") in courses_wanted([found])


def test_the_gateways_own_waiting_is_not_blamed_on_an_endpoint() -> None:
    situation = Situation(
        [route("search", figures(10.0, 0.0, 812.0), slo=promised(under_ms=500.0))],
        [upstream("up", endpoint("h:1", figures(10.0, 0.0, 20.0)))],
        slow=[slow("search", "h:1", pool_wait_ms=790.0, ttfb_ms=10.0)],
    )
    assert told(situation) == ["warn search | p99 812ms (slo 500ms) | 99% waiting for a connection"]


def test_an_endpoint_that_retries_hide_is_told_by_itself() -> None:
    situation = Situation(
        [route("orders")], [upstream("up", endpoint("h:1", figures(5.0, 0.4)), endpoint("h:2"))],
        failed=[failed("orders", "h:1", "upstream_reset")] * 4,
    )  # fmt: skip
    assert told(situation) == ["crit up h:1 | 40.0% of tries fail | endpoint h:1 breaks off x4"]


def test_an_error_that_began_a_second_ago_is_told_before_the_minute_knows() -> None:
    ticks = [
        second(ago, {("route", "orders"): (20, 20 if ago == 1 else 0)}, "connect_refused") for ago in range(30, 0, -1)
    ]
    situation = Situation([route("orders", figures(20.0, 0.0))], [upstream("up", endpoint("h:1"))], seconds=ticks)
    assert told(situation) == ["crit orders | 5xx 20.0%  burn 200x | upstream up refuses connections x20"]
    [found] = attention(situation.model())
    assert (found.trend, since(found, NOW_S)) == ("up", local(1))


def test_what_is_over_is_a_warning_that_goes_down() -> None:
    ticks = [second(ago, {("route", "orders"): (20, 20 if ago > 20 else 0)}) for ago in range(40, 0, -1)]
    situation = Situation([route("orders", figures(20.0, 0.3))], [upstream("up", endpoint("h:1"))], seconds=ticks)
    [found] = attention(situation.model())
    assert (found.severity, found.trend) == ("warn", "down")


def test_a_rejected_file_is_told_with_its_place_and_leads_to_the_changes() -> None:
    error = ConfigErrorView(
        file="/etc/gateway.yaml", line=31, key="routes[2].upstream", message="no upstream 'katalog'"
    )
    reload = ReloadView(at=at(40), trigger="file", result="rejected", revision="", duration_ms=1.0, errors=[error])
    situation = Situation(status=status(last_reload=reload, source_differs=True))
    assert told(situation) == [
        "warn config | new file rejected | gateway.yaml:31 routes[2].upstream: no upstream 'katalog'"
    ]
    [found] = attention(situation.model())
    assert (found.leads_to.screen, since(found, NOW_S)) == ("changes", local(40))


def test_a_file_that_differs_is_told() -> None:
    situation = Situation(status=status(source_differs=True), revisions=[revision(412, 70, "ana"), revision(411, 400)])
    assert told(situation) == ["warn config | file differs | a start from the file would give another revision"]
    [found] = attention(situation.model())
    assert since(found, NOW_S) == local(70)


def test_a_worker_that_keeps_dying_stands_above_all_traffic() -> None:
    died = incident(1, "worker_died", "worker 2", 8, "worker 2 ended: killed by signal 9 (crashed)")
    situation = Situation(
        [route("orders", figures(500.0, 1.0))],
        status=status(workers=[worker(1), worker(2, state="backing_off")]),
        incidents=[died],
    )
    assert [line.partition(" | ")[0] for line in told(situation)] == ["crit worker 2", "crit orders"]
    assert told(situation)[0].endswith("backing off: worker 2 ended: killed by signal 9 (crashed)")


@pytest.mark.parametrize("has_enough", [False, True])
def test_a_shortage_is_told_until_there_is_enough(has_enough: bool) -> None:
    short = {"resource": "memory", "level": "refuse"}
    text = "worker 1 is short of memory: 99 MiB, and 95 MiB is the mark"
    known = [incident(1, "overload_began", "worker 1", 30, text, detail=short)]
    known += [incident(2, "overload_ended", "worker 1", 5, detail=short)] if has_enough else []
    expected = [] if has_enough else [f"crit worker 1 | short of memory | {text}"]
    assert told(Situation(incidents=known)) == expected


def test_a_loop_that_was_held_up_is_told_for_five_minutes() -> None:
    text = "the event loop of worker 2 stood still for 900 ms in a.py:7 hold"
    assert told(Situation(incidents=[incident(1, "loop_blocked", "worker 2", 30, text)])) == [
        f"warn worker 2 | was held up | {text}"
    ]
    assert told(Situation(incidents=[incident(1, "loop_blocked", "worker 2", 400, text)])) == []


@pytest.mark.parametrize("recovers", [False, True])
def test_a_sink_that_drops_is_told_until_it_recovers(recovers: bool) -> None:
    known = [incident(1, "sink_dropping", "loki", 30, "loki loses logs (full): 7 so far", detail={"signal": "log"})]
    known += [incident(2, "sink_recovered", "loki", 5, detail={"signal": "log"})] if recovers else []
    expected = [] if recovers else ["warn loki | loses data | loki loses logs (full): 7 so far"]
    assert told(Situation(incidents=known)) == expected


def test_a_burst_of_unmatched_requests_is_told_and_a_steady_trickle_is_not() -> None:
    def ticks(now: int) -> list[Event]:
        return [second(ago, {("route", "_unmatched"): (now if ago <= 5 else 1, 0)}) for ago in range(60, 0, -1)]

    seen = UnmatchedView(host="h", path="/admin/*", reason="no_route", count=40, last_method="GET", last_at=at(1))
    more = {reading.UNMATCHED: UnmatchedListView(seen=40, distinct=1, is_exact=True, paths=[seen])}
    assert told(Situation(seconds=ticks(1), more=more)) == []
    burst = Situation(seconds=ticks(30), more=more)
    assert told(burst) == ["warn no route | 30/s unmatched | no route x150, last GET /admin/*"]
    assert attention(burst.model())[0].leads_to == Destination("live", filter="reason:no_route")


def test_errors_that_the_objectives_of_all_its_routes_allow_need_no_attention() -> None:
    allowed = route("orders", figures(10.0, 0.05), slo=promised(availability=0.9))
    few = endpoint("h:1", figures(10.0, 0.05))
    assert told(Situation([allowed], [upstream("up", few)])) == []
    other = route("search", figures(0.0, 0.0, None))
    assert told(Situation([allowed, other], [upstream("up", few)])) == [
        "warn up h:1 | 5.0% of tries fail | endpoint h:1 fails"
    ]


def test_a_timeout_that_began_with_a_revision_leads_to_the_revision() -> None:
    steps = [(10.0, 0.0)] * 20 + [(10.0, 0.5)] * 6
    situation = Situation(
        [route("orders", figures(10.0, 0.4))], [upstream("up", endpoint("h:1", figures(10.0, 0.4)))],
        failed=[failed("orders", "h:1", "upstream_timeout_first_byte", 504)] * 4, revisions=[revision(8, 61)],
        more={course_of("orders"): course("route", "orders", steps)},
    )  # fmt: skip
    [found] = attention(situation.model())
    assert found.leads_to == Destination("changes", "8")
    assert why(found).endswith("does not answer in time x4, 1s after rev 8 by file")
    assert why(found, 30) == "h:1 too late x4, after rev 8"


def test_an_open_circuit_stands_before_its_routes_and_is_told_once() -> None:
    shut = CircuitView(state="open", evidence="worker 1: 57% of 124 requests failed", since=at(30), workers=1)
    ups = [upstream("up", endpoint("a:1"), circuit=shut)]
    assert told(Situation([route("orders")], ups)) == ["crit up | circuit open | worker 1: 57% of 124 requests failed"]
    refused = [failed("orders", "", "circuit_open", 503)] * 5
    failing = Situation([route("orders", figures(20.0, 0.5))], ups, failed=refused)
    assert told(failing) == ["crit orders | 5xx 50.0%  burn 500x | upstream up has an open circuit x5"]
    probing = CircuitView(state="half_open", evidence="worker 1: it was open long enough", workers=1)
    assert told(Situation([route("orders")], [upstream("up", endpoint("a:1"), circuit=probing)])) == [
        "warn up | circuit half-open | worker 1: it was open long enough"
    ]


def test_an_upstream_without_a_healthy_endpoint_is_one_thing_and_not_as_many_as_it_has() -> None:
    gone = [endpoint(f"{name}:1", state=state, since=at(age)) for name, state, age in
            (("a", "unhealthy", 40), ("b", "ejected", 20), ("c", "unhealthy", 90))]  # fmt: skip
    situation = Situation([route("orders")], [upstream("up", *gone)])
    assert told(situation) == ["crit up | no healthy endpoint | of 3: 2 unhealthy, 1 ejected"]
    [found] = attention(situation.model())
    assert since(found, NOW_S) == local(20)
    assert found.leads_to == Destination("upstreams", filter="up")
    panicking = replace(upstream("up", *gone), panic=True)
    assert told(Situation([route("orders")], [panicking])) == [
        "crit up | no healthy endpoint | of 3: all are used all the same"
    ]


def test_an_upstream_that_uses_all_it_has_says_so_with_how_few_are_usable() -> None:
    out = [endpoint(f"{name}:1", state="ejected", since=at(age)) for name, age in (("a", 40), ("b", 20))]
    panicking = replace(
        upstream("up", *out, endpoint("c:1"), endpoint("d:1", state="draining")), panic=True, panic_below=0.5
    )
    began = incident(7, "panic_began", "up", 20)
    found = attention(Situation([route("orders")], [panicking], incidents=[began]).model())
    text = "1 of 3 endpoints usable, less than 50%: the others get traffic all the same"
    first = found[0]
    assert (first.kind, what(first), why(first), since(first, NOW_S)) == ("panic", "panic", text, local(20))
    assert [subject(each) for each in found] == ["up", "up a:1", "up b:1"]
    assert panic_line(panicking) == f"PANIC: {text}"


def test_an_endpoint_that_the_gateway_does_not_use_is_told_with_its_evidence() -> None:
    out = endpoint("a:1", figures(0.0), state="ejected", reason="passive", note="5 failures in a row", since=at(30))
    situation = Situation([route("orders")], [upstream("up", out, endpoint("b:1"))])
    assert told(situation) == ["crit up a:1 | ejected | passive, 5 failures in a row"]


def test_a_budget_of_retries_that_is_used_up_is_a_storm() -> None:
    retries = RetriesView(
        attempts=3, on=["503"], methods="idempotent", backoff_first_ms=25.0, backoff_max_ms=250.0, budget_ratio=0.2,
        body_buffer=65_536, used=38, allowed=38.4,
    )  # fmt: skip
    ups = [upstream("up", endpoint("a:1"))]
    assert told(Situation([route("orders", retries=retries)], ups)) == [
        (
            "warn orders | 38 retries in 10s | its budget of retries is used up (20.0% of first tries and 3/s): "
            "what fails now is not tried again"
        )
    ]
    assert told(Situation([route("orders", retries=replace(retries, used=37))], ups)) == []
