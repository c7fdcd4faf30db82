"""From a head to a route: one normalised path, one authority, and the answers the gateway gives by itself."""

from typing import Any

import pytest

from gateway.http1.refusal import RequestRefused
from gateway.model.outcome import Reason
from gateway.model.route import Match, PathKind, Redirect, Respond, Route, WeightedUpstream
from gateway.model.upstream import Upstream
from gateway.proxy.match import begin_trace, describe_request, match_request, refused_path
from gateway.proxy.plan import RoutePlan
from gateway.proxy.reply import Reply
from gateway.telemetry.propagation.propagator import Propagator
from gateway.upstreams.live_upstream import LiveUpstream
from tests.support.requests import PUBLIC, config_of, exchange_of, head_of, propagators_of, route_of


def plan_for(name: str, path: str, **options: Any) -> RoutePlan:
    route = route_of(name, match=Match(path_kind=PathKind.EXACT, path=path, **options.pop("match", {})), **options)
    return plan_of_route(route)


def plan_of_route(route: Route) -> RoutePlan:
    upstreams = [LiveUpstream(Upstream(target.upstream, ()), []) for target in route.upstreams]
    return RoutePlan(route, upstreams, propagators_of())


ORDERS = (WeightedUpstream("orders"),)
FOUND = plan_for("found", "/a/b", upstreams=ORDERS)
READ_ONLY = plan_for("read", "/read", upstreams=ORDERS, match={"methods": ("GET", "HEAD")})
TRACED = plan_for("traced", "/trace", upstreams=ORDERS, match={"methods": ("TRACE",)})
MOVED = plan_for("moved", "/old", redirect=Redirect(301, path="/new"))
FIXED = plan_for("fixed", "/fixed", respond=Respond(418, (("X-A", "b"),), "tea"))
CONFIG = config_of(FOUND, READ_ONLY, TRACED, MOVED, FIXED)


def match(*lines: bytes, line: bytes = b"GET / HTTP/1.1", host: bytes | None = b"a.test") -> Any:
    """What the request leads to, and its record."""
    head = head_of(*lines, line=line, host=host)
    exchange = exchange_of(head)
    exchange.path = exchange.host = ""
    describe_request(exchange, head)
    return match_request(exchange, head, CONFIG, PUBLIC), exchange


def refusal(*lines: bytes, **head: Any) -> RequestRefused:
    with pytest.raises(RequestRefused) as refused:
        match(*lines, **head)
    return refused.value


def test_a_request_finds_its_route_by_the_path_that_is_recorded() -> None:
    plan, exchange = match(line=b"GET //%61/./c/../b?x=%2F HTTP/1.1", host=b"A.test:80")
    assert plan is FOUND
    assert (exchange.path, exchange.query, exchange.host) == ("/a/b", "x=%2F", "a.test")
    assert exchange.route is FOUND.route


def test_the_authority_of_an_absolute_target_must_be_the_host() -> None:
    assert match(line=b"GET http://A.test/a/b HTTP/1.1")[0] is FOUND
    assert refusal(line=b"GET http://b.test/a/b HTTP/1.1").reason is Reason.BAD_REQUEST
    assert refusal(line=b"GET http://a.test:81/a/b HTTP/1.1").reason is Reason.BAD_REQUEST


def test_without_host_the_authority_is_the_targets() -> None:
    plan, exchange = match(line=b"GET http://b.test/a/b HTTP/1.0", host=None)
    assert (plan, exchange.host) == (FOUND, "b.test")
    assert match(line=b"GET /a/b HTTP/1.0", host=None)[1].host == ""


@pytest.mark.parametrize("host", [b"", b"u@b/c", b"a, b", b"a b", b"a:port", b"[::1", b"a..b"])
def test_a_host_that_is_none_is_refused(host: bytes) -> None:
    assert refusal(host=host).status == 400


def test_a_refused_target_is_recorded_as_it_came() -> None:
    head = head_of(line=b"GET /a/%2e%2e/../.. HTTP/1.1")
    exchange = exchange_of(head)
    with pytest.raises(RequestRefused):
        match_request(exchange, head, CONFIG, PUBLIC)
    assert exchange.path == "/a/%2e%2e/../.."


def test_no_route_and_no_such_method_are_told_apart() -> None:
    unknown, exchange = match(line=b"GET /unknown HTTP/1.1")
    assert (unknown.status, unknown.reason, exchange.route) == (404, Reason.NO_ROUTE, None)
    known, exchange = match(line=b"POST /read HTTP/1.1")
    assert (known.status, known.reason, exchange.route) == (405, Reason.METHOD_NOT_ALLOWED, None)
    assert known.fields == [(b"Allow", b"GET, HEAD")]


def test_trace_goes_through_only_where_a_route_names_it() -> None:
    assert match(line=b"TRACE /trace HTTP/1.1")[0] is TRACED
    assert match(line=b"TRACE /a/b HTTP/1.1")[0].status == 405
    assert match(b"Max-Forwards: 0", line=b"TRACE /trace HTTP/1.1")[0].status == 405


