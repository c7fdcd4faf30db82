"""The smuggling corpus: an attacker and a victim share one connection to the origin, and whatever the attacker sends or
makes the origin send, the victim gets its own answer and the origin never sees a request nobody made."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import OriginConnection, say_target
from tests.support.raw_client import Delivery

HOST: Final = b"Host: gateway.test\r\n"
VICTIM: Final = b"GET /victim HTTP/1.1\r\nHost: gateway.test\r\nCookie: session=secret\r\n\r\n"
SMUGGLED: Final = b"GET /smuggled HTTP/1.1\r\nHost: gateway.test\r\nX-Swallow: "


def post(fields: bytes, body: bytes) -> bytes:
    return b"POST /attack HTTP/1.1\r\n" + HOST + fields + b"\r\n" + body


def with_length(fields: bytes) -> bytes:
    """A request that is over after five bytes to whoever believes its length, and at once to whoever does not."""
    return post(fields, b"0\r\n\r\n" + SMUGGLED)


LENGTH: Final = b"Content-Length: %d\r\n" % (5 + len(SMUGGLED))

ATTACKS: Final[dict[str, bytes]] = {
    "CL.TE": with_length(LENGTH + b"Transfer-Encoding: chunked\r\n"),
    "TE.CL": post(
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n",
    ),
    "CL.TE with a space before the colon": with_length(LENGTH + b"Transfer-Encoding : chunked\r\n"),
    "CL.TE with a tab before the colon": with_length(LENGTH + b"Transfer-Encoding\t: chunked\r\n"),
    "CL.TE with a vertical tab": with_length(LENGTH + b"Transfer-Encoding:\x0bchunked\r\n"),
    "CL.TE with a form feed": with_length(LENGTH + b"Transfer-Encoding: chunked\x0c\r\n"),
    "CL.TE with a NUL": with_length(LENGTH + b"Transfer-Encoding: chunked\x00\r\n"),
    "CL.TE folded": with_length(LENGTH + b"Transfer-Encoding:\r\n chunked\r\n"),
    "CL.TE folded with a tab": with_length(LENGTH + b"X-A: b\r\n\tTransfer-Encoding: chunked\r\n"),
    "CL.TE behind a bare LF": with_length(LENGTH + b"X-A: b\nTransfer-Encoding: chunked\r\n"),
    "CL.TE behind a bare CR": with_length(LENGTH + b"X-A: b\rTransfer-Encoding: chunked\r\n"),
    "CL.TE behind an empty name": with_length(LENGTH + b": b\r\nTransfer-Encoding: chunked\r\n"),
    "CL.TE with an underscore": with_length(b"Transfer_Encoding: chunked\r\n" + LENGTH)[: -len(SMUGGLED)] + SMUGGLED,
    "CL.TE xchunked": with_length(LENGTH + b"Transfer-Encoding: xchunked\r\n"),
    "CL.TE chunked and identity": with_length(LENGTH + b"Transfer-Encoding: chunked, identity\r\n"),
    "CL.TE identity and chunked in two fields": with_length(
        LENGTH + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"
    ),
    "CL.TE in quotes": with_length(LENGTH + b'Transfer-Encoding: "chunked"\r\n'),
    "CL.TE on HTTP/1.0": with_length(LENGTH + b"Transfer-Encoding: chunked\r\n").replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "TE on HTTP/1.0 with keep-alive": with_length(b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n").replace(
        b"HTTP/1.1", b"HTTP/1.0", 1
    ),
    "two lengths": with_length(LENGTH + b"Content-Length: 5\r\n"),
    "two lengths in the other order": with_length(b"Content-Length: 5\r\n" + LENGTH),
    "two lengths in one field": with_length(b"Content-Length: 5, %d\r\n" % (5 + len(SMUGGLED))),
    "a length with a plus": with_length(b"Content-Length: +5\r\n"),
    "a length with a space before the colon": with_length(b"Content-Length : 5\r\n"),
    "a length named by Connection": with_length(b"Connection: Content-Length\r\n" + LENGTH),
    "a coding named by Connection": with_length(b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n"),
    "a length behind a NUL in its name": with_length(b"Content\x00-Length: 5\r\n"),
    "a length past 64 bits that wraps to zero": post(b"Content-Length: 18446744073709551616\r\n", SMUGGLED),
    "a chunk size past 64 bits that wraps to zero": post(
        b"Transfer-Encoding: chunked\r\n", b"10000000000000000\r\n\r\n" + SMUGGLED
    ),
    "a chunk extension with a bare LF": post(b"Transfer-Encoding: chunked\r\n", b"5;\n" + SMUGGLED + b"\r\n0\r\n\r\n"),
    "a chunk that spills": post(b"Transfer-Encoding: chunked\r\n", b"1\r\nabc\r\n0\r\n\r\n" + SMUGGLED),
    "a last chunk ended by LF": post(b"Transfer-Encoding: chunked\r\n", b"0\n\n" + SMUGGLED),
    "a last chunk ended by CR": post(b"Transfer-Encoding: chunked\r\n", b"0\r\r\n" + SMUGGLED),
    "a length among the trailers": post(
        b"Transfer-Encoding: chunked\r\n", b"0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED
    ),
    "a body with GET": b"GET /attack HTTP/1.1\r\n" + HOST + LENGTH + b"\r\n0\r\n\r\n" + SMUGGLED,
    "a body with HEAD": b"HEAD /attack HTTP/1.1\r\n" + HOST + LENGTH + b"\r\n0\r\n\r\n" + SMUGGLED,
    "a body with OPTIONS *": b"OPTIONS * HTTP/1.1\r\n" + HOST + LENGTH + b"\r\n0\r\n\r\n" + SMUGGLED,
    "a body with TRACE": b"TRACE / HTTP/1.1\r\n" + HOST + LENGTH + b"\r\n0\r\n\r\n" + SMUGGLED,
    "a body with an unknown path": post(b"X-Missing: 1\r\n" + LENGTH, b"0\r\n\r\n" + SMUGGLED).replace(
        b"/attack", b"/missing", 1
    ),
    "a body with an upgrade": b"GET /attack HTTP/1.1\r\n"
    + HOST
    + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    + LENGTH
    + b"\r\n0\r\n\r\n"
    + SMUGGLED,
    "bytes behind an upgrade": b"GET /attack HTTP/1.1\r\n"
    + HOST
    + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    + SMUGGLED,
    "an upgrade to h2c": b"GET /attack HTTP/1.1\r\n"
    + HOST
    + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    + LENGTH
    + b"\r\n0\r\n\r\n"
    + SMUGGLED,
    "bytes behind CONNECT": b"CONNECT gateway.test:80 HTTP/1.1\r\n" + HOST + b"\r\n" + SMUGGLED,
    "a body behind an expectation": post(b"Expect: 100-continue\r\n" + LENGTH, b"0\r\n\r\n" + SMUGGLED),
    "a body behind an unknown expectation": post(b"Expect: x\r\n" + LENGTH, b"0\r\n\r\n" + SMUGGLED),
    "a request line with a bare LF in the version": b"GET /attack HTTP/1.1\nX: " + SMUGGLED,
    "a target with a space": b"GET /attack HTTP/1.1\r\nX: GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target with an encoded line end": b"GET /attack%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a HTTP/1.1\r\n"
    + HOST
    + b"\r\n",
    "two hosts": b"GET /attack HTTP/1.1\r\n" + HOST + b"Host: other.test\r\n\r\n",
}


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize("attack", [pytest.param(raw, id=name) for name, raw in ATTACKS.items()])
def test_a_victim_on_the_same_upstream_connection_gets_its_own_answer(
    start_origin: StartOrigin, start_gateway: StartGateway, attack: bytes, delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1}", match="path_regex: '/[^m].*'"))
    with gateway.client() as attacker, gateway.client() as victim:
        assert victim.request(VICTIM).body == b"/victim"
        attacker.send(attack, delivery)
        attacker.read_final(attack.split(b" ", 1)[0].decode())
        for _ in range(2):
            assert victim.request(VICTIM).body == b"/victim"
    assert {target.split(b"%")[0] for target in origin.targets} <= {b"/victim", b"/attack"}
    assert all(b"session=secret" not in request.body for request in origin.requests)


OWN: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n/attack"
POISON: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"

POISONED: Final = [
    pytest.param("GET", OWN + POISON, id="a second answer"),
    pytest.param("GET", OWN + b"\r\n", id="an empty line"),
    pytest.param("GET", OWN + b"x", id="one byte"),
    pytest.param("GET", OWN + b"HTTP/1.1 200 OK\r\n", id="the beginning of a second answer"),
    pytest.param("GET", OWN + b"HTTP/1.1 100 Continue\r\n\r\n", id="an interim answer"),
    pytest.param("HEAD", OWN, id="a body with HEAD"),
    pytest.param(
        "HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\npoison\r\n0\r\n\r\n", id="chunks with HEAD"
    ),
    pytest.param("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\n" + POISON, id="an answer in a body with HEAD"),
    pytest.param("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 44\r\n\r\n" + POISON, id="a body with 204"),
    pytest.param("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 44\r\n\r\n" + POISON, id="a body with 304"),
    pytest.param(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n/attack\r\n0\r\n\r\n" + POISON,
        id="a second answer behind chunks",
    ),
    pytest.param("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + POISON, id="a second answer behind no body"),
]


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("method", "answer"), POISONED)
def test_an_upstream_connection_with_bytes_after_the_answer_is_never_used_again(
    start_origin: StartOrigin, start_gateway: StartGateway, method: str, answer: bytes, *, bytewise: bool
) -> None:
    async def poison(connection: OriginConnection) -> None:
        request = await connection.read_request()
        if request.target != b"/attack":
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n/victim")
        elif bytewise:
            await connection.send_bytewise(answer)
        else:
            await connection.send(answer)

    origin = start_origin(poison)
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1}"))
    with gateway.client() as attacker, gateway.client() as victim:
        attacker.send(method.encode() + b" /attack HTTP/1.1\r\n" + HOST + b"\r\n")
        assert attacker.read_final(method).status < 400
        origin.await_end()
        assert victim.request(VICTIM).body == b"/victim"
    assert origin.connections[0].requests == origin.requests[:1]


def test_bytes_on_an_idle_upstream_connection_end_it(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def poison_later(connection: OriginConnection) -> None:
        request = await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + request.target)
        if request.target == b"/attack":
            await connection.until(lambda: gateway.records, "the exchange is over")
            await connection.send(POISON)

    origin = start_origin(poison_later)
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1}"))
    with gateway.client() as attacker, gateway.client() as victim:
        assert attacker.request(b"GET /attack HTTP/1.1\r\n" + HOST + b"\r\n").body == b"/attack"
        origin.await_end()
        assert victim.request(VICTIM).body == b"/victim"
