"""Every wait of an exchange has an end: what the client gets, what the record says, and what becomes of the origin."""

import socket
import time
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer, read_refusal
from tests.support.origin import OK, OriginConnection, PeerGone, answering, say_target
from tests.support.raw_client import Delivery, End
from tests.support.waiting import wait_until

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
SHORT_S: Final = 0.3
SLACK_S: Final = 6.0
"""How much later than configured a timeout may come on a busy machine."""


async def never_answer(connection: OriginConnection) -> None:
    await connection.read_head()
    await connection.until_peer_ends()


class Stopwatch:
    def __init__(self) -> None:
        self._started_s = time.monotonic()

    def assert_about(self, expected_s: float) -> None:
        elapsed_s = time.monotonic() - self._started_s
        assert expected_s * 0.9 <= elapsed_s <= expected_s + SLACK_S


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"G", id="in the method"),
        pytest.param(b"GET / HTTP/1.1\r\n", id="after the request line"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X-A: 1\r\n", id="before the end"),
    ],
)
def test_a_head_that_does_not_arrive_in_time_is_refused(
    start_origin: StartOrigin, start_gateway: StartGateway, part: bytes
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, listener="timeouts: {header: 300ms}"))
    with gateway.client() as client:
        watch = Stopwatch()
        client.send(part)
        read_refusal(client, 408)
        watch.assert_about(SHORT_S)
    assert origin.connections == []
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (408, "client_timeout", "client")


def test_a_head_that_drips_in_is_refused_when_its_whole_time_is_over(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address, listener="timeouts: {header: 300ms}"))
    with gateway.client() as client:
        watch = Stopwatch()
        client.send(b"GET / HTTP/1.1\r\nX-A: ")
        client.socket.settimeout(0.02)
        while True:
            client.send_until_refused(b"a")
            try:
                if client.socket.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                continue
        watch.assert_about(SHORT_S)
        assert client.read_response().status == 408


def test_the_time_of_a_head_begins_with_its_first_byte(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address, listener="timeouts: {header: 1s, idle: 30s}"))
    with gateway.client() as client:
        assert client.request(GET).status == 200
        time.sleep(1 + SHORT_S)
        assert client.request(GET, delivery=Delivery.BYTEWISE).status == 200


def test_a_connection_that_never_speaks_is_closed(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    gateway = start_gateway(
        one_route(start_origin(say_target).address, listener="timeouts: {header: 300ms, idle: 300ms}")
    )
    with gateway.client() as client:
        data, end = client.read_to_end()
    assert end is End.FIN
    assert not data or data.startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_is_closed_without_a_word(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address, listener="timeouts: {idle: 300ms}"))
    with gateway.client() as client:
        watch = Stopwatch()
        assert client.request(GET).status == 200
        assert client.read_to_end() == (b"", End.FIN)
        watch.assert_about(SHORT_S)
    assert len(gateway.records) == 1


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\nhello", id="a length"),
        pytest.param(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", id="chunked"),
    ],
)
def test_a_body_that_stops_is_refused_and_the_origin_is_left(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes
) -> None:
    origin = start_origin(never_answer)
    gateway = start_gateway(one_route(origin.address, listener="timeouts: {body_idle: 300ms}"))
    with gateway.client() as client:
        watch = Stopwatch()
        client.send(raw)
        read_refusal(client, 408)
        watch.assert_about(SHORT_S)
    origin.await_end()
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (408, "client_timeout", "client")


def test_a_body_that_keeps_coming_may_take_longer_than_one_pause(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, listener="timeouts: {body_idle: 300ms}"))
    with gateway.client() as client:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 8\r\n\r\n")
        for _ in range(8):
            time.sleep(0.1)
            client.send(b"x")
        assert client.read_response().status == 200


