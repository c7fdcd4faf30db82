"""Upgrade to a tunnel (RFC 9110 section 7.8): only after the origin's 101 to a request that asked for it; until then
HTTP framing stays on, and any other answer is an ordinary one."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, OriginConnection, PeerGone, answering
from tests.support.raw_client import Delivery, End
from tests.support.waiting import wait_until

HOST: Final = b"Host: gateway.test\r\n"
HANDSHAKE: Final = (
    b"GET /socket HTTP/1.1\r\n" + HOST + b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCHING: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


async def echo_tunnel(connection: OriginConnection) -> None:
    """Switch, then send every byte back; a half-close is answered with `bye` and the end."""
    await connection.read_request()
    await connection.send(SWITCHING)
    while True:
        try:
            await connection.send(await connection.read_bytes(1))
        except PeerGone:
            await connection.send(b"bye")
            await connection.close()
            return


@pytest.mark.parametrize("delivery", Delivery)
def test_bytes_flow_both_ways_after_the_switch(
    start_origin: StartOrigin, start_gateway: StartGateway, delivery: Delivery
) -> None:
    origin = start_origin(echo_tunnel)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(HANDSHAKE, delivery)
        response = client.read_response()
        assert response.status == 101
        assert b"upgrade" in response.tokens("connection")
        assert response.value("upgrade") == b"websocket"
        assert response.value("sec-websocket-accept") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        message = bytes(range(256)) + b"\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"
        client.send(message, delivery)
        assert client.read_until(message) == message
    request = origin.requests[0]
    assert b"upgrade" in request.tokens("connection")
    assert request.values("upgrade") == [b"websocket"]
    assert request.value("sec-websocket-key") == b"dGhlIHNhbXBsZSBub25jZQ=="


def test_a_half_close_of_the_client_is_passed_on_and_the_answer_still_arrives(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(echo_tunnel).address))
    with gateway.client() as client:
        client.send(HANDSHAKE)
        assert client.read_response().status == 101
        client.send(b"hello")
        client.half_close()
        assert client.read_to_end() == (b"hellobye", End.FIN)
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.upgraded) == (101, "none", True)


def test_a_half_close_of_the_origin_is_passed_on_and_the_client_may_go_on(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def speak_first(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(SWITCHING + b"farewell")
        connection.half_close()
        heard.append(await connection.read_bytes(5))
        await connection.until_peer_ends()

    heard: list[bytes] = []
    origin = start_origin(speak_first)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(HANDSHAKE)
        assert client.read_response().status == 101
        assert client.read_to_end() == (b"farewell", End.FIN)
        client.send(b"hello")
        wait_until(lambda: heard, "the origin hears the client after its own half-close")
        client.half_close()
        assert origin.await_end() == "FIN"
    assert heard == [b"hello"]


def test_bytes_right_behind_the_switch_are_part_of_the_tunnel(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(SWITCHING + b"\x81\x05hello")).address))
    with gateway.client() as client:
        client.send(HANDSHAKE)
        assert client.read_response().status == 101
        assert client.read_until(b"hello") == b"\x81\x05hello"


def test_bytes_sent_before_the_switch_are_held_until_it(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def switch_later(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.until(lambda: released, "the test lets go")
        early.append(connection.received_size - len(connection.requests[0].head))
        await connection.send(SWITCHING)
        await connection.send(await connection.read_bytes(5))

    released: list[bool] = []
    early: list[int] = []
    origin = start_origin(switch_later)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client, gateway.client() as other:
        client.send(HANDSHAKE + b"early")
        origin.await_requests(1)
        assert other.request(b"GET /*other HTTP/1.1\r\n\r\n").status == 400
        released.append(True)
        assert client.read_response().status == 101
        assert client.read_until(b"early") == b"early"
    assert early == [0]


ORDINARY: Final = [
    pytest.param(OK, 200, id="200"),
    pytest.param(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno", 400, id="400"),
    pytest.param(
        b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", 403, id="chunked"
    ),
    pytest.param(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", 426, id="426"),
]


@pytest.mark.parametrize("behind", [b"", b"\x81\x05hello", b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"])
@pytest.mark.parametrize(("answer", "status"), ORDINARY)
def test_any_other_answer_is_an_ordinary_one_and_ends_the_connection(
    start_origin: StartOrigin, start_gateway: StartGateway, answer: bytes, status: int, behind: bytes
) -> None:
    origin = start_origin(answering(answer))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(HANDSHAKE + behind)
        response = client.read_response()
        assert (response.status, response.closes) == (status, True)
        client.send_until_refused(b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.read_to_end()[0] == b""
    assert origin.targets == [b"/socket"]
    assert origin.received_size == origin.requests[0].size


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize(
    ("framing", "body"),
    [
        pytest.param(b"Content-Length: 5\r\n\r\n", b"hello", id="a length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", id="chunked"),
    ],
)
def test_a_body_with_an_upgrade_stays_a_body(
    start_origin: StartOrigin, start_gateway: StartGateway, framing: bytes, body: bytes, delivery: Delivery
) -> None:
    origin = start_origin(echo_tunnel)
    gateway = start_gateway(one_route(origin.address))
    head = HANDSHAKE.replace(b"GET ", b"POST ")[:-2] + framing
    with gateway.client() as client:
        client.send(head + body, delivery)
        response = client.read_response()
        assert response.status in {101, 400, 501}
        if response.status == 101:
            client.send(b"tunnel")
            assert client.read_until(b"tunnel") == b"tunnel"
            assert origin.requests[0].body == b"hello"


def test_a_switch_before_the_request_is_whole_is_a_502(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def switch_early(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.send(SWITCHING)
        await connection.until_peer_ends()

    origin = start_origin(switch_early)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(HANDSHAKE.replace(b"GET ", b"POST ")[:-2] + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel")
        assert_gateway_answer(client.read_response(), 502, "upstream_protocol_error")
    origin.await_end()


NOT_ASKED: Final = [
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", id="no upgrade"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\n\r\n", id="Upgrade without Connection"),
    pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\n\r\n", id="Connection without Upgrade"),
    pytest.param(
        b"GET / HTTP/1.0\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", id="an upgrade of 1.0"
    ),
]


@pytest.mark.parametrize("request_raw", NOT_ASKED)
def test_a_switch_nobody_asked_for_is_a_502(
    start_origin: StartOrigin, start_gateway: StartGateway, request_raw: bytes
) -> None:
    origin = start_origin(answering(SWITCHING + b"\x81\x05hello"))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert_gateway_answer(client.request(request_raw), 502, "upstream_protocol_error")
    origin.await_end()
    assert origin.requests[0].values("upgrade") == []


@pytest.mark.parametrize(
    "switch",
    [
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="without Upgrade"),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", id="to another protocol"
        ),
    ],
)
def test_a_switch_to_what_was_not_asked_for_is_a_502(
    start_origin: StartOrigin, start_gateway: StartGateway, switch: bytes
) -> None:
    origin = start_origin(answering(switch))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert_gateway_answer(client.request(HANDSHAKE), 502, "upstream_protocol_error")
    origin.await_end()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(b"Upgrade: h2c\r\n", id="alone"),
        pytest.param(b"Upgrade: H2C\r\n", id="in other case"),
        pytest.param(b"Upgrade: h2c, websocket\r\n", id="before another"),
        pytest.param(b"Upgrade: websocket, h2c\r\n", id="behind another"),
        pytest.param(b"Upgrade: ,h2c\r\n", id="behind a comma"),
        pytest.param(b"Upgrade: websocket\r\nUpgrade: h2c\r\n", id="in a second field"),
    ],
)
def test_an_upgrade_to_http_2_is_never_offered_to_the_origin(
    start_origin: StartOrigin, start_gateway: StartGateway, fields: bytes
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        response = client.request(
            b"GET / HTTP/1.1\r\n"
            + HOST
            + b"Connection: Upgrade, HTTP2-Settings\r\n"
            + fields
            + b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        )
        assert response.status in {200, 400}
    for request in origin.requests:
        assert b"h2c" not in request.tokens("upgrade")
        assert b"http2-settings" not in request.names
        assert (b"upgrade" in request.tokens("connection")) == bool(request.values("upgrade"))


@pytest.mark.parametrize("who", ["client", "origin"])
def test_an_abort_of_either_side_ends_the_tunnel(
    start_origin: StartOrigin, start_gateway: StartGateway, who: str
) -> None:
    async def switch(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(SWITCHING)
        await connection.read_bytes(5)
        if who == "origin":
            await connection.reset()
        else:
            await connection.until_peer_ends()

    origin = start_origin(switch)
    gateway = start_gateway(one_route(origin.address))
    client = gateway.client()
    client.send(HANDSHAKE)
    assert client.read_response().status == 101
    client.send(b"hello")
    origin.await_received(b"hello")
    if who == "client":
        client.reset()
        assert origin.await_end() in {"FIN", "RST"}
    else:
        assert client.read_to_end()[0] == b""
        client.close()
    assert gateway.await_records(1)[0].upgraded


def test_a_tunnel_in_which_nothing_moves_is_ended(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin = start_origin(echo_tunnel)
    gateway = start_gateway(one_route(origin.address, route="timeouts: {upstream_idle: 300ms}"))
    with gateway.client() as client:
        client.send(HANDSHAKE)
        assert client.read_response().status == 101
        client.send(b"hello")
        assert client.read_until(b"hello") == b"hello"
        client.read_to_end(deadline_s=3.0)
    origin.await_end()
    assert gateway.await_records(1)[0].reason == "upstream_idle_timeout"


def test_a_tunnel_carries_a_mebibyte_each_way(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    size = 1024 * 1024

    async def swap(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(SWITCHING)
        data = await connection.read_bytes(size)
        await connection.send(data[::-1])

    gateway = start_gateway(one_route(start_origin(swap).address))
    data = b"".join(index.to_bytes(4, "big") for index in range(size // 4))
    with gateway.client() as client:
        client.send(HANDSHAKE)
        assert client.read_response().status == 101
        client.send(data)
        assert client.read_until(data[::-1][-64:]) == data[::-1]