def test_options_for_all_or_at_its_last_hop_is_answered_here() -> None:
    for lines, line in (
        ([], b"OPTIONS * HTTP/1.1"),
        ([b"Max-Forwards: 0"], b"OPTIONS /a/b HTTP/1.1"),
        ([], b"OPTIONS http://a.test HTTP/1.1"),
    ):
        answer, _ = match(*lines, line=line)
        assert isinstance(answer, Reply)
        assert (answer.status, answer.reason) == (200, Reason.NONE)
        assert answer.fields[0][0] == b"Allow"
    assert match(b"Max-Forwards: 1", line=b"OPTIONS /a/b HTTP/1.1")[0] is FOUND


@pytest.mark.parametrize("values", [[b"x"], [b"-1"], [b"1", b"1"], [b""], [b"1" * 11], [b"\xb2"]])
def test_hops_that_are_no_number_are_refused_where_they_count(values: list[bytes]) -> None:
    lines = [b"Max-Forwards: " + value for value in values]
    assert refusal(*lines, line=b"OPTIONS /a/b HTTP/1.1").reason is Reason.BAD_REQUEST
    assert match(*lines, line=b"GET /a/b HTTP/1.1")[0] is FOUND


def test_a_route_may_answer_by_itself() -> None:
    redirect, exchange = match(line=b"GET /old?x=1 HTTP/1.1", host=b"a.test:8080")
    assert (redirect.status, redirect.fields) == (301, [(b"Location", b"http://a.test:8080/new?x=1")])
    assert exchange.route is MOVED.route
    fixed, _ = match(line=b"GET /fixed HTTP/1.1")
    assert (fixed.status, fixed.fields, fixed.body) == (418, [(b"X-A", b"b")], b"tea")


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([b"X-Request-Id: abc.DEF_1-2"], "abc.DEF_1-2"),
        ([b"X-Request-Id: " + b"a" * 128], "a" * 128),
        ([b"X-Request-Id: " + b"a" * 129], None),
        ([b"X-Request-Id: a b"], None),
        ([b"X-Request-Id: a", b"X-Request-Id: b"], None),
        ([b"X-Request-Id: "], None),
        ([], None),
    ],
)
def test_a_request_id_is_kept_if_it_is_one(lines: list[bytes], kept: str | None) -> None:
    head = head_of(*lines)
    exchange = exchange_of(head)
    exchange.request_id = ""
    describe_request(exchange, head)
    begin_trace(exchange, head.extras, None)
    assert exchange.request_id == kept if kept else len(exchange.request_id) == 32


def test_the_head_is_described() -> None:
    head = head_of(b"User-Agent: u", b"traceparent: 00-%b-%b-01" % (b"a" * 32, b"b" * 16), line=b"HEAD / HTTP/1.0")
    exchange = exchange_of(head)
    describe_request(exchange, head)
    begin_trace(exchange, head.extras, Propagator(0.01))
    assert (exchange.method, exchange.protocol, exchange.user_agent) == ("HEAD", "1.0", "u")
    assert (exchange.trace_id, exchange.parent_span_id, exchange.sampled) == ("a" * 32, "b" * 16, True)


def test_a_trace_begins_in_every_form_a_request_may_bring() -> None:
    for line in (
        b"traceparent: 00-%b-%b-01" % (b"a" * 32, b"b" * 16),
        b"b3: %b-%b-1" % (b"a" * 32, b"b" * 16),
        b"uber-trace-id: %b:%b:0:1" % (b"a" * 32, b"b" * 16),
    ):
        head = head_of(line)
        exchange = exchange_of(head)
        begin_trace(exchange, head.extras, Propagator(0.0))
        assert (exchange.trace_id, exchange.parent_span_id, exchange.sampled) == ("a" * 32, "b" * 16, True)


def test_traceparent_goes_before_b3_and_b3_before_jaeger() -> None:
    w3c = b"traceparent: 00-%b-%b-01" % (b"a" * 32, b"1" * 16)
    single = b"b3: %b-%b-1" % (b"b" * 32, b"2" * 16)
    several = [b"X-B3-TraceId: " + b"c" * 32, b"X-B3-SpanId: " + b"3" * 16]
    jaeger = b"uber-trace-id: %b:%b:0:1" % (b"d" * 32, b"4" * 16)
    begun = []
    for lines in ([jaeger, *several, single, w3c], [jaeger, *several, single], [jaeger, *several], [jaeger]):
        head = head_of(*lines)
        exchange = exchange_of(head)
        begin_trace(exchange, head.extras, Propagator(0.0))
        begun.append(exchange.parent_span_id[0])
    assert begun == ["1", "2", "3", "4"]


def test_a_traceparent_that_is_not_valid_is_not_made_up_for_by_another_form() -> None:
    head = head_of(b"traceparent: 00-0-0-01", b"b3: %b-%b-1" % (b"b" * 32, b"2" * 16))
    exchange = exchange_of(head)
    begin_trace(exchange, head.extras, Propagator(0.0))
    assert exchange.parent_span_id == ""


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a%2Fb?token=canary", "/a%2Fb"),
        (b"/a%2Fb#canary", "/a%2Fb"),
        (b"http://user:canary@a.test/a?b=canary", "http://a.test/a"),
        (b"user:canary@a.test", "a.test"),
        (b"/users/me@a.test%00", "/users/me@a.test%00"),
    ],
)
def test_of_a_target_that_is_refused_nothing_secret_is_recorded(target: bytes, path: str) -> None:
    assert refused_path(target) == path
