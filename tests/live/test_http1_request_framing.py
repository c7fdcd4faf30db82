"""Requests of good form on their way to the origin: the body arrives unchanged under framing of the gateway's own
making, and what belongs to one hop only stays behind."""

import hashlib
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.messages import Request
from tests.support.origin import OK, OriginConnection, answering, say_target
from tests.support.raw_client import Delivery

HOST: Final = b"Host: gateway.test\r\n"
CHUNKED: Final = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
HIDDEN: Final = b"GET /smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n"

BODIES: Final = [
    pytest.param(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", "length", b"hello", id="a length"),
    pytest.param(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", "length", b"", id="a length of zero"),
    pytest.param(b"GET /a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", "length", b"hello", id="GET"),
    pytest.param(b"DELETE /a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", "length", b"hello", id="DELETE"),
    pytest.param(b"HEAD /a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", "length", b"hello", id="HEAD"),
    pytest.param(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", "chunked", b"hello", id="chunked"),
    pytest.param(CHUNKED + b"2\r\nhe\r\n003\r\nllo\r\n00\r\n\r\n", "chunked", b"hello", id="sizes with zeros"),
    pytest.param(
        CHUNKED + b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "chunked", b"0123456789" * 2, id="cases"
    ),
    pytest.param(CHUNKED + b"0\r\n\r\n", "chunked", b"", id="chunked without data"),
    pytest.param(
        CHUNKED + b'5;a;b=c;d="e\r\n'.replace(b"\r\n", b'"\r\n') + b"hello\r\n0;last\r\n\r\n",
        "chunked",
        b"hello",
        id="chunk extensions",
    ),
    pytest.param(
        b"POST /a HTTP/1.1\r\n" + HOST + b"transfer-encoding:CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "chunked",
        b"hello",
        id="chunked in other case",
    ),
    pytest.param(
        b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        "length",
        HIDDEN,
        id="a body that looks like a request",
    ),
    pytest.param(b"POST /a HTTP/1.0\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", "length", b"hello", id="HTTP/1.0"),
    pytest.param(b"POST /a HTTP/1.1\r\n" + HOST + b"\r\n", "none", b"", id="POST without a body"),
    pytest.param(b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n", "none", b"", id="GET without a body"),
]


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize(("raw", "framing", "body"), BODIES)
def test_a_body_arrives_unchanged_under_framing_of_the_gateway(
    start_origin: StartOrigin,
    start_gateway: StartGateway,
    raw: bytes,
    framing: str,
    body: bytes,
    delivery: Delivery,
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(raw, delivery)
        assert client.read_final(raw.split(b" ")[0].decode()).status == 200
    [request] = origin.requests
    assert request.body == body
    if body:
        assert request.framing == framing
    assert origin.received_size == request.size


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize("length", [b"003", b"0003", b"3", b"000000000000000000000000000003"])
def test_a_length_with_leading_zeros_is_written_canonically_or_refused(
    start_origin: StartOrigin, start_gateway: StartGateway, length: bytes, delivery: Delivery
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: " + length + b"\r\n\r\nabc", delivery)
        status = client.read_final("POST").status
    assert (status, [(request.values("content-length"), request.body) for request in origin.requests]) in [
        (200, [([b"3"], b"abc")]),
        (400, []),
    ]


def forwarded_trailers(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes, route: str, delivery: Delivery
) -> Request:
    """The request as the origin has received it."""
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address, route=route))
    with gateway.client() as client:
        assert client.request(raw, delivery=delivery).status == 200
    [request] = origin.requests
    return request


TRAILED: Final = (
    b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nTrailer: X-Checksum\r\nX-Checksum: head\r\n\r\n"
    b"5\r\nhello\r\n0\r\nX-Checksum: tail\r\nX-Role: admin\r\n\r\n"
)


@pytest.mark.parametrize("delivery", Delivery)
def test_trailers_are_dropped_by_default_and_never_become_headers(
    start_origin: StartOrigin, start_gateway: StartGateway, delivery: Delivery
) -> None:
    request = forwarded_trailers(start_origin, start_gateway, TRAILED, "", delivery)
    assert (request.body, request.trailers) == (b"hello", [])
    assert (request.values("x-checksum"), request.values("x-role")) == ([b"head"], [])


@pytest.mark.parametrize("delivery", Delivery)
def test_trailers_are_forwarded_as_trailers_where_the_route_says_so(
    start_origin: StartOrigin, start_gateway: StartGateway, delivery: Delivery
) -> None:
    request = forwarded_trailers(start_origin, start_gateway, TRAILED, "trailers: forward", delivery)
    assert (request.body, request.trailers) == (b"hello", [(b"X-Checksum", b"tail"), (b"X-Role", b"admin")])
    assert (request.values("x-checksum"), request.values("x-role")) == ([b"head"], [])


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_a_post_without_a_length_has_no_body(
    start_origin: StartOrigin, start_gateway: StartGateway, version: bytes
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(
            b"POST /a " + version + b"\r\n" + HOST + b"Connection: close\r\n\r\nGET /second HTTP/1.1\r\n" + HOST
        )
        assert client.read_final().body == b"/a"
        assert client.read_to_end()[0] == b""
    assert origin.targets == [b"/a"]
    assert origin.requests[0].body == b""


def test_twenty_thousand_chunks_of_one_byte_arrive_coalesced(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    body = bytes(index % 251 for index in range(20_000))
    with gateway.client() as client:
        client.send(CHUNKED + b"".join(b"1\r\n" + body[i : i + 1] + b"\r\n" for i in range(len(body))) + b"0\r\n\r\n")
        assert client.read_final("POST").status == 200
    [request] = origin.requests
    assert hashlib.sha256(request.body).digest() == hashlib.sha256(body).digest()
    assert request.size < 2 * len(body)


def test_the_forwarded_body_streams_before_it_is_complete(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(say_target)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(CHUNKED + b"5\r\nfirst\r\n")
        origin.await_received(b"first")
        client.send(b"6\r\nsecond\r\n0\r\n\r\n")
        assert client.read_final("POST").status == 200
    assert origin.requests[0].body == b"firstsecond"


def test_the_head_of_a_request_is_forwarded_before_its_body_arrives(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def answer_at_the_head(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.until(lambda: connection.received.endswith(b"hello"), "the body")
        await connection.send(OK)

    origin = start_origin(answer_at_the_head)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\n")
        origin.await_received(b"\r\n\r\n")
        client.send(b"hello")
        assert client.read_final("POST").body == b"ok"


def test_fields_keep_their_order_their_case_and_their_bytes(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    lines = [
        (b"x-lower", b"1"),
        (b"X-UPPER", b"2"),
        (b"Cookie", b"a=1; b=2"),
        (b"Cookie", b"c=3"),
        (b"X-Obs-Text", b"\x80\x85caf\xe9\xa0\xff"),
        (b"X-Tab", b"a\tb"),
        (b"X-Empty", b""),
        (b"X-Twice", b"first"),
        (b"X-Twice", b"second, third"),
    ]
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.request(b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"%s: %s\r\n" % line for line in lines) + b"\r\n")
    sent_names = {name for name, _ in lines}
    assert [line for line in origin.requests[0].fields if line[0] in sent_names] == lines


def test_fields_with_an_underscore_in_their_name_are_dropped(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(OK))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.request(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content_Length: 100\r\nTransfer_Encoding: chunked\r\n"
            b"X_Forwarded_For: 1.2.3.4\r\nx_user: admin\r\n_: a\r\nContent-Length: 2\r\n\r\nhi"
        )
    [request] = origin.requests
    assert request.body == b"hi"
    assert [name for name in request.names if b"_" in name] == []