def test_an_origin_that_does_not_begin_to_answer_is_a_504(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(never_answer)
    gateway = start_gateway(one_route(origin.address, route="timeouts: {first_byte: 300ms}"))
    with gateway.client() as client:
        watch = Stopwatch()
        assert_gateway_answer(client.request(GET), 504, "upstream_timeout_first_byte")
        watch.assert_about(SHORT_S)
        assert_gateway_answer(client.request(GET), 504, "upstream_timeout_first_byte")
    origin.await_end()
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (504, "upstream_timeout_first_byte", "upstream")


def test_the_time_to_the_first_byte_begins_when_the_request_is_sent(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(say_target).address, route="timeouts: {first_byte: 300ms}"))
    with gateway.client() as client:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\n")
        for _ in range(6):
            time.sleep(0.1)
            client.send(b"x")
        assert client.read_response().status == 200


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun", b"HTTP/1.1 200 OK\r\n\r\nbegun"],
    ids=["length", "until close"],
)
def test_an_answer_that_stops_is_cut(start_origin: StartOrigin, start_gateway: StartGateway, head: bytes) -> None:
    async def stop(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(head)
        await connection.until_peer_ends()

    origin = start_origin(stop)
    gateway = start_gateway(one_route(origin.address, route="timeouts: {upstream_idle: 300ms}"))
    with gateway.client() as client:
        watch = Stopwatch()
        client.send(GET)
        assert client.read_until(b"begun")
        rest, _ = client.read_to_end()
        assert not rest.endswith(b"0\r\n\r\n")
        watch.assert_about(SHORT_S)
    origin.await_end()
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (200, "upstream_idle_timeout", "upstream")


def test_an_answer_whose_head_stops_is_a_504(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def stop(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-")
        await connection.until_peer_ends()

    gateway = start_gateway(
        one_route(start_origin(stop).address, route="timeouts: {first_byte: 300ms, upstream_idle: 300ms}")
    )
    with gateway.client() as client:
        watch = Stopwatch()
        response = client.request(GET)
        assert response.status == 504
        watch.assert_about(SHORT_S)
    assert gateway.await_records(1)[0].reason in {"upstream_timeout_first_byte", "upstream_idle_timeout"}


def test_an_exchange_that_takes_longer_than_the_route_allows_is_a_504(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(never_answer)
    gateway = start_gateway(one_route(origin.address, route="timeouts: {request: 300ms}"))
    with gateway.client() as client:
        watch = Stopwatch()
        assert_gateway_answer(client.request(GET), 504, "upstream_timeout_total")
        watch.assert_about(SHORT_S)
    origin.await_end()
    assert gateway.await_records(1)[0].reason == "upstream_timeout_total"


def test_an_answer_that_takes_longer_than_the_route_allows_is_cut(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def drip(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                await connection.send(b"1\r\nx\r\n")
                await connection.until(ticks, "the next piece", 5.0)
        except PeerGone:
            return

    def ticks() -> bool:
        time_s = time.monotonic()
        due = time_s - last[0] > 0.05
        if due:
            last[0] = time_s
        return due

    last = [0.0]
    gateway = start_gateway(one_route(start_origin(drip).address, route="timeouts: {request: 300ms}"))
    with gateway.client() as client:
        watch = Stopwatch()
        client.send(GET)
        client.read_until(b"x")
        rest, _ = client.read_to_end()
        assert not rest.endswith(b"0\r\n\r\n")
        watch.assert_about(SHORT_S)
    assert gateway.await_records(1)[0].reason == "upstream_timeout_total"


def test_a_connection_that_is_not_accepted_in_time_is_a_504(start_gateway: StartGateway) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        gateway = start_gateway(
            one_route(f"127.0.0.1:{full.getsockname()[1]}", upstream="connections: {connect_timeout: 300ms}")
        )
        with gateway.client() as client:
            watch = Stopwatch()
            assert_gateway_answer(client.request(GET), 504, "connect_timeout")
            watch.assert_about(SHORT_S)
        for filler in fillers:
            filler.close()
    assert gateway.await_records(1)[0].reason == "connect_timeout"


def test_a_client_that_stops_reading_is_cut_off(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def flow(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    origin = start_origin(flow)
    gateway = start_gateway(one_route(origin.address, listener="timeouts: {write_stall: 300ms}"))
    with gateway.client(receive_buffer=4096) as client:
        client.send(GET)
        record = gateway.await_records(1)[0]
        assert (record.status, record.source) == (200, "client")
        assert record.reason in {"client_timeout", "client_disconnect"}
        origin.await_end()
        gateway.await_connections(0)


def test_a_client_that_reads_slowly_is_not_cut_off(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    body = b"x" * 8_000_000
    origin = start_origin(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
    gateway = start_gateway(
        one_route(origin.address, listener="timeouts: {write_stall: 1s}", route="timeouts: {upstream_idle: 1s}")
    )
    with gateway.client(receive_buffer=65536) as client:
        client.send(GET)
        read = 0
        while read < 800_000:
            read += len(client.socket.recv(65536))
            time.sleep(0.1)
        while read < len(body):
            read += len(client.socket.recv(1 << 20))
        assert read >= len(body)


def test_a_refused_client_that_keeps_sending_is_cut_off_in_the_end(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address))
    with gateway.client() as client:
        client.send(b"GET /%zz HTTP/1.1\r\n" + HOST + b"\r\n")
        read_refusal(client, 400)

        def is_cut_off() -> bool:
            try:
                client.socket.send(b"x" * 1000)
            except ConnectionError:
                return True
            return False

        wait_until(is_cut_off, "the gateway cuts off a client that goes on after its refusal", 15.0)
    gateway.await_connections(0)
