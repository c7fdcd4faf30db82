"""The limits of a listener, each enforced across reads: one byte at a time meets the same limit as one big write."""

import contextlib
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer, read_refusal
from tests.support.origin import OriginConnection, say_target
from tests.support.raw_client import Delivery, End, RawClient, Truncated
from tests.support.waiting import wait_until

HOST: Final = b"Host: gateway.test\r\n"
FENCE: Final = b"GET /fence HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
CHUNKED: Final = b"POST /body HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"

SMALL: Final = (
    "limits: {line: 1KiB, header_bytes: 4KiB, headers: 20, trailer_bytes: 1KiB, chunk_line: 1KiB, body: 512B}"
)


def fields(count: int, size: int = 8) -> bytes:
    return b"".join(b"X-%04d: %s\r\n" % (index, b"v" * size) for index in range(count))


HEADS: Final = [
    pytest.param(b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", (414,), id="a long target"),
    pytest.param(b"GET /?" + b"a" * 2000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", (414,), id="a long query"),
    pytest.param(b"GET /" + b"a" * 20_000, (414,), id="a target without an end"),
    pytest.param(b"A" * 20_000, (400, 414, 501), id="a method without an end"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"v" * 5000 + b"\r\n\r\n", (431,), id="a long field line"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"v" * 20_000, (431,), id="a field line without an end"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X" * 5000 + b": 1\r\n\r\n", (431,), id="a long field name"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X" * 20_000, (431,), id="a field name without an end"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X-A:" + b" " * 20_000, (431,), id="white space without an end"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + fields(10, 600) + b"\r\n", (431,), id="many long fields"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + fields(21) + b"\r\n", (431,), id="too many fields"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + fields(2000), (431,), id="fields without an end"),
    pytest.param(
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 513\r\n\r\n" + b"b" * 513,
        (413,),
        id="a long body announced",
    ),
    pytest.param(
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 18446744073709551615\r\n\r\n",
        (400, 413),
        id="the longest body of 64 bits",
    ),
    pytest.param(b"\r\n" * 3000, (400, 408, 414, 431), id="empty lines without an end"),
]


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize(("raw", "statuses"), HEADS)
def test_a_head_past_a_limit_is_refused_and_does_not_reach_the_origin(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes, statuses: tuple[int, ...], delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, listener=SMALL + ", timeouts: {header: 2s}"))
    with gateway.client() as client:
        client.send_until_refused(raw, delivery)
        read_refusal(client, *statuses)
    with gateway.client() as client:
        assert client.request(FENCE).body == b"/fence"
    assert origin.targets == [b"/fence"]
    assert origin.received_size == len(origin.requests[0].head)


BODIES: Final = [
    pytest.param(b"5;a=" + b"x" * 2000 + b"\r\nhello\r\n0\r\n\r\n", (400, 413, 431), id="a long chunk extension"),
    pytest.param(b"5;" + b"x" * 20_000, (400, 413, 431), id="a chunk extension without an end"),
    pytest.param(b"5" + b" " * 20_000, (400, 413, 431), id="white space in a chunk line without an end"),
    pytest.param(b"0" * 20_000, (400, 413, 431), id="zeros of a chunk size without an end"),
    pytest.param(b"5\r\nhello\r\n0\r\nX-A: " + b"x" * 2000 + b"\r\n\r\n", (400, 413, 431), id="a long trailer"),
    pytest.param(b"5\r\nhello\r\n0\r\nX-A: " + b"x" * 20_000, (400, 413, 431), id="a trailer without an end"),
    pytest.param(b"5\r\nhello\r\n0\r\n" + fields(300), (400, 413, 431), id="trailers without an end"),
    pytest.param(b"201\r\n" + b"b" * 513 + b"\r\n0\r\n\r\n", (413,), id="a chunk longer than a body may be"),
    pytest.param(
        b"100\r\n" + b"b" * 256 + b"\r\n101\r\n" + b"b" * 257 + b"\r\n0\r\n\r\n", (413,), id="chunks too long"
    ),
    pytest.param(b"1\r\nb\r\n" * 600, (413,), id="tiny chunks without an end"),
]


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize(("chunks", "statuses"), BODIES)
def test_a_chunked_body_past_a_limit_is_refused_and_never_completed_at_the_origin(
    start_origin: StartOrigin, start_gateway: StartGateway, chunks: bytes, statuses: tuple[int, ...], delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, listener=SMALL, upstream="connections: {max: 1}"))
    with gateway.client() as client:
        client.send_until_refused(CHUNKED + chunks, delivery)
        read_refusal(client, *statuses)
    with gateway.client() as client:
        assert client.request(FENCE).body == b"/fence"
    assert origin.targets == [b"/fence"]


WITHIN: Final = [
    pytest.param(b"GET /" + b"a" * 900 + b" HTTP/1.1\r\n" + HOST + b"\r\n", id="a target"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"v" * 4000 + b"\r\n\r\n", id="a field line"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + fields(6, 600) + b"\r\n", id="the bytes of all fields"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + fields(19) + b"\r\n", id="the number of fields"),
    pytest.param(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 512\r\n\r\n" + b"b" * 512, id="a body"),
    pytest.param(CHUNKED + b"200\r\n" + b"b" * 512 + b"\r\n0\r\n\r\n", id="a chunked body"),
    pytest.param(CHUNKED + b"5;a=" + b"x" * 1000 + b"\r\nhello\r\n0\r\n\r\n", id="a chunk line"),
    pytest.param(CHUNKED + b"5\r\nhello\r\n0\r\nX-A: " + b"x" * 1000 + b"\r\n\r\n", id="trailers"),
]


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize("raw", WITHIN)
def test_a_request_just_within_a_limit_is_forwarded(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes, delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, listener=SMALL))
    with gateway.client() as client:
        assert client.request(raw, delivery=delivery).status == 200
        assert client.request(FENCE).body == b"/fence"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"v" * 1_000_000, 431, id="a field line of 1 MB"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + fields(20_000) + b"\r\n", 431, id="20,000 fields"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + fields(101, 1) + b"\r\n", 431, id="101 fields"),
        pytest.param(b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, id="a target of 1 MB"),
        pytest.param(CHUNKED + b"5;" + b"x" * 1_000_000, 400, id="a chunk extension of 1 MB"),
    ],
)
def test_the_default_limits_refuse_a_flood(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes, status: int
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send_until_refused(raw)
        read_refusal(client, status, 431, 413 if status == 400 else status)
    assert origin.targets == []


def test_the_last_request_a_connection_may_carry_is_answered_with_close(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, listener="limits: {requests_per_connection: 3}"))
    with gateway.client() as client:
        client.send(FENCE * 5)
        assert [client.read_response().closes for _ in range(3)] == [False, False, True]
        assert client.read_to_end() == (b"", End.FIN)
    assert len(origin.targets) == 3


