"""Where the network cuts a stream of messages means nothing: cut in two at every single position, requests and answers
come out the same."""

from functools import partial
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import OriginConnection, say_target

HOST: Final = b"Host: gateway.test\r\n"

REQUESTS: Final = (
    b"GET /1 HTTP/1.1\r\n" + HOST + b"\r\n"
    b"\r\n"
    b"POST /2 HTTP/1.1\r\n" + HOST + b"Content-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n"
    b"POST /3 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n4;a=b\r\n\r\n\r\n\r\n1\r\nx\r\n0\r\nX-A: b\r\n\r\n"
    b"HEAD /4 HTTP/1.1\r\n" + HOST + b"X-A:\r\n\r\n"
    b"GET /5 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
)  # fmt: skip
BODIES: Final = [b"", b"\r\n\r\n\r\n\r\n", b"\r\n\r\nx", b"", b""]


def test_requests_cut_at_any_position_arrive_the_same(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    for cut in range(1, len(REQUESTS)):
        with gateway.client() as client:
            client.send(REQUESTS[:cut])
            gateway.turn()
            client.send(REQUESTS[cut:])
            answers = [client.read_response(method).body for method in ("GET", "POST", "POST", "HEAD", "GET")]
            assert answers == [b"/1", b"/2", b"/3", b"", b"/5"], f"cut at {cut}"
            assert client.read_to_end()[0] == b""
    assert [request.body for request in origin.requests] == BODIES * (len(REQUESTS) - 1)
    assert [request.target for request in origin.requests[:5]] == [b"/1", b"/2", b"/3", b"/4", b"/5"]


ANSWERS: Final = [
    pytest.param(
        "GET", b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n", b"\r\n\r\n\r\n\r\n", id="length"
    ),
    pytest.param(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\n\r\n\r\n\r\n1\r\nx\r\n0\r\nX-A: b\r\n\r\n",
        b"\r\n\r\nx",
        id="chunked",
    ),
    pytest.param(
        "GET",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"ok",
        id="interim",
    ),
    pytest.param("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", b"", id="HEAD"),
    pytest.param("GET", b"HTTP/1.1 204 No Content\r\nX-A:\r\n\r\n", b"", id="204"),
]


@pytest.mark.parametrize(("method", "answer", "body"), ANSWERS)
def test_an_answer_cut_at_any_position_arrives_the_same(
    start_origin: StartOrigin, start_gateway: StartGateway, method: str, answer: bytes, body: bytes
) -> None:
    async def cut_later(connection: OriginConnection) -> None:
        for cut in range(1, len(answer)):
            await connection.read_request()
            await connection.send(answer[:cut])
            await connection.until(partial(turned.__contains__, cut), "the gateway has read the first part")
            await connection.send(answer[cut:])

    turned: list[int] = []
    origin = start_origin(cut_later)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        for cut in range(1, len(answer)):
            client.send(method.encode() + b" / HTTP/1.1\r\n" + HOST + b"\r\n")
            origin.await_sent(cut + len(answer) * (cut - 1))
            gateway.turn()
            turned.append(cut)
            assert client.read_final(method).body == body, f"cut at {cut}"
    assert len(origin.connections) == 1
