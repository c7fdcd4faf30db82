"""Answers of bad form from an origin: the twin of every rule for requests. The client gets a 502 of the gateway's own,
the connection is never used again, and the next request is served."""

from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, OriginConnection, PeerGone, answering, in_turn
from tests.support.raw_client import End, Truncated

GET: Final = b"GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
GET_1_0: Final = b"GET / HTTP/1.0\r\nHost: gateway.test\r\nConnection: keep-alive\r\n\r\n"


def answer(fields: bytes, body: bytes = b"", status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return status + b"\r\n" + fields + b"\r\n" + body


STATUS_LINES: Final[dict[str, bytes]] = {
    "status 999": b"HTTP/1.1 999 Odd",
    "status 600": b"HTTP/1.1 600 Odd",
    "status 099": b"HTTP/1.1 099 Odd",
    "status 000": b"HTTP/1.1 000 Odd",
    "status of two digits": b"HTTP/1.1 20 Odd",
    "status of four digits": b"HTTP/1.1 2000 Odd",
    "status with a sign": b"HTTP/1.1 +20 Odd",
    "status of letters": b"HTTP/1.1 OK OK",
    "no status": b"HTTP/1.1",
    "version 0.9": b"HTTP/0.9 200 OK",
    "version 1.2": b"HTTP/1.2 200 OK",
    "version 2.0": b"HTTP/2.0 200 OK",
    "another protocol": b"ICY 200 OK",
    "RTSP": b"RTSP/1.0 200 OK",
    "no version": b"200 OK",
    "a request": b"GET / HTTP/1.1",
    "two spaces": b"HTTP/1.1  200 OK",
    "a tab": b"HTTP/1.1\t200 OK",
    "a space before": b" HTTP/1.1 200 OK",
    "a bare CR in the phrase": b"HTTP/1.1 200 O\rK",
    "a NUL in the phrase": b"HTTP/1.1 200 O\x00K",
    "a bare LF in the phrase": b"HTTP/1.1 200 O\nX-A: K",
    "an unsolicited 101": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket",
}

FRAMINGS: Final[dict[str, bytes]] = {
    "a length and chunked": answer(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"2\r\nok\r\n0\r\n\r\n"),
    "chunked and a length": answer(b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", b"2\r\nok\r\n0\r\n\r\n"),
    "two lengths that differ": answer(b"Content-Length: 2\r\nContent-Length: 3\r\n", b"ok!"),
    "a list of lengths": answer(b"Content-Length: 2, 3\r\n", b"ok!"),
    "a length with a plus": answer(b"Content-Length: +2\r\n", b"ok"),
    "a negative length": answer(b"Content-Length: -2\r\n", b"ok"),
    "a length in hex": answer(b"Content-Length: 0x2\r\n", b"ok"),
    "an empty length": answer(b"Content-Length: \r\n", b"ok"),
    "a length past 64 bits": answer(b"Content-Length: 18446744073709551616\r\n", b"ok"),
    "xchunked": answer(b"Transfer-Encoding: xchunked\r\n", b"2\r\nok\r\n0\r\n\r\n"),
    "chunked and gzip": answer(b"Transfer-Encoding: chunked, gzip\r\n", b"2\r\nok\r\n0\r\n\r\n"),
    "gzip and chunked": answer(b"Transfer-Encoding: gzip, chunked\r\n", b"2\r\nok\r\n0\r\n\r\n"),
    "a comma and chunked": answer(b"Transfer-Encoding: ,chunked\r\n", b"2\r\nok\r\n0\r\n\r\n"),
    "chunked twice": answer(b"Transfer-Encoding: chunked\r\n" * 2, b"2\r\nok\r\n0\r\n\r\n"),
    "chunked on HTTP/1.0": answer(b"Transfer-Encoding: chunked\r\n", b"2\r\nok\r\n0\r\n\r\n", b"HTTP/1.0 200 OK"),
}

FIELD_LINES: Final[dict[str, bytes]] = {
    "a NUL in the value": b"X-A: 1\x002\r\n",
    "a bare CR in the value": b"X-A: 1\rX-B: 2\r\n",
    "a bare LF at its end": b"X-A: 1\nX-B: 2\r\n",
    "an escape in the value": b"X-A: 1\x1b[2m\r\n",
    "folded over two lines": b"X-A: 1\r\n 2\r\n",
    "a space before the colon": b"X-A : 1\r\n",
    "an empty name": b": 1\r\n",
    "no colon": b"X-A\r\n",
    "a space in the name": b"X A: 1\r\n",
    "a NUL in the name": b"X\x00A: 1\r\n",
    "two CRs at its end": b"X-A: 1\r\r\n",
}

FLOODS: Final[dict[str, bytes]] = {
    "20,000 fields": answer(b"".join(b"X-%05d: 1\r\n" % index for index in range(20_000)) + b"Content-Length: 0\r\n"),
    "a field line of 1 MB": answer(b"X-A: " + b"a" * 1_000_000 + b"\r\nContent-Length: 0\r\n"),
    "a phrase of 1 MB": b"HTTP/1.1 200 " + b"a" * 1_000_000,
    "a field name of 1 MB": b"HTTP/1.1 200 OK\r\n" + b"a" * 1_000_000,
    "interim answers without an end": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20_000,
    "continues without an end": b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
    "garbage": b"\x16\x03\x03\x00\x28" + bytes(range(256)) * 10,
    "an answer of HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80",
}

CASES: Final = [
    *(pytest.param(answer(b"Content-Length: 2\r\n", b"ok", line), id=name) for name, line in STATUS_LINES.items()),
    *(pytest.param(raw, id=f"framing: {name}") for name, raw in FRAMINGS.items()),
    *(
        pytest.param(answer(b"Content-Length: 2\r\n" + line, b"ok"), id=f"field line: {name}")
        for name, line in FIELD_LINES.items()
    ),
]


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("raw", CASES)
def test_an_answer_of_bad_form_becomes_a_502_and_its_connection_is_never_used_again(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes, *, bytewise: bool
) -> None:
    async def bad(connection: OriginConnection) -> None:
        await connection.read_request()
        await (connection.send_bytewise(raw) if bytewise else connection.send(raw))

    origin = start_origin(in_turn([bad, answering(OK)]))
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1}"))
    with gateway.client() as client:
        assert_gateway_answer(client.request(GET), 502, "upstream_protocol_error")
        assert client.request(GET).body == b"ok"
    origin.await_end()
    assert len(origin.connections[0].requests) == 1
    record = gateway.await_records(2)[0]
    assert (record.status, record.reason, record.source) == (502, "upstream_protocol_error", "upstream")


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in FLOODS.items()])
def test_an_answer_without_measure_becomes_a_502(
    start_origin: StartOrigin, start_gateway: StartGateway, raw: bytes
) -> None:
    async def flood(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(raw)

    origin = start_origin(in_turn([flood, answering(OK)]))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        assert_gateway_answer(client.request(GET), 502, "upstream_protocol_error")
        assert client.request(GET).body == b"ok"
    origin.await_end()


@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"", id="before it begins"),
        pytest.param(b"HTTP/1.1 2", id="in the status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="in a field"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", id="before the end of the head"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\n\r\n", id="after an interim answer"),
    ],
)
def test_an_answer_cut_short_in_its_head_becomes_a_502(
    start_origin: StartOrigin, start_gateway: StartGateway, part: bytes, ending: str
) -> None:
    async def cut(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(part)
        await (connection.close() if ending == "close" else connection.reset())

    origin = start_origin(in_turn([cut, answering(OK)]))
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        response = client.request(GET)
        assert response.status == 502
        assert client.request(GET).body == b"ok"
    assert gateway.await_records(2)[0].reason in {"upstream_reset", "upstream_protocol_error"}


CUTS: Final[dict[str, tuple[bytes, bytes]]] = {
    "within a length": (answer(b"Content-Length: 100\r\n", b"begun"), b""),
    "within a chunk": (answer(b"Transfer-Encoding: chunked\r\n", b"64\r\nbegun"), b""),
    "between chunks": (answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun\r\n"), b""),
    "before the last line": (answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun"), b"\r\n0\r\n"),
    "within the trailers": (answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun"), b"\r\n0\r\nX-A: 1\r\n"),
}

BREAKS: Final[dict[str, tuple[bytes, bytes]]] = {
    "a chunk size that is not hex": (
        answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun\r\n"),
        b"G\r\nx\r\n0\r\n\r\n",
    ),
    "a chunk that spills": (answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun"), b"x\r\n0\r\n\r\n"),
    "a chunk line ended by LF": (answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun\r\n"), b"0\n\n"),
    "a chunk size past 64 bits": (
        answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun\r\n"),
        b"10000000000000000\r\n\r\n0\r\n\r\n",
    ),
    "a length among the trailers": (
        answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun\r\n"),
        b"0\r\nContent-Length: 5\r\n\r\n",
    ),
    "trailers without an end": (
        answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun\r\n"),
        b"0\r\n" + b"X-A: 1\r\n" * 50_000,
    ),
    "a chunk extension without an end": (
        answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun\r\n"),
        b"5;" + b"x" * 1_000_000,
    ),
}


@pytest.mark.parametrize("request_raw", [pytest.param(GET, id="1.1"), pytest.param(GET_1_0, id="1.0")])
@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize(("first", "then"), [pytest.param(*parts, id=name) for name, parts in CUTS.items()])
def test_an_answer_cut_short_in_its_body_is_never_ended_cleanly(
    start_origin: StartOrigin, start_gateway: StartGateway, first: bytes, then: bytes, ending: str, request_raw: bytes
) -> None:
    async def cut(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(first)
        await connection.until(lambda: begun, "the client has the beginning")
        await connection.send(then)
        await (connection.close() if ending == "close" else connection.reset())

    begun: list[bytes] = []
    origin = start_origin(cut)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(request_raw)
        begun.append(client.read_until(b"begun"))
        assert_cut(begun[0], *client.read_to_end())
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (200, "upstream_reset", "upstream")


@pytest.mark.parametrize("request_raw", [pytest.param(GET, id="1.1"), pytest.param(GET_1_0, id="1.0")])
@pytest.mark.parametrize(("first", "then"), [pytest.param(*parts, id=name) for name, parts in BREAKS.items()])
def test_an_answer_whose_framing_breaks_is_never_ended_cleanly(
    start_origin: StartOrigin, start_gateway: StartGateway, first: bytes, then: bytes, request_raw: bytes
) -> None:
    async def break_framing(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(first)
        await connection.until(lambda: begun, "the client has the beginning")
        await connection.send(then)

    begun: list[bytes] = []
    origin = start_origin(break_framing)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(request_raw)
        begun.append(client.read_until(b"begun"))
        assert_cut(begun[0], *client.read_to_end())
    origin.await_end()
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (200, "upstream_protocol_error", "upstream")


def assert_cut(head: bytes, rest: bytes, end: End) -> None:
    """The client can tell: an abort, or an end before the announced one."""
    assert head.startswith(b"HTTP/1.1 200 ")
    if b"transfer-encoding: chunked" in head.lower():
        assert not rest.endswith(b"0\r\n\r\n")
    elif b"content-length: 100" not in head.lower():
        assert end is End.RST


def test_an_answer_that_ends_with_its_connection_is_complete_at_the_end(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def until_close(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(answer(b"X-A: 1\r\n", b"all of it"))
        await connection.close()

    gateway = start_gateway(one_route(start_origin(until_close).address))
    with gateway.client() as client:
        response = client.request(GET)
        assert (response.status, response.body, response.framing) == (200, b"all of it", "chunked")
        assert client.request(GET).body == b"all of it"


def test_an_answer_that_ends_with_its_connection_is_cut_by_a_reset(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def until_reset(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(answer(b"X-A: 1\r\n", b"begun"))
        await connection.until(lambda: begun, "the client has the beginning")
        await connection.reset()

    begun: list[bytes] = []
    gateway = start_gateway(one_route(start_origin(until_reset).address))
    with gateway.client() as client:
        client.send(GET)
        begun.append(client.read_until(b"begun"))
        assert_cut(begun[0], *client.read_to_end())


def test_interim_answers_are_cut_off_before_they_fill_the_client(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def flood(connection: OriginConnection) -> None:
        await connection.read_request()
        try:
            while True:
                await connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)
        except PeerGone:
            return

    origin = start_origin(flood)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(GET)
        interim = 0
        while (response := client.read_response()).status < 200:
            interim += 1
        assert_gateway_answer(response, 502, "upstream_protocol_error")
    assert interim < 1000


def test_a_truncated_answer_is_never_completed_in_a_thousand_tries(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def cut(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(answer(b"Transfer-Encoding: chunked\r\n", b"5\r\nbegun\r\n"))
        await connection.close()

    gateway = start_gateway(one_route(start_origin(cut).address))
    for _ in range(1000):
        with gateway.client() as client:
            client.send(GET)
            try:
                response = client.read_final()
            except Truncated:
                continue
            assert response.status == 502
