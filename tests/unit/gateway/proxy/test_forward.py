"""The request as it goes to the upstream: nothing hop-by-hop, what a client claims of itself replaced, framed anew."""

import dataclasses
from typing import Any

import pytest

from gateway.http1.refusal import RequestRefused
from gateway.model.listener import Listener
from gateway.model.outcome import Reason
from gateway.model.route import HeaderEdit, Match, PathKind, Rewrite
from gateway.model.tracing import TraceFormat, TrustIncoming
from gateway.proxy.forward import Peer, client_address, encode_request
from gateway.telemetry.propagation.propagator import LegacyPropagator, Propagator
from tests.support.messages import Request, parse_request_head
from tests.support.requests import PUBLIC, attempt_of, exchange_of, head_of, plan_of, route_of

TRUSTING = dataclasses.replace(PUBLIC, trusted_proxies=("192.0.2.0/24", "2001:db8::/32"))
LATE_BODY = b"POST / HTTP/1.1"


def forwarded(
    *lines: bytes,
    listener: Listener = PUBLIC,
    peer: str = "192.0.2.1",
    rewrite: Rewrite | None = None,
    propagator: Propagator | None = None,
    route: dict[str, Any] | None = None,
    **head: Any,
) -> Request:
    """What the upstream gets of a request with these header lines, read strictly."""
    request = head_of(*lines, **head)
    plan = plan_of(route_of(rewrite=rewrite, **(route or {})))
    exchange = exchange_of(request)
    exchange.trace_id, exchange.span_id = "a" * 32, "b" * 16
    data = encode_request(exchange, attempt_of(), request, plan, propagator, Peer(peer, listener))
    assert data.endswith(b"\r\n\r\n")
    return parse_request_head(data)


def test_a_plain_request_gets_what_a_proxy_adds_and_nothing_else() -> None:
    request = forwarded(b"Accept: */*", line=b"GET /a?b=c HTTP/1.1")
    assert (request.method, request.target) == (b"GET", b"/a?b=c")
    assert request.fields == [
        (b"Host", b"a.test"),
        (b"Accept", b"*/*"),
        (b"X-Forwarded-For", b"192.0.2.1"),
        (b"X-Forwarded-Proto", b"http"),
        (b"X-Forwarded-Host", b"a.test"),
        (b"Via", b"1.1 sightline"),
        (b"X-Request-Id", b"id-1"),
    ]


def test_a_query_that_is_empty_is_none() -> None:
    assert forwarded(line=b"GET /a HTTP/1.1").target == b"/a"


def test_a_request_of_http_1_0_without_host_goes_to_the_endpoint_by_its_address() -> None:
    request = forwarded(line=b"GET / HTTP/1.0", host=None)
    assert request.value("host") == b"127.0.0.1:9001"
    assert request.value("via") == b"1.0 sightline"


def test_a_unix_socket_is_no_host() -> None:
    head = head_of(line=b"GET / HTTP/1.0", host=None)
    attempt = attempt_of("unix:/run/orders.sock")
    data = encode_request(exchange_of(head), attempt, head, plan_of(), None, Peer("192.0.2.1", PUBLIC))
    assert parse_request_head(data).value("host") == b"localhost"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"Content-Length: 003"], {"content-length": [b"3"]}),
        ([b"Content-Length: 0"], {"content-length": [b"0"]}),
        ([b"Transfer-Encoding: Chunked"], {"transfer-encoding": [b"chunked"]}),
        ([], {}),
    ],
)
def test_the_body_is_framed_anew(lines: list[bytes], expected: dict[str, list[bytes]]) -> None:
    request = forwarded(*lines, line=LATE_BODY)
    for name in ("content-length", "transfer-encoding"):
        assert request.values(name) == expected.get(name, [])


def test_what_is_hop_by_hop_stays_here() -> None:
    request = forwarded(
        b"Connection: keep-alive, X-Hop",
        b"X-Hop: 1",
        b"Keep-Alive: 5",
        b"Proxy-Connection: keep-alive",
        b"Proxy-Authorization: secret",
        b"TE: trailers",
        b"Trailer: X-Sum",
        b"Expect: 100-continue",
        b"Content-Length: 1",
        b"X_Under: 1",
    )
    gone = {b"connection", b"x-hop", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"te", b"trailer"}
    assert not request.names & (gone | {b"expect", b"x_under"})


def test_an_upgrade_is_asked_for_anew() -> None:
    request = forwarded(b"Connection: upgrade, X-Hop", b"Upgrade: websocket", b"Sec-WebSocket-Key: k")
    assert request.value("connection") == b"Upgrade"
    assert request.value("upgrade") == b"websocket"
    assert request.value("sec-websocket-key") == b"k"


def test_trailers_are_asked_for_only_where_the_route_forwards_them() -> None:
    lines = [b"Connection: TE", b"TE: trailers, gzip"]
    request = forwarded(*lines, route={"forward_trailers": True})
    assert (request.value("connection"), request.value("te")) == (b"TE", b"trailers")
    assert b"te" not in forwarded(*lines).names


