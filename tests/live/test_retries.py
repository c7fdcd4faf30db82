"""Further attempts on real sockets, byte by byte: an endpoint fails in each way there is, and the client gets the answer of
another, or what the last one said."""

import socket
from typing import Final

import pytest

from gateway.model.outcome import Reason
from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import free_port, one_route
from tests.support.gateway_answer import assert_gateway_answer
from tests.support.origin import OK, OriginConnection, Script, answering
from tests.support.raw_client import Delivery

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET /first HTTP/1.1\r\n" + HOST + b"\r\n"
BUSY: Final = b"HTTP/1.1 503 Busy\r\nX-Origin: busy\r\nContent-Length: 4\r\n\r\nbusy"
ON: Final = "on: [connect_error, reset, timeout, 503]"


def retrying(more: str = "") -> str:
    return f"retries: {{{ON}, backoff: {{first: 10ms, max: 40ms}}{', ' if more else ''}{more}}}"


async def reset(connection: OriginConnection) -> None:
    await connection.read_request()
    await connection.reset()


async def close(connection: OriginConnection) -> None:
    await connection.read_request()
    await connection.close()


async def begin_and_reset(connection: OriginConnection) -> None:
    await connection.read_request()
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    await connection.reset()


async def stay_silent(connection: OriginConnection) -> None:
    await connection.read_request()
    await connection.until_peer_ends()