def test_a_connection_past_the_limit_is_turned_away_and_the_others_keep_working(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, listener="limits: {connections: 2}"))
    with gateway.client() as first, gateway.client() as second:
        assert first.request(FENCE).status == second.request(FENCE).status == 200
        with gateway.client() as third:
            third.send_until_refused(FENCE)
            data, _ = third.read_to_end()
        assert not data or data.startswith(b"HTTP/1.1 503 ")
        assert first.request(FENCE).status == second.request(FENCE).status == 200
    wait_until(lambda: is_served(gateway.client()), "a new connection is served once the others have gone")


def is_served(client: RawClient) -> bool:
    with client, contextlib.suppress(Truncated):
        client.send_until_refused(FENCE)
        return client.read_response().status == 200
    return False


def test_a_body_that_passes_the_limit_under_way_is_refused_and_the_origin_is_left(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def wait(connection: OriginConnection) -> None:
        await connection.until_peer_ends()

    origin = start_origin(wait)
    gateway = start_gateway(one_route(origin.address, listener="limits: {body: 1KiB}"))
    with gateway.client() as client:
        client.send(CHUNKED + b"400\r\n" + b"b" * 1024 + b"\r\n")
        origin.await_received(b"b" * 1024)
        client.send(b"1\r\nb\r\n")
        assert_gateway_answer(read_refusal(client, 413), 413, "body_too_large")
    assert origin.await_end() in {"FIN", "RST"}
