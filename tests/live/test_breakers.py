"""Circuit breakers and limits of a running gateway, against an origin that fails and becomes well again."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway import EngineGateway
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, OriginConnection
from tests.support.raw_client import RawClient
from tests.support.waiting import wait_until

GET: Final = b"GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
FAILED: Final = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
BREAKER: Final = "breaker: {min_requests: 4, open_for: 300ms, half_open_requests: 2}"


class Service:
    """An origin's script: answers with a failure while it is ill, and holds answers back while it is told to."""

    def __init__(self) -> None:
        self.is_ill = False
        self.holds = False
        self.asked = 0

    async def script(self, connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            self.asked += 1
            await connection.until(lambda: not self.holds, "the test lets go")
            await connection.send(FAILED if self.is_ill else OK)


@pytest.fixture
def service() -> Service:
    return Service()


def test_a_circuit_opens_probes_and_closes_and_the_client_is_told_when_to_come_again(
    start_origin: StartOrigin, start_gateway: StartGateway, service: Service
) -> None:
    gateway = start_gateway(one_route(start_origin(service.script).address, upstream=BREAKER))
    service.is_ill = True
    with gateway.client() as client:
        assert [client.request(GET).status for _ in range(4)] == [503] * 4
        response = client.request(GET)
        assert_gateway_answer(response, 503, "circuit_open")
        assert (response.value("retry-after"), response.closes) == (b"1", False)
        assert service.asked == 4
        record = gateway.await_records(5)[4]
        assert (record.upstream, record.source, record.attempts) == ("origin", "gateway", [])
        assert "origin: circuit open since" in record.detail
        assert record.detail.endswith(": 100% of 4 requests failed")

        service.is_ill = False
        wait_until(lambda: client.request(GET).status == 200, "a probe is let through")
        assert client.request(GET).status == 200
        asked = service.asked
        assert [client.request(GET).status for _ in range(5)] == [200] * 5
        assert service.asked == asked + 5


def test_half_open_only_so_many_requests_are_let_through_at_a_time(
    start_origin: StartOrigin, start_gateway: StartGateway, service: Service
) -> None:
    gateway = start_gateway(one_route(start_origin(service.script).address, upstream=BREAKER))
    service.is_ill = True
    with gateway.client() as client:
        for _ in range(4):
            client.request(GET)
        service.is_ill, service.holds = False, True
        probe, leaving, other = [gateway.client() for _ in range(3)]
        wait_until(lambda: is_let_through(gateway, probe, service), "a probe is let through")
        assert is_let_through(gateway, leaving, service)
        assert_gateway_answer(client.request(GET), 503, "circuit_open")
        leaving.reset()
        gateway.await_in_flight(1)
        assert is_let_through(gateway, other, service)
        assert_gateway_answer(client.request(GET), 503, "circuit_open")
        service.holds = False
        assert [each.read_response().status for each in (probe, other)] == [200, 200]
        assert client.request(GET).status == 200


def is_let_through(gateway: EngineGateway, client: RawClient, service: Service) -> bool:
    """Whether a request reaches the origin, which holds it, or gets an answer of the gateway instead."""
    asked, ended = service.asked, len(gateway.records)
    client.send(GET)
    wait_until(lambda: service.asked > asked or len(gateway.records) > ended, "the request has gone somewhere")
    if service.asked == asked:
        assert_gateway_answer(client.read_response(), 503, "circuit_open")
    return service.asked > asked


def test_requests_beyond_the_limit_of_the_upstream_are_refused_at_once(
    start_origin: StartOrigin, start_gateway: StartGateway, service: Service
) -> None:
    first, second = start_origin(service.script), start_origin(service.script)
    gateway = start_gateway(one_route(first.address, second.address, upstream="limits: {requests: 2}"))
    service.holds = True
    with gateway.client() as one, gateway.client() as two, gateway.client() as three:
        one.send(GET)
        two.send(GET)
        gateway.await_in_flight(2)
        response = three.request(GET)
        assert_gateway_answer(response, 503, "concurrency_limited")
        assert response.value("retry-after") is not None
        service.holds = False
        assert one.read_response().status == two.read_response().status == 200
        assert three.request(GET).status == 200
    assert "limit in this worker is 2" in gateway.records[0].detail


def test_endpoints_of_an_upstream_share_its_connections_and_its_queue(
    start_origin: StartOrigin, start_gateway: StartGateway, service: Service
) -> None:
    first, second = start_origin(service.script), start_origin(service.script)
    limits = "balance: round_robin, limits: {connections: 1, pending: 1}"
    gateway = start_gateway(one_route(first.address, second.address, upstream=limits))
    service.holds = True
    with gateway.client() as one, gateway.client() as two, gateway.client() as three:
        one.send(GET)
        wait_until(lambda: service.asked == 1, "the only connection is taken")
        two.send(GET)
        gateway.await_in_flight(2)
        assert_gateway_answer(three.request(GET), 503, "pool_exhausted")
        service.holds = False
        assert one.read_response().status == two.read_response().status == 200
        assert [three.request(GET).status for _ in range(4)] == [200] * 4
    assert len(first.requests) > 0 < len(second.requests)
    gateway.await_upstream_connections(1)


def test_a_retry_that_an_open_circuit_would_refuse_is_not_made_and_the_failure_is_told(
    start_origin: StartOrigin, start_gateway: StartGateway, service: Service
) -> None:
    upstream = "breaker: {min_requests: 1, open_for: 1h}"
    retries = "retries: {attempts: 3, on: [503], backoff: {first: 1ms, max: 1ms}}"
    gateway = start_gateway(one_route(start_origin(service.script).address, upstream=upstream, route=retries))
    service.is_ill = service.holds = True
    with gateway.client() as one, gateway.client() as other:
        one.send(GET)
        other.send(GET)
        wait_until(lambda: service.asked == 2, "both are under way")
        service.holds = False
        assert [client.read_response().status for client in (one, other)] == [503, 503]
    told = sorted((record.reason.value, record.suppressed, len(record.attempts)) for record in gateway.await_records(2))
    # The one whose failure opens it was to be tried again, and is refused then.
    assert told == [("circuit_open", "", 1), ("upstream_status", "limit", 1)]
