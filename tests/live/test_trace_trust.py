"""Whom the gateway believes about traces: one word per listener, and a route's own before it."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.gateway import EngineGateway
from tests.support.messages import Request
from tests.support.origin import OK, Origin, answering

TRACE: Final = b"a" * 32
PARENT: Final = b"b" * 16
W3C: Final = b"traceparent: 00-%b-%b-01\r\ntracestate: foo=1\r\nbaggage: tenant=blue\r\n" % (TRACE, PARENT)
B3: Final = b"b3: %b-%b-1\r\n" % (TRACE, PARENT)


def start(start_origin: StartOrigin, start_gateway: StartGateway) -> tuple[Origin, EngineGateway]:
    origin = start_origin(answering(OK))
    config = f"""
listeners:
  - {{name: public, address: "127.0.0.1:9080", trust_incoming: ignore}}
  - {{name: partner, address: "127.0.0.1:9081", trust_incoming: link}}
  - {{name: inside, address: "127.0.0.1:9082"}}
upstreams: {{origin: {{endpoints: ["{origin.address}"]}}}}
routes:
  - {{name: all, match: {{path_prefix: /}}, upstream: origin, traces: {{sample: 0%}}}}
  - {{name: open, match: {{path: /open}}, upstream: origin, trust_incoming: accept}}
  - {{name: always, match: {{path: /always}}, upstream: origin, traces: {{sample: 100%, formats: [b3, jaeger]}}}}
  - {{name: fixed, match: {{path: /fixed}}, respond: {{status: 200}}, traces: {{sample: 100%}}}}
"""
    return origin, start_gateway(config)


def forwarded(
    origin: Origin, gateway: EngineGateway, listener: str, path: bytes = b"/", fields: bytes = W3C
) -> Request:
    with gateway.client(listener) as client:
        assert client.request(b"GET %b HTTP/1.1\r\nHost: a.test\r\n%b\r\n" % (path, fields)).status == 200
    return origin.requests[-1]


@pytest.mark.parametrize("listener", ["public", "partner"])
def test_nothing_of_a_caller_that_is_not_believed_goes_on(
    start_origin: StartOrigin, start_gateway: StartGateway, listener: str
) -> None:
    origin, gateway = start(start_origin, start_gateway)
    request = forwarded(origin, gateway, listener)
    [traceparent] = request.values("traceparent")
    assert TRACE not in traceparent
    assert traceparent.endswith(b"-02")
    assert request.values("tracestate") == request.values("baggage") == []
    assert forwarded(origin, gateway, listener, fields=B3).values("b3") == []


def test_a_partner_is_linked_to_and_a_stranger_is_not(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin, gateway = start(start_origin, start_gateway)
    for listener in ("public", "partner"):
        forwarded(origin, gateway, listener)
    public, partner = gateway.await_records(2)
    assert public.link is None
    assert partner.link == (TRACE.decode(), PARENT.decode(), True, "foo=1")
    assert partner.parent_span_id == ""


def test_a_believed_caller_is_continued(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin, gateway = start(start_origin, start_gateway)
    request = forwarded(origin, gateway, "inside")
    assert request.values("traceparent")[0].startswith(b"00-" + TRACE)
    assert (request.values("tracestate"), request.values("baggage")) == ([b"foo=1"], [b"tenant=blue"])


def test_a_routes_own_word_counts_before_its_listeners(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin, gateway = start(start_origin, start_gateway)
    assert forwarded(origin, gateway, "public", b"/open").values("traceparent")[0].startswith(b"00-" + TRACE)


def test_a_route_may_sample_more_and_send_more_forms(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin, gateway = start(start_origin, start_gateway)
    request = forwarded(origin, gateway, "inside", b"/always", b"")
    [traceparent], [b3], [jaeger] = (request.values(name) for name in ("traceparent", "b3", "uber-trace-id"))
    _, trace_id, span_id, flags = traceparent.split(b"-")
    assert flags == b"03"
    assert b3.startswith(b"%b-%b-1-" % (trace_id, span_id))
    assert jaeger == b"%b:%b:0:1" % (trace_id, span_id)
    assert forwarded(origin, gateway, "inside", fields=b"").values("traceparent")[0].endswith(b"-02")


def test_a_trace_in_b3_is_continued_in_every_form(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin, gateway = start(start_origin, start_gateway)
    request = forwarded(origin, gateway, "inside", b"/always", B3)
    assert request.values("traceparent")[0].startswith(b"00-" + TRACE)
    assert request.values("b3")[0].startswith(TRACE)
    assert len(request.values("b3")) == 1


def test_an_answer_of_the_gateways_own_has_a_trace_by_its_routes_rules(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    _, gateway = start(start_origin, start_gateway)
    with gateway.client("inside") as client:
        client.request(b"GET /fixed HTTP/1.1\r\nHost: a.test\r\n\r\n")
        client.request(b"GET /fixed HTTP/1.1\r\nHost: a.test\r\n" + W3C + b"\r\n")
        client.request(b"GET /bad%2Fpath HTTP/1.1\r\nHost: a.test\r\n" + W3C + b"\r\n")
    fixed, continued, refused = gateway.await_records(3)
    assert fixed.sampled
    assert {continued.trace_id, refused.trace_id} == {TRACE.decode()}
    assert continued.request_id != refused.request_id