def test_claims_of_a_peer_that_is_not_trusted_are_replaced() -> None:
    request = forwarded(
        b"X-Forwarded-For: 203.0.113.9",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: evil.test",
        b"X-Forwarded-Port: 443",
        b"X-Real-IP: 203.0.113.9",
        b"Forwarded: for=203.0.113.9",
    )
    assert request.values("x-forwarded-for") == [b"192.0.2.1"]
    assert request.values("x-forwarded-proto") == [b"http"]
    assert request.values("x-forwarded-host") == [b"a.test"]
    assert not request.names & {b"x-real-ip", b"x-forwarded-port", b"forwarded"}


def test_connection_cannot_take_away_what_we_say() -> None:
    request = forwarded(b"Connection: X-Forwarded-For, X-Request-Id, Via", b"Via: 1.1 other")
    assert request.values("x-forwarded-for") == [b"192.0.2.1"]
    assert request.values("via") == [b"1.1 sightline"]
    assert request.values("x-request-id") == [b"id-1"]


def test_what_a_trusted_peer_says_is_continued() -> None:
    request = forwarded(
        b"X-Forwarded-For: 203.0.113.9, 203.0.113.10",
        b"X-Forwarded-For: 203.0.113.11",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: shop.test",
        b"X-Forwarded-Port: 443",
        b"X-Real-IP: 203.0.113.9",
        listener=TRUSTING,
    )
    assert request.values("x-forwarded-for") == [b"203.0.113.9, 203.0.113.10, 203.0.113.11, 192.0.2.1"]
    assert request.values("x-forwarded-proto") == [b"https"]
    assert request.values("x-forwarded-host") == [b"shop.test"]
    assert request.values("x-forwarded-port") == [b"443"]
    assert request.values("x-real-ip") == [b"203.0.113.9"]


def test_a_trusted_peer_that_says_nothing_is_the_client() -> None:
    request = forwarded(listener=TRUSTING)
    assert request.values("x-forwarded-for") == [b"192.0.2.1"]
    assert request.values("x-forwarded-host") == [b"a.test"]


@pytest.mark.parametrize(
    ("peer", "element"),
    [
        ("192.0.2.1", b'for=192.0.2.1;host="a.test";proto=http'),
        ("2001:db8::1", b'for="[2001:db8::1]";host="a.test";proto=http'),
    ],
)
def test_forwarded_is_said_where_the_listener_wants_it(peer: str, element: bytes) -> None:
    listener = dataclasses.replace(PUBLIC, forwarded=True)
    request = forwarded(b"Forwarded: for=203.0.113.9", listener=listener, peer=peer)
    assert request.values("forwarded") == [element]
    trusting = dataclasses.replace(TRUSTING, forwarded=True)
    request = forwarded(b"Forwarded: for=203.0.113.9", listener=trusting, peer=peer)
    assert request.values("forwarded") == [b"for=203.0.113.9, " + element]


@pytest.mark.parametrize(
    ("claimed", "client"),
    [
        ([], "192.0.2.1"),
        ([b"203.0.113.9"], "203.0.113.9"),
        ([b"203.0.113.8, 203.0.113.9"], "203.0.113.9"),
        ([b"203.0.113.8", b"203.0.113.9"], "203.0.113.9"),
        ([b"203.0.113.8, 192.0.2.77"], "203.0.113.8"),
        ([b"192.0.2.5, 192.0.2.77"], "192.0.2.5"),
        ([b"203.0.113.8, nonsense"], "192.0.2.1"),
        ([b"203.0.113.8, nonsense, 192.0.2.77"], "192.0.2.77"),
        ([b"203.0.113.8,"], "192.0.2.1"),
        ([b"2001:DB9:0:0::1"], "2001:db9::1"),
        ([b"\xff"], "192.0.2.1"),
    ],
)
def test_the_client_is_the_nearest_that_is_no_trusted_proxy(claimed: list[bytes], client: str) -> None:
    head = head_of(*[b"X-Forwarded-For: " + value for value in claimed])
    assert client_address(Peer("192.0.2.1", TRUSTING), head, TRUSTING.trusted_proxies) == client
    assert client_address(Peer("198.51.100.1", TRUSTING), head, TRUSTING.trusted_proxies) == "198.51.100.1"


@pytest.mark.parametrize(("address", "is_trusted"), [("192.0.2.255", True), ("192.0.3.1", False), ("2001:db8::5", True), ("", False)])  # fmt: skip
def test_a_peer_is_trusted_by_its_address(address: str, is_trusted: bool) -> None:
    assert Peer(address, TRUSTING).is_trusted is is_trusted


@pytest.mark.parametrize(
    ("line", "values", "sent"),
    [
        (b"OPTIONS / HTTP/1.1", [b"5"], [b"4"]),
        (b"TRACE / HTTP/1.1", [b"10"], [b"9"]),
        (b"GET / HTTP/1.1", [b"5"], [b"5"]),
        (b"GET / HTTP/1.1", [b"x", b"0"], [b"x", b"0"]),
    ],
)
def test_hops_are_counted_for_the_methods_that_count_them(line: bytes, values: list[bytes], sent: list[bytes]) -> None:
    request = forwarded(*[b"Max-Forwards: " + value for value in values], line=line)
    assert request.values("max-forwards") == sent


