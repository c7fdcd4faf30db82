"""Connections that carry more than one request: kept alive by both sides' rules, pipelined in order, and never with more
than one exchange of a client in flight."""

import contextlib
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import OK, OriginConnection, answering, say_target
from tests.support.raw_client import Delivery, End
from tests.support.waiting import wait_until_steady

HOST: Final = b"Host: gateway.test\r\n"


def get(target: bytes, fields: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"GET " + target + b" HTTP/" + version + b"\r\n" + HOST + fields + b"\r\n"


KEPT: Final = [
    pytest.param(get(b"/"), True, id="1.1"),
    pytest.param(get(b"/", b"Connection: keep-alive\r\n"), True, id="1.1 with keep-alive"),
    pytest.param(get(b"/", b"Connection: close\r\n"), False, id="1.1 with close"),
    pytest.param(get(b"/", b"Connection: CLOSE\r\n"), False, id="1.1 with close in other case"),
    pytest.param(get(b"/", b"Connection: x, close\r\n"), False, id="1.1 with close in a list"),
    pytest.param(get(b"/", b"Connection: keep-alive\r\nConnection: close\r\n"), False, id="1.1 with both"),
    pytest.param(get(b"/", version=b"1.0"), False, id="1.0"),
    pytest.param(get(b"/", b"Connection: keep-alive\r\n", b"1.0"), True, id="1.0 with keep-alive"),
    pytest.param(get(b"/", b"Connection: Keep-Alive\r\n", b"1.0"), True, id="1.0 with keep-alive in other case"),
    pytest.param(get(b"/", b"Connection: keep-alive, close\r\n", b"1.0"), False, id="1.0 with both"),
]


@pytest.mark.parametrize(("request_raw", "kept"), KEPT)
def test_a_connection_is_kept_as_the_client_wishes(
    start_origin: StartOrigin, start_gateway: StartGateway, request_raw: bytes, *, kept: bool
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address))
    with gateway.client() as client:
        response = client.request(request_raw)
        assert response.body == b"ok"
        if kept:
            assert not response.closes
            assert client.request(request_raw).body == b"ok"
        else:
            assert b"keep-alive" not in response.tokens("connection")
            assert client.read_to_end() == (b"", End.FIN)


def test_a_request_of_1_0_without_a_host_is_forwarded_with_one_or_refused(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        status = client.request(b"GET / HTTP/1.0\r\n\r\n").status
    assert status in {200, 400}
    assert len(origin.requests) == (1 if status == 200 else 0)


@pytest.mark.parametrize("delivery", Delivery)
def test_pipelined_requests_are_answered_in_order_with_one_in_flight(
    start_origin: StartOrigin, start_gateway: StartGateway, delivery: Delivery
) -> None:
    async def watch(connection: OriginConnection) -> None:
        while True:
            request = await connection.read_request()
            others = [other for other in origin.connections if other is not connection]
            assert connection.received_size == sum(known.size for known in connection.requests)
            assert all(len(other.requests) == other.answered for other in others)
            body = request.target
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            connection.answered += 1

    origin = start_origin(watch)
    gateway = start_gateway(one_route(origin.address))
    count = 1000 if delivery is Delivery.WHOLE else 100
    with gateway.client() as client:
        client.send(b"".join(get(b"/%d" % index) for index in range(count)), delivery)
        assert [client.read_response().body for _ in range(count)] == [b"/%d" % index for index in range(count)]
    assert origin.targets == [b"/%d" % index for index in range(count)]
    assert len(origin.connections) == 1


def test_pipelined_requests_of_all_kinds_are_answered_in_order(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address))
    with gateway.client() as client:
        client.send(
            get(b"/1")
            + b"POST /2 HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
            + b"POST /3 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n"
            + b"\r\n"
            + b"HEAD /4 HTTP/1.1\r\n" + HOST + b"\r\n"
            + b"TRACE /5 HTTP/1.1\r\n" + HOST + b"\r\n"
            + get(b"/6", b"Connection: close\r\n")
        )  # fmt: skip
        methods = ["GET", "POST", "POST", "HEAD", "TRACE", "GET"]
        bodies = [client.read_response(method).body for method in methods]
        assert client.read_to_end() == (b"", End.FIN)
    assert [bodies[index] for index in (0, 1, 2, 3, 5)] == [b"/1", b"/2", b"/3", b"", b"/6"]


def test_a_client_is_not_read_from_while_its_request_is_in_flight(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def hold(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.until(lambda: released, "the test lets go", 30.0)
        await connection.send(OK)

    released: list[bool] = []
    sent = 0
    origin = start_origin(hold)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(get(b"/first"))
        origin.await_requests(1)
        memory = gateway.memory()
        flood = get(b"/more") * 1000
        client.socket.settimeout(0)

        def push() -> int:
            nonlocal sent
            with contextlib.suppress(BlockingIOError):
                sent += client.socket.send(flood)
            return sent

        wait_until_steady(push, "the gateway stops reading")
        assert sent < 32 * 1024 * 1024
        assert gateway.memory() - memory < 4 * 1024 * 1024
        assert origin.targets == [b"/first"]
        released.append(True)


def test_one_upstream_connection_serves_one_client_after_another(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    for index in range(20):
        with gateway.client() as client:
            assert client.request(get(b"/%d" % index)).body == b"/%d" % index
    assert len(origin.connections) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", id="close"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", id="1.0"),
    ],
)
def test_an_upstream_connection_is_not_used_again_where_the_origin_says_so(
    start_origin: StartOrigin, start_gateway: StartGateway, answer: bytes
) -> None:
    origin = start_origin(answering(answer))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        for index in range(3):
            assert client.request(get(b"/")).body == b"ok"
            origin.await_end(index)
    assert [len(connection.requests) for connection in origin.connections] == [1, 1, 1]


def test_an_idle_upstream_connection_is_closed_after_its_time(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, upstream="connections: {idle_timeout: 200ms}"))
    with gateway.client() as client:
        assert client.request(get(b"/1")).body == b"/1"
        assert origin.await_end() == "FIN"
        assert client.request(get(b"/2")).body == b"/2"
    assert len(origin.connections) == 2


def test_clients_at_the_same_time_have_connections_of_their_own(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def wait_for_all(connection: OriginConnection) -> None:
        while True:
            request = await connection.read_request()
            await connection.until(lambda: len(origin.requests) >= 20, "all requests are there")
            await connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.target) + request.target
            )

    origin = start_origin(wait_for_all)
    gateway = start_gateway(one_route(origin.address))
    clients = [gateway.client() for _ in range(20)]
    for index, client in enumerate(clients):
        client.send(get(b"/%d" % index))
    for index, client in enumerate(clients):
        assert client.read_response().body == b"/%d" % index
        client.close()
    assert len(origin.connections) == 20
