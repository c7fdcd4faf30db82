"""What is left of a request's time goes on to the upstream, and is obeyed where a trusted proxy tells it."""

import time
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, Origin, OriginConnection, say_target

FIELD: Final = b"x-time-left-ms"
TELLING: Final = "timeouts: {request: 5s, deadline_header: X-Time-Left-Ms}"


def head(*fields: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: gateway.test\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def told(origin: Origin, count: int) -> list[bytes]:
    """What the origin was told in the newest of so many requests."""
    return origin.await_requests(count)[-1].values(FIELD.decode())


def test_the_upstream_is_told_the_milliseconds_left_and_what_a_client_says_is_replaced(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, route=TELLING))
    with gateway.client() as client:
        assert client.request(head(b"X-Time-Left-Ms: 7")).status == 200
    (left,) = told(origin, 1)
    assert 3000 < int(left) <= 5000


@pytest.mark.parametrize(
    ("said", "most"),
    [
        pytest.param(b"700", 700, id="less than ours"),
        pytest.param(b"60000", 5000, id="more than ours"),
        pytest.param(b"soon", 5000, id="no number"),
    ],
)
def test_a_trusted_proxy_may_have_less_time_than_the_route_allows(
    start_origin: StartOrigin, start_gateway: StartGateway, said: bytes, most: int
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, route=TELLING, listener="trusted_proxies: [127.0.0.0/8]"))
    with gateway.client() as client:
        assert client.request(head(b"X-Time-Left-Ms: " + said)).status == 200
    (left,) = told(origin, 1)
    assert most * 0.5 < int(left) <= most


def test_without_a_limit_of_its_own_a_route_obeys_a_trusted_proxy_and_tells_nothing_else(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def hesitate(connection: OriginConnection) -> None:
        while True:
            request = await connection.read_request()
            if request.values(FIELD.decode()):
                await connection.until_peer_ends()
            await connection.send(OK)

    origin = start_origin(hesitate)
    obeying = "timeouts: {deadline_header: x-time-left-ms}"
    gateway = start_gateway(one_route(origin.address, route=obeying, listener="trusted_proxies: [127.0.0.0/8]"))
    with gateway.client() as client:
        assert client.request(head()).status == 200
        began_s = time.monotonic()
        answer = client.request(head(b"x-time-left-ms: 200"))
        assert_gateway_answer(answer, 504, "upstream_timeout_total")
        assert 0.18 < time.monotonic() - began_s < 10  # The route's own timeout is a quarter of a minute.