def test_an_attempt_has_a_parent_id_of_its_own() -> None:
    plan = plan_of()
    head = head_of()
    exchange = exchange_of(head)
    exchange.trace_id, exchange.span_id = "a" * 32, "b" * 16
    attempts = [attempt_of(), attempt_of()]
    sent = [
        parse_request_head(encode_request(exchange, attempt, head, plan, Propagator(0.01), Peer("192.0.2.1", PUBLIC)))
        for attempt in attempts
    ]
    parents = [request.value("traceparent") for request in sent]
    assert parents == [b"00-%b-%b-00" % (b"a" * 32, attempt.span_id.encode()) for attempt in attempts]
    assert len({attempt.span_id for attempt in attempts} | {exchange.span_id}) == 3


CONTEXT = [
    b"traceparent: 00-1",
    b"Traceparent: 00-2",
    b"tracestate: a=b",
    b"B3: 0",
    b"x-b3-traceid: 1",
    b"X-B3-ParentSpanId: 2",
    b"uber-trace-id: 3",
    b"uberctx-user: ann",
    b"baggage: tenant=blue",
]
OTHER_FORMS = {b"b3", b"x-b3-traceid", b"x-b3-parentspanid", b"uber-trace-id", b"uberctx-user", b"baggage"}


def context_names(request: Request) -> set[bytes]:
    known = {line.split(b":")[0].lower() for line in CONTEXT} | {b"x-b3-spanid", b"x-b3-sampled"}
    return {name.lower() for name, _ in request.fields} & known


def test_trace_context_that_is_none_of_our_business_goes_on_as_it_came() -> None:
    request = forwarded(*CONTEXT)
    assert [b": ".join(field) for field in request.fields if field[0].lower() in context_names(request)] == CONTEXT


def test_of_a_believed_request_other_forms_and_baggage_go_on_as_they_came() -> None:
    request = forwarded(*CONTEXT, propagator=Propagator(0.01))
    assert context_names(request) == {b"traceparent", *OTHER_FORMS}
    assert request.values("b3") == [b"0"]
    assert request.values("baggage") == [b"tenant=blue"]


@pytest.mark.parametrize("trust", [TrustIncoming.LINK, TrustIncoming.IGNORE])
def test_of_a_request_that_is_not_believed_no_context_goes_on(trust: TrustIncoming) -> None:
    request = forwarded(*CONTEXT, propagator=Propagator(0.01, trust))
    assert context_names(request) == {b"traceparent"}


def test_a_form_that_we_send_ourselves_replaces_what_came() -> None:
    trust, formats = TrustIncoming.ACCEPT, (TraceFormat.B3, TraceFormat.B3_MULTI, TraceFormat.JAEGER)
    request = forwarded(*CONTEXT, propagator=LegacyPropagator(0.01, trust, formats))
    [traceparent] = request.values("traceparent")
    span_id = traceparent.split(b"-")[2]
    assert request.values("b3") == [b"%b-%b-0-%b" % (b"a" * 32, span_id, b"b" * 16)]
    assert request.values("x-b3-traceid") == [b"a" * 32]
    assert request.values("x-b3-spanid") == [span_id]
    assert request.values("uber-trace-id") == [b"%b:%b:0:0" % (b"a" * 32, span_id)]
    assert request.values("uberctx-user") == [b"ann"]


def test_baggage_is_limited_and_sent_as_one_field() -> None:
    members = [b"k%d=%d" % (number, number) for number in range(70)]
    request = forwarded(
        b"Baggage: " + b", ".join(members[:40]), b"baggage: " + b",".join(members[40:]), propagator=Propagator(0.01)
    )
    assert request.values("baggage") == [b",".join(members[:64])]


def test_a_rewrite_changes_path_host_and_fields() -> None:
    edit = HeaderEdit(set=(("X-Tenant", "blue"),), add=(("X-Added", "1"),), remove=("Cookie",))
    request = forwarded(
        b"Cookie: a",
        b"x-tenant: red",
        line=b"GET /v1/a%20b?c=d HTTP/1.1",
        rewrite=Rewrite(path_prefix="/v2", host="inner.test", headers=edit),
        route={"match": Match(path_kind=PathKind.PREFIX, path="/v1")},
    )
    assert request.target == b"/v2/a%20b?c=d"
    assert request.value("host") == b"inner.test"
    assert request.value("x-forwarded-host") == b"a.test"
    assert (request.values("x-tenant"), request.values("x-added")) == ([b"blue"], [b"1"])
    assert b"cookie" not in request.names


def test_a_rewrite_that_leads_out_of_its_place_is_refused() -> None:
    route = {"match": Match(path_kind=PathKind.TEMPLATE, path="/a/{name}")}
    with pytest.raises(RequestRefused) as refused:
        forwarded(line=b"GET /a/.. HTTP/1.1", rewrite=Rewrite(path="/b/{name}"), route=route)
    assert refused.value.reason is Reason.BAD_REQUEST