def answering_once(answer: bytes) -> Script:
    async def script(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(answer)

    return script


@pytest.mark.parametrize(
    ("script", "reason", "status"),
    [
        (reset, "upstream_reset", 0),
        (close, "upstream_reset", 0),
        (begin_and_reset, "upstream_reset", 0),
        (stay_silent, "upstream_timeout_first_byte", 0),
        (answering(BUSY), "upstream_status", 503),
    ],
)
def test_whatever_one_endpoint_does_the_client_gets_the_answer_of_the_other(
    start_origin: StartOrigin, start_gateway: StartGateway, script: Script, reason: str, status: int
) -> None:
    failing, well = start_origin(script), start_origin(answering(OK))
    config = one_route(
        failing.address, well.address, upstream="balance: round_robin", route=retrying("per_try_timeout: 200ms")
    )
    gateway = start_gateway(config)
    with gateway.client() as client:
        assert [client.request(GET).status for _ in range(4)] == [200] * 4
    retried = [record.attempts for record in gateway.await_records(4) if len(record.attempts) > 1]
    assert retried
    for first, second in retried:
        assert (first.endpoint, first.reason, first.status) == (failing.address, reason, status)
        assert (second.endpoint, second.reason, second.status) == (well.address, "none", 200)
    assert well.targets == [b"/first"] * 4


def test_a_refused_connection_is_tried_elsewhere_whatever_the_method(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    well = start_origin(answering(OK))
    config = one_route(f"127.0.0.1:{free_port()}", well.address, upstream="balance: round_robin", route=retrying())
    gateway = start_gateway(config)
    post = b"POST /first HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
    with gateway.client() as client:
        assert [client.request(post).status for _ in range(4)] == [200] * 4
    assert [request.body for request in well.requests] == [b"hello"] * 4
    assert max(len(record.attempts) for record in gateway.await_records(4)) == 2


def test_the_last_attempts_answer_goes_through_as_it_came(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(BUSY))
    gateway = start_gateway(one_route(origin.address, route=retrying("attempts: 3")))
    with gateway.client() as client:
        response = client.request(GET)
        assert (response.status, response.body) == (503, b"busy")
        assert (b"X-Origin", b"busy") in response.fields
        assert client.request(GET).status == 503
    assert len(origin.requests) == 6
    assert len(origin.connections) == 1


def test_an_answer_that_is_not_used_leaves_its_connection_fit_for_use_or_closes_it(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def in_pieces(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(BUSY[:-2])
        await connection.send(BUSY[-2:])
        await answering(OK)(connection)

    async def endless(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(40):
            await connection.send(b"2000\r\n" + bytes(0x2000) + b"\r\n")

    for script, connections in ((in_pieces, 1), (endless, 2)):
        origin = start_origin(script if script is in_pieces else _first(script, answering(OK)))
        gateway = start_gateway(one_route(origin.address, route=retrying()))
        with gateway.client() as client:
            assert client.request(GET).status == 200
            assert client.request(GET).status == 200
        assert len(origin.connections) <= connections
        assert origin.targets == [b"/first"] * 3


def _first(script: Script, others: Script) -> Script:
    """One connection runs the script, those that follow the other one."""
    served: list[OriginConnection] = []

    async def run(connection: OriginConnection) -> None:
        served.append(connection)
        await (script if len(served) == 1 else others)(connection)

    return run


def test_a_body_is_sent_again_whole(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    failing, well = start_origin(answering(BUSY)), start_origin(answering(OK))
    config = one_route(failing.address, well.address, upstream="balance: round_robin", route=retrying())
    gateway = start_gateway(config)
    body = bytes(range(256)) * 200
    put = b"PUT /first HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunked = b"PUT /first HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with gateway.client() as client:
        assert [client.request(raw).status for raw in (put, put, chunked, chunked)] == [200] * 4
    assert [request.body for request in well.requests] == [body, body, b"abcde", b"abcde"]


def test_a_body_beyond_the_buffer_is_sent_once(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    failing = start_origin(answering(BUSY))
    gateway = start_gateway(one_route(failing.address, route=retrying("body_buffer: 1KiB")))
    put = b"PUT /first HTTP/1.1\r\n" + HOST + b"Content-Length: 1025\r\n\r\n" + bytes(1025)
    with gateway.client() as client:
        assert (client.request(put).status, client.request(put[:-1].replace(b"1025", b"1024")).status) == (503, 503)
    assert len(failing.requests) == 1 + 3
    first, second = gateway.await_records(2)
    assert (first.suppressed, second.suppressed) == ("body", "")


@pytest.mark.parametrize(("seconds", "attempts"), [(b"0", 3), (b"3600", 1)])
def test_retry_after_is_waited_for_or_passed_on(
    start_origin: StartOrigin, start_gateway: StartGateway, seconds: bytes, attempts: int
) -> None:
    origin = start_origin(answering(BUSY.replace(b"X-Origin: busy", b"Retry-After: " + seconds)))
    gateway = start_gateway(one_route(origin.address, route=retrying()))
    with gateway.client() as client:
        response = client.request(GET)
    assert response.status == 503
    assert (b"Retry-After", seconds) in response.fields
    assert len(origin.requests) == attempts


def test_nothing_is_tried_again_behind_a_byte_of_the_answer(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    seen: list[bytes] = []

    async def break_off(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.send(OK[:-1])
        await connection.until(lambda: seen, "the client has what was sent")
        await connection.reset()

    origin = start_origin(break_off)
    gateway = start_gateway(one_route(origin.address, route=retrying()))
    with gateway.client() as client:
        client.send(GET)
        seen.append(client.read_until(b"\r\n\r\no"))
        client.read_to_end()
    assert len(origin.requests) == 1
    assert [attempt.reason for attempt in gateway.await_records(1)[0].attempts] == ["upstream_reset"]


def test_a_client_that_leaves_while_the_next_attempt_is_waited_for_is_nobodys_any_more(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(BUSY))
    route = f"retries: {{{ON}, backoff: {{first: 10s, max: 10s}}}}"
    gateway = start_gateway(one_route(origin.address, route=route))
    with gateway.client() as client:
        client.send(GET)
        origin.await_requests(1)
        origin.await_sent(len(BUSY))
        gateway.await_in_flight(1)
        client.reset()
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, len(record.attempts)) == (499, "client_disconnect", 1)
    assert len(origin.requests) == 1


def test_a_drain_waits_for_the_next_attempt_and_cuts_it_at_its_deadline(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    for backoff, status in (("{first: 300ms, max: 300ms}", 200), ("{first: 1000s, max: 1000s}", 503)):
        origin = start_origin(_then(BUSY, OK))
        gateway = start_gateway(one_route(origin.address, route=f"retries: {{{ON}, backoff: {backoff}}}"))
        with gateway.client() as client:
            client.send(GET)
            origin.await_sent(len(BUSY))
            gateway.await_in_flight(1)
            gateway.drain(0.0, 1.0)
            assert client.read_response().status == status
        assert len(origin.requests) == (2 if status == 200 else 1)


def _then(*answers: bytes) -> Script:
    """Every connection goes on where the others have come to."""
    left = list(answers)

    async def script(connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return script


def test_a_budget_of_nothing_but_the_floor_ends_after_thirty_retries(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    origin = start_origin(answering(BUSY))
    gateway = start_gateway(one_route(origin.address, route=retrying("attempts: 2, budget: 0%")))
    with gateway.client() as client:
        assert {client.request(GET).status for _ in range(60)} == {503}
    assert len(origin.requests) == 60 + 30
    suppressed = [record.suppressed for record in gateway.await_records(60)]
    assert suppressed == [""] * 30 + ["retry_budget_exhausted"] * 30


def test_where_nobody_answers_and_the_budget_is_spent_the_gateway_says_so(start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route(f"127.0.0.1:{free_port()}", route=retrying("attempts: 10, budget: 0%")))
    with gateway.client() as client:
        for _ in range(3):
            assert_gateway_answer(client.request(GET), 502, "connect_refused")
        response = client.request(GET)
        while response.status == 502:
            response = client.request(GET)
        assert_gateway_answer(response, 503, "retry_budget_exhausted")
    assert gateway.await_records(4)[-1].attempts[-1].reason == "connect_refused"


def test_a_listener_that_accepts_nothing_is_given_up_for_the_next(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    well = start_origin(answering(OK))
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.settimeout(0)
            each.connect_ex(full.getsockname())
        address = "{}:{}".format(*full.getsockname())
        upstream = "balance: round_robin, connections: {connect_timeout: 100ms}"
        gateway = start_gateway(one_route(address, well.address, upstream=upstream, route=retrying()))
        with gateway.client() as client:
            assert [client.request(GET).status for _ in range(2)] == [200, 200]
        for each in waiting:
            each.close()
    attempts = [attempt.reason for record in gateway.await_records(2) for attempt in record.attempts]
    assert (set(attempts), attempts.count(Reason.NONE)) == ({"connect_timeout", "none"}, 2)


@pytest.mark.parametrize("delivery", list(Delivery))
def test_a_retried_request_is_the_same_however_it_is_cut(
    start_origin: StartOrigin, start_gateway: StartGateway, delivery: Delivery
) -> None:
    async def bytewise_busy(connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            await connection.send_bytewise(BUSY)

    busy, well = start_origin(bytewise_busy), start_origin(answering(OK))
    config = one_route(busy.address, well.address, upstream="balance: round_robin", route=retrying())
    gateway = start_gateway(config)
    put = b"PUT /first HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with gateway.client() as client:
        for _ in range(2):
            response = client.request(put, delivery=delivery)
            assert (response.status, response.body) == (200, b"ok")
    assert {request.body for request in busy.requests + well.requests} == {b"hello"}
    assert len(busy.requests) >= 1


@pytest.mark.parametrize("is_slow_first", [True, False])
def test_of_two_attempts_at_once_the_first_answer_is_the_only_one(
    start_origin: StartOrigin, start_gateway: StartGateway, is_slow_first: bool
) -> None:
    async def wait_for_the_other(connection: OriginConnection) -> None:
        """Answers once the other endpoint has the request too; that one never does."""
        await connection.read_request()
        await connection.until(lambda: len(origins[0].requests) + len(origins[1].requests) == 2, "both have it")
        await connection.send(OK)

    scripts = [stay_silent, wait_for_the_other] if is_slow_first else [wait_for_the_other, stay_silent]
    origins = [start_origin(script) for script in scripts]
    config = one_route(*(origin.address for origin in origins), route="retries: {hedge_after: 30ms}")
    gateway = start_gateway(config)
    with gateway.client() as client:
        response = client.request(GET)
        assert (response.status, response.body) == (200, b"ok")
    (record,) = gateway.await_records(1)
    assert [attempt.reason for attempt in record.attempts] == ["superseded", "none"]
    loser, winner = origins if is_slow_first else reversed(origins)
    assert record.attempts[1].endpoint == winner.address
    assert loser.await_end() in {"RST", "FIN"}
    assert record.status == 200


def test_a_quick_answer_is_asked_for_once(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    origins = [start_origin(answering(OK)) for _ in range(2)]
    config = one_route(*(origin.address for origin in origins), route="retries: {hedge_after: 5s}")
    gateway = start_gateway(config)
    with gateway.client() as client:
        assert [client.request(GET).status for _ in range(20)] == [200] * 20
    assert sum(len(origin.requests) for origin in origins) == 20
