"""Circuit breakers and limits of a running gateway, against an origin that fails and becomes well again."""

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway import EngineGateway
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, OriginConnection
from tests.support.program import START_DEADLINE_S, Program
from tests.support.raw_client import RawClient
from tests.support.waiting import wait_until

GET: Final = b"GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
FAILED: Final = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
JSON: Final = {"Content-Type": "application/json"}
STAYS_OPEN: Final = "breaker: {min_requests: 4, open_for: 1h}"
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


@pytest.fixture
def program(tmp_path: Path, start_origin: StartOrigin, service: Service) -> Iterator[Program]:
    """One worker, and a circuit that stays open."""
    gateway = Program(tmp_path, start_origin(service.script).address, workers=1)
    gateway.write(gateway.text(upstream=STAYS_OPEN))
    with gateway as started:
        yield started


def test_an_open_circuit_is_told_everywhere_and_outlives_a_reload_and_its_worker(
    program: Program, service: Service
) -> None:
    assert program.call("/api/v1/upstreams/origin")[1]["circuit"]["state"] == "closed"
    assert program.metric("sightline_circuit_breaker_state", upstream="origin", state="closed") == 1
    service.is_ill = True
    for _ in range(6):
        program.send("/")
    wait_until(lambda: rejected(program) == 2, "the refused are counted")
    circuit = program.call("/api/v1/upstreams/origin")[1]["circuit"]
    assert (circuit["state"], circuit["workers"]) == ("open", 1)
    assert circuit["evidence"] == "worker 1: 100% of 4 requests failed"
    assert program.metric("sightline_circuit_breaker_state", upstream="origin", state="open") == 1
    assert transitions(program, "open", "failure_ratio") == 1
    _, told = program.call("/api/v1/explain", json.dumps({"method": "GET", "url": "http://gateway.test/"}), JSON)
    (endpoint,) = told["choices"][0]["endpoints"]
    assert not endpoint["eligible"]
    assert "would be refused: the circuit of origin is open since" in endpoint["because"]

    program.apply(program.text(upstream=f"{STAYS_OPEN}, balance: random"))
    assert program.send("/")[0] == 503
    assert service.asked == 4
    wait_until(lambda: rejected(program) == 3, "the circuit is open after the reload too")

    service.is_ill = False
    killed = program.workers()[0]["pid"]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: serves_instead(program, killed), "its successor serves", START_DEADLINE_S)
    assert program.send("/")[0] == 503
    assert service.asked == 4
    after = program.call("/api/v1/upstreams/origin")[1]["circuit"]
    assert after == circuit
    _, incidents = program.call("/api/v1/incidents?kind=circuit")
    assert [each["kind"] for each in incidents["incidents"]] == ["circuit_opened"]


def serves_instead(program: Program, killed: int) -> bool:
    (worker,) = program.workers()
    return bool(worker["state"] == "serving" and worker["pid"] != killed)


def rejected(program: Program) -> float:
    return program.metric("sightline_upstream_rejected_total", upstream="origin", reason="circuit_open")


def transitions(program: Program, to: str, reason: str) -> float:
    name = "sightline_circuit_breaker_transitions_total"
    return program.metric(name, upstream="origin", to=to, reason=reason)


class Places:
    """An origin's script: so many requests at a time are worked on, each for so long; the others wait."""

    def __init__(self, places: int, seconds: float) -> None:
        self._count = places
        self._places = asyncio.Semaphore(places)
        self._seconds = seconds
        self.at_once = 0
        self.most = 0
        self.done = 0
        self.left_empty = 0
        """How many of those that were done left a place behind that nobody waited for."""

    async def script(self, connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            async with self._places:
                await asyncio.sleep(self._seconds)
            self.at_once -= 1
            self.done += 1
            self.left_empty += self.at_once < self._count
            await connection.send(OK)


class Load:
    """Clients that ask again as soon as they have an answer, and a little later where they were refused."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.accepted_s: list[float] = []

    async def run(self, address: tuple[str, int], clients: int, seconds: float) -> None:
        ends_s = time.monotonic() + seconds
        await asyncio.gather(*(self._client(address, ends_s) for _ in range(clients)))

    async def _client(self, address: tuple[str, int], ends_s: float) -> None:
        reader, writer = await asyncio.open_connection(*address)
        while time.monotonic() < ends_s:
            began_s = time.monotonic()
            writer.write(GET)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r", 1)[0]))
            self.statuses[int(head[9:12])] += 1
            if head.startswith(b"HTTP/1.1 200"):
                self.accepted_s.append(time.monotonic() - began_s)
            else:
                await asyncio.sleep(0.05)
        writer.close()


def test_an_adaptive_limit_keeps_latency_bounded_and_the_upstream_busy_when_too_much_comes(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    places = Places(4, 0.01)
    gateway = start_gateway(one_route(start_origin(places.script).address, upstream="concurrency: {min: 4}"))
    with gateway.client() as client:
        address = client.socket.getpeername()
    calm, storm, after = Load(), Load(), Load()
    asyncio.run(calm.run(address, clients=4, seconds=0.6))
    asyncio.run(storm.run(address, clients=60, seconds=1.2))
    places.most = places.done = places.left_empty = 0
    asyncio.run(storm.run(address, clients=60, seconds=0.8))
    left_empty = places.left_empty / places.done
    asyncio.run(after.run(address, clients=4, seconds=0.3))
    assert set(calm.statuses) == set(after.statuses) == {200}
    assert set(storm.statuses) == {200, 503}
    # Without a limit all sixty would be there at once, and each would take as long as sixty are worked on, however fast that is.
    assert places.most <= 35
    assert median(storm.accepted_s) < 0.8 * 60 / (storm.statuses[200] / 2.0)
    assert left_empty < 0.5
