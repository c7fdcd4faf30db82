"""Answers of good form on their way to the client: the body arrives unchanged, framed for the client's version, and
what belongs to one hop only stays behind."""

import re
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.messages import Response
from tests.support.origin import OK, OriginConnection, answering
from tests.support.raw_client import End

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
HEAD: Final = b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n"
GET_1_0: Final = b"GET / HTTP/1.0\r\n" + HOST + b"\r\n"
KEEP_1_0: Final = b"GET / HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n\r\n"

LENGTH: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"
UNTIL_CLOSE: Final = b"HTTP/1.1 200 OK\r\n\r\nhello"
UNTIL_CLOSE_1_0: Final = b"HTTP/1.0 200 OK\r\n\r\nhello"
LENGTH_1_0: Final = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"
KEEP_ALIVE_1_0: Final = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"
CLOSE: Final = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
LEADING_ZEROS: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 005\r\n\r\nhello"

FRAMINGS: Final = [
    pytest.param(LENGTH, GET, "length", False, id="length to 1.1"),
    pytest.param(LENGTH, GET_1_0, "length", True, id="length to 1.0"),
    pytest.param(LENGTH, KEEP_1_0, "length", False, id="length to 1.0 with keep-alive"),
    pytest.param(CHUNKED, GET, "chunked", False, id="chunked to 1.1"),
    pytest.param(CHUNKED, GET_1_0, "close", True, id="chunked to 1.0"),
    pytest.param(CHUNKED, KEEP_1_0, "close", True, id="chunked to 1.0 with keep-alive"),
    pytest.param(UNTIL_CLOSE, GET, "chunked", False, id="until close to 1.1"),
    pytest.param(UNTIL_CLOSE, GET_1_0, "close", True, id="until close to 1.0"),
    pytest.param(UNTIL_CLOSE_1_0, GET, "chunked", False, id="until close of 1.0 to 1.1"),
    pytest.param(LENGTH_1_0, GET, "length", False, id="length of 1.0 to 1.1"),
    pytest.param(KEEP_ALIVE_1_0, GET, "length", False, id="length of 1.0 with keep-alive to 1.1"),
    pytest.param(CLOSE, GET, "length", False, id="length with close to 1.1"),
    pytest.param(LEADING_ZEROS, GET, "length", False, id="length with leading zeros to 1.1"),
]


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("answer", "request_raw", "framing", "closes"), FRAMINGS)
def test_an_answer_is_framed_for_the_version_of_the_client(
    start_origin: StartOrigin,
    start_gateway: StartGateway,
    answer: bytes,
    request_raw: bytes,
    framing: str,
    *,
    closes: bool,
    bytewise: bool,
) -> None:
    async def script(connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            await (connection.send_bytewise(answer) if bytewise else connection.send(answer))
            if answer in (UNTIL_CLOSE, UNTIL_CLOSE_1_0, CLOSE, LENGTH_1_0):
                await connection.close()
                return

    gateway = start_gateway(one_route(start_origin(script).address))
    with gateway.client() as client:
        response = client.request(request_raw)
        assert (response.status, response.body, response.framing) == (200, b"hello", framing)
        if closes:
            assert b"keep-alive" not in response.tokens("connection")
            assert client.read_to_end() == (b"", End.FIN)
        else:
            assert not response.closes
            assert (b"keep-alive" in response.tokens("connection")) == (request_raw is KEEP_1_0)
            assert client.request(request_raw).body == b"hello"


BODILESS: Final = [
    pytest.param(HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", [b"5"], id="HEAD with a length"),
    pytest.param(HEAD, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None, id="HEAD with chunked"),
    pytest.param(HEAD, b"HTTP/1.1 200 OK\r\n\r\n", None, id="HEAD without framing"),
    pytest.param(HEAD, b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", [b"9"], id="HEAD of what is missing"),
    pytest.param(GET, b"HTTP/1.1 204 No Content\r\n\r\n", [], id="204"),
    pytest.param(GET, b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", [], id="204 with a length"),
    pytest.param(GET, b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", [], id="204 with chunked"),
    pytest.param(GET, b"HTTP/1.1 304 Not Modified\r\n\r\n", None, id="304"),
    pytest.param(GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", [b"5"], id="304 with a length"),
    pytest.param(GET, b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", None, id="304 with chunked"),
]


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("request_raw", "answer", "lengths"), BODILESS)
def test_an_answer_without_a_body_is_complete_at_the_end_of_its_head(
    start_origin: StartOrigin,
    start_gateway: StartGateway,
    request_raw: bytes,
    answer: bytes,
    lengths: list[bytes] | None,
    *,
    bytewise: bool,
) -> None:
    async def script(connection: OriginConnection) -> None:
        while True:
            request = await connection.read_request()
            chosen = answer if request.target == b"/" else OK
            await (connection.send_bytewise(chosen) if bytewise else connection.send(chosen))

    origin = start_origin(script)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        response = client.request(request_raw, request_raw.split(b" ")[0].decode())
        if lengths is not None:
            assert response.values("content-length") == lengths
        if response.status == 204:
            assert response.values("transfer-encoding") == []
        assert client.request(b"GET /next HTTP/1.1\r\n" + HOST + b"\r\n").body == b"ok"
    assert len(origin.requests) == 2


@pytest.mark.parametrize("status", [200, 201, 206, 299, 301, 400, 404, 418, 429, 500, 503, 599])
def test_every_status_passes_unchanged(start_origin: StartOrigin, start_gateway: StartGateway, status: int) -> None:
    origin = start_origin(answering(b"HTTP/1.1 %d As It Is\r\nContent-Length: 2\r\n\r\nok" % status))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        response = client.request(GET)
        assert (response.status, response.body) == (status, b"ok")
        assert client.request(GET).status == status
    record = gateway.await_records(2)[0]
    assert (record.status, record.source) == (status, "upstream")


def test_an_answer_without_a_phrase_passes(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route(start_origin(answering(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok")).address))
    with gateway.client() as client:
        assert client.request(GET).status == 200


def answer_with(start_origin: StartOrigin, start_gateway: StartGateway, fields: bytes) -> Response:
    """What a client receives of an answer with these fields."""
    origin = start_origin(answering(b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 2\r\n\r\nok"))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        return client.request(GET)


def test_fields_of_an_answer_keep_their_order_their_case_and_their_bytes(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    lines = [
        (b"x-lower", b"1"),
        (b"Set-Cookie", b"a=1; Path=/"),
        (b"SET-COOKIE", b"b=2"),
        (b"Server", b"origin/1"),
        (b"X-Obs-Text", b"\x80\x85caf\xe9\xa0\xff"),
        (b"X-Tab", b"a\tb"),
        (b"X-Empty", b""),
        (b"Content-Encoding", b"gzip"),
    ]
    response = answer_with(start_origin, start_gateway, b"".join(b"%s: %s\r\n" % line for line in lines))
    sent_names = {name for name, _ in lines}
    assert [line for line in response.fields if line[0] in sent_names] == lines


def test_fields_of_one_hop_are_dropped_from_an_answer(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    response = answer_with(
        start_origin,
        start_gateway,
        b"Connection: keep-alive, X-Internal\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"
        b"X-Internal: secret\r\nUpgrade: h2c\r\nTrailer: X-A\r\nTE: trailers\r\nX-Kept: 1\r\n",
    )
    dropped = {b"keep-alive", b"proxy-connection", b"x-internal", b"upgrade", b"te"}
    assert response.names & dropped == set()
    assert response.value("x-kept") == b"1"


def test_a_date_is_added_where_the_origin_gave_none(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    date = answer_with(start_origin, start_gateway, b"").value("date")
    assert date is not None
    assert re.fullmatch(rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", date)


def test_a_date_of_the_origin_is_kept(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    given = b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert answer_with(start_origin, start_gateway, b"Date: " + given + b"\r\n").values("date") == [given]


INTERIM: Final = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nConnection: X-A\r\nX-A: 1\r\n\r\n"


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
def test_early_hints_are_forwarded_to_a_client_of_1_1(
    start_origin: StartOrigin, start_gateway: StartGateway, *, bytewise: bool
) -> None:
    async def hint(connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            await (connection.send_bytewise if bytewise else connection.send)(INTERIM + INTERIM + OK)

    gateway = start_gateway(one_route(start_origin(hint).address))
    with gateway.client() as client:
        for _ in range(2):
            client.send(GET)
            hints = [client.read_response(), client.read_response()]
            assert [response.status for response in hints] == [103, 103]
            assert [response.value("link") for response in hints] == [b"</style.css>; rel=preload"] * 2
            assert hints[0].names & {b"x-a", b"content-length", b"transfer-encoding"} == set()
            assert client.read_response().body == b"ok"


def test_early_hints_arrive_before_the_answer_is_there(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def hint(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(INTERIM)
        await connection.until(lambda: hinted, "the client has the hint")
        await connection.send(OK)

    hinted: list[int] = []
    gateway = start_gateway(one_route(start_origin(hint).address))
    with gateway.client() as client:
        client.send(GET)
        hinted.append(client.read_response().status)
        assert client.read_response().status == 200


@pytest.mark.parametrize("interim", [INTERIM, b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_interim_answers_are_kept_from_a_client_of_1_0(
    start_origin: StartOrigin, start_gateway: StartGateway, interim: bytes
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(interim + OK)).address))
    with gateway.client() as client:
        client.send(GET_1_0)
        assert client.read_response().status == 200


def test_a_continue_nobody_asked_for_is_swallowed(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route(start_origin(answering(b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + OK)).address))
    with gateway.client() as client:
        for _ in range(2):
            client.send(GET)
            assert client.read_response().status == 200


TRAILED: Final = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n\r\n"
    b"5\r\nhello\r\n0\r\nX-Checksum: tail\r\nX-Role: b\r\n\r\n"
)


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(
    ("route", "request_raw", "trailers"),
    [
        pytest.param("", GET, [], id="dropped by default"),
        pytest.param(
            "trailers: forward", GET, [(b"X-Checksum", b"tail"), (b"X-Role", b"b")], id="forwarded where wanted"
        ),
        pytest.param("trailers: forward", GET_1_0, [], id="dropped to 1.0"),
    ],
)
def test_trailers_of_an_answer(
    start_origin: StartOrigin,
    start_gateway: StartGateway,
    route: str,
    request_raw: bytes,
    trailers: list[tuple[bytes, bytes]],
    *,
    bytewise: bool,
) -> None:
    async def trail(connection: OriginConnection) -> None:
        await connection.read_request()
        await (connection.send_bytewise(TRAILED) if bytewise else connection.send(TRAILED))

    gateway = start_gateway(one_route(start_origin(trail).address, route=route))
    with gateway.client() as client:
        response = client.request(request_raw)
        assert (response.body, response.trailers) == (b"hello", trailers)
        assert b"x-checksum" not in response.names


def test_an_answer_streams_before_it_is_complete(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def stream(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await connection.until(lambda: seen, "the client has the first part")
        await connection.send(b"4\r\nlast\r\n0\r\n\r\n")

    seen: list[bytes] = []
    gateway = start_gateway(one_route(start_origin(stream).address))
    with gateway.client() as client:
        client.send(GET)
        seen.append(client.read_until(b"first"))
        assert client.read_until(b"0\r\n\r\n").endswith(b"last\r\n0\r\n\r\n")


def test_the_head_of_an_answer_arrives_before_its_body(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def stream(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        await connection.until(lambda: seen, "the client has the head")
        await connection.send(b"ok")

    seen: list[bytes] = []
    gateway = start_gateway(one_route(start_origin(stream).address))
    with gateway.client() as client:
        client.send(GET)
        seen.append(client.read_until(b"\r\n\r\n"))
        assert client.read_until(b"ok") == b"ok"


def test_chunks_of_one_byte_from_the_origin_arrive_coalesced(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    body = bytes(index % 251 for index in range(20_000))
    chunks = b"".join(b"1\r\n" + body[i : i + 1] + b"\r\n" for i in range(len(body))) + b"0\r\n\r\n"
    origin = start_origin(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        response = client.request(GET)
        assert response.body == body
        assert response.size < 2 * len(body)
