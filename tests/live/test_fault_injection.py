"""Faults that a route injects on purpose: what the client sees, and that nothing hides that they were meant."""

from typing import Final

import pytest

from gateway.telemetry.timing import measure
from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, answering

GET: Final = b"GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"
POST: Final = b"POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n"


def test_an_aborted_request_gets_the_status_and_never_reaches_the_endpoint(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address, route="faults: {abort: {share: 100%, status: 504}}"))
    with gateway.client() as client:
        assert_gateway_answer(client.request(GET), 504, "fault_injected")
        assert client.request(GET).status == 504, "the connection goes on"
    (record, _) = gateway.await_records(2)
    assert (record.source, record.reason, record.fault, record.attempts) == ("gateway", "fault_injected", "abort", [])
    assert origin.targets == []


def test_a_delayed_request_is_answered_late_and_its_delay_is_no_overhead_of_ours(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address, route="faults: {delay: {share: 100%, duration: 100ms}}"))
    with gateway.client() as client:
        assert client.request(GET).status == 200
    (record,) = gateway.await_records(1)
    assert (record.reason, record.fault) == ("none", "delay")
    assert 0.095e9 <= record.fault_ns < 5e9  # A timer of the loop may be a few milliseconds early.
    total, overhead, *_ = measure(record)
    assert overhead < total - record.fault_ns
    assert record.detail == "injected by the route: a delay of 100 ms"


@pytest.mark.parametrize("sent", [b"", b"he", b"hello"])
def test_a_body_that_comes_during_a_delay_is_forwarded_whole(
    start_origin: StartOrigin, start_gateway: StartGateway, sent: bytes
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address, route="faults: {delay: {share: 100%, duration: 100ms}}"))
    with gateway.client() as client:
        client.send(POST + sent)
        gateway.await_in_flight(1)
        client.send(b"hello"[len(sent) :])
        assert client.read_response("POST").status == 200
    assert origin.requests[0].body == b"hello"


def test_a_client_that_leaves_during_a_delay_ends_the_exchange(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address, route="faults: {delay: {share: 100%, duration: 200ms}}"))
    with gateway.client() as client:
        client.send(GET)
        gateway.await_in_flight(1)
        client.reset()
    (record,) = gateway.await_records(1)
    assert (record.status, record.reason, record.fault) == (499, "client_disconnect", "delay")
    with gateway.client() as other:
        assert other.request(GET).status == 200
    assert len(origin.targets) == 1, "the first one was never forwarded"
