"""Callers on the `explain_to` list are told in each answer what the gateway did; others are told nothing."""

import re
from typing import Final

import pytest

from gateway.model.outcome import STATUS_OF, Reason
from gateway.proxy.causes import ERROR_TYPES
from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import free_port, one_route
from tests.support.origin import OriginConnection, answering

HOST: Final = b"Host: a.test\r\n"
GET: Final = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TELLING: Final = 'explain_to: ["127.0.0.1/32"]'
TIMED: Final = re.compile(rb"(\w+;dur=\d+\.\d+)(, \w+;dur=\d+\.\d+)*")


def test_an_answer_of_the_upstream_says_whose_it_is_and_where_the_time_went(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address, listener=TELLING))
    with gateway.client() as client:
        for _ in range(2):
            client.send(GET)
            response = client.read_response()
            next_hop = origin.address.encode()
            assert response.value("proxy-status") == b'sightline; received-status=200; next-hop="%b"' % next_hop
            timing = response.value("server-timing") or b""
            assert TIMED.fullmatch(timing)
            assert b"ttfb;dur=" in timing
            assert response.body == b"ok"
            assert not response.closes


def test_a_failure_of_the_upstreams_own_is_named(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    answer = b"HTTP/1.1 503 Nope\r\nProxy-Status: other; error=dns_error\r\nContent-Length: 0\r\n\r\n"
    origin = start_origin(answering(answer))
    gateway = start_gateway(one_route(origin.address, listener=TELLING))
    with gateway.client() as client:
        response = client.request(GET)
    said = [value for name, value in response.fields if name.lower() == b"proxy-status"]
    assert said[0] == b"other; error=dns_error"
    assert said[1].startswith(b"sightline; received-status=503; next-hop=")
    assert said[1].endswith(b'; details="upstream_status"')


def test_an_answer_of_the_gateway_says_why_there_is_no_other(start_gateway: StartGateway) -> None:
    port = free_port()
    gateway = start_gateway(one_route(f"127.0.0.1:{port}", listener=TELLING, match="path_prefix: /v1"))
    with gateway.client() as client:
        refused = client.request(b"GET /v1 HTTP/1.1\r\n" + HOST + b"\r\n")
        unmatched = client.request(b"GET /other HTTP/1.1\r\n" + HOST + b"\r\n")
        malformed = client.request(b"GET /v1 HTTP/1.1\r\n\r\n")
    assert refused.value("proxy-status") == (
        b'sightline; error=connection_refused; next-hop="127.0.0.1:%d"; details="connect_refused"' % port
    )
    assert unmatched.value("proxy-status") == b'sightline; error=destination_not_found; details="no_route"'
    assert malformed.value("proxy-status") == b'sightline; error=http_request_error; details="bad_request"'


def test_a_delay_that_was_injected_is_among_the_phases(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    delayed = "faults: {delay: {share: 100%, duration: 50ms}}"
    gateway = start_gateway(one_route(start_origin(answering(OK)).address, listener=TELLING, route=delayed))
    with gateway.client() as client:
        timing = client.request(GET).value("server-timing") or b""
    assert TIMED.fullmatch(timing)
    (spent,) = re.findall(rb"fault;dur=([\d.]+)", timing)
    assert float(spent) > 45  # A timer of the loop may be a few milliseconds early.


def test_an_answer_that_is_configured_is_the_gateways_own(start_gateway: StartGateway) -> None:
    more = "  - {name: fixed, match: {path: /fixed}, respond: {status: 200, body: hi}}"
    gateway = start_gateway(one_route("127.0.0.1:1", listener=TELLING, match="path: /v1", more_routes=more))
    with gateway.client() as client:
        response = client.request(b"GET /fixed HTTP/1.1\r\n" + HOST + b"\r\n")
    assert response.value("proxy-status") == b"sightline; error=proxy_internal_response"


def test_a_tunnel_begins_with_what_was_done(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    switching = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

    async def switch(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(switching)

    gateway = start_gateway(one_route(start_origin(switch).address, listener=TELLING))
    with gateway.client() as client:
        client.send(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        response = client.read_response()
    assert response.status == 101
    assert (response.value("proxy-status") or b"").startswith(b"sightline; received-status=101")


@pytest.mark.parametrize("listener", ["", 'explain_to: ["192.0.2.0/24"]'])
def test_nobody_else_is_told(start_origin: StartOrigin, start_gateway: StartGateway, listener: str) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address, listener=listener, match="path: /v1"))
    with gateway.client() as client:
        for path in (b"/v1", b"/v1", b"/other"):
            response = client.request(b"GET %b HTTP/1.1\r\n" % path + HOST + b"\r\n")
            assert response.value("proxy-status") is None
            assert response.value("server-timing") is None


def test_every_reason_with_an_answer_of_ours_has_an_error_type() -> None:
    assert set(ERROR_TYPES) == set(STATUS_OF) - {Reason.CLIENT_DISCONNECT}


def test_a_route_that_splits_to_nobody_has_no_endpoint_to_choose(start_gateway: StartGateway) -> None:
    more = "  - {name: none, match: {path: /none}, split: [{upstream: origin, weight: 0}]}"
    gateway = start_gateway(one_route("127.0.0.1:1", listener=TELLING, match="path: /v1", more_routes=more))
    with gateway.client() as client:
        response = client.request(b"GET /none HTTP/1.1\r\n" + HOST + b"\r\n")
    assert response.value("proxy-status") == b'sightline; error=destination_unavailable; details="no_healthy_endpoint"'
    record = gateway.await_records(1)[0]
    assert (record.status, record.source, record.reason) == (503, "gateway", "no_healthy_endpoint")
