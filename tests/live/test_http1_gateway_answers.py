"""Answers the gateway makes itself: JSON or plain text as the client prefers, with a stable reason and the request id."""

import json
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import free_port, one_route
from tests.support.gateway_answer import assert_gateway_answer, read_gateway_answer
from tests.support.origin import OK, OriginConnection, answering

HOST: Final = b"Host: gateway.test\r\n"

PREFERENCES: Final = [
    pytest.param(b"", b"application/json", id="nothing said"),
    pytest.param(b"Accept: */*\r\n", b"application/json", id="anything"),
    pytest.param(b"Accept: application/json\r\n", b"application/json", id="JSON"),
    pytest.param(b"Accept: application/*\r\n", b"application/json", id="any application"),
    pytest.param(b"Accept: text/plain\r\n", b"text/plain", id="text"),
    pytest.param(b"Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n", b"text/plain", id="a browser"),
    pytest.param(b"Accept: text/plain;q=0.1, application/json\r\n", b"application/json", id="JSON before text"),
    pytest.param(b"Accept: text/plain, application/json;q=0.5\r\n", b"text/plain", id="text before JSON"),
    pytest.param(b"Accept: text/plain\r\nAccept: application/json;q=0.5\r\n", b"text/plain", id="two fields"),
    pytest.param(b"Accept: image/png\r\n", b"application/json", id="neither"),
    pytest.param(b"Accept: ;;,q=\xff;q=9,,\r\n", b"application/json", id="garbage"),
]


@pytest.mark.parametrize(("fields", "content_type"), PREFERENCES)
def test_an_answer_of_the_gateway_comes_as_the_client_prefers(
    start_origin: StartOrigin, start_gateway: StartGateway, fields: bytes, content_type: bytes
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address, match="path: /only"))
    with gateway.client() as client:
        response = client.request(b"GET /other HTTP/1.1\r\n" + HOST + b"X-Request-Id: mine-1\r\n" + fields + b"\r\n")
    assert (response.value("content-type") or b"").split(b";")[0] == content_type
    answer = read_gateway_answer(response)
    assert (answer.reason, answer.request_id) == ("no_route", "mine-1")
    assert response.value("x-request-id") == b"mine-1"


def test_an_answer_in_json_says_status_reason_detail_and_request_id(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address, match="path: /only"))
    with gateway.client() as client:
        response = client.request(b"GET /other HTTP/1.1\r\n" + HOST + b"\r\n")
    told = json.loads(response.body)
    assert (told["status"], told["reason"]) == (404, "no_route")
    assert told["request_id"] == gateway.await_records(1)[0].request_id
    assert response.value("date") is not None


def test_an_answer_to_head_has_the_length_but_not_the_body(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address, match="path: /only"))
    with gateway.client() as client:
        response = client.request(b"HEAD /other HTTP/1.1\r\n" + HOST + b"\r\n", "HEAD")
        assert response.status == 404
        assert int(response.value("content-length") or b"0") > 0
        assert client.request(b"GET /only HTTP/1.1\r\n" + HOST + b"\r\n").body == b"ok"


def test_an_answer_never_repeats_what_the_request_said(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address, match="path: /only"))
    with gateway.client() as client:
        response = client.request(
            b"GET /<script>alert(1)</script>?token=s3cret HTTP/1.1\r\n" + HOST + b"Cookie: s3cret\r\n\r\n"
        )
    assert response.status in {400, 404}
    assert b"script" not in response.body
    assert b"s3cret" not in response.body


def test_a_refused_connection_to_the_origin_is_a_502(start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route(f"127.0.0.1:{free_port()}"))
    with gateway.client() as client:
        for _ in range(2):
            response = client.request(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
            assert_gateway_answer(response, 502, "connect_refused")
            assert not response.closes
    record = gateway.await_records(1)[0]
    assert (record.status, record.reason, record.source) == (502, "connect_refused", "upstream")


@pytest.mark.parametrize("post", [b"", b"x" * 100_000])
def test_a_refused_connection_to_the_origin_is_told_to_a_client_with_a_body(
    start_gateway: StartGateway, post: bytes
) -> None:
    gateway = start_gateway(one_route(f"127.0.0.1:{free_port()}"))
    with gateway.client() as client:
        client.send_until_refused(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(post) + post)
        assert_gateway_answer(client.read_response(), 502, "connect_refused")


def test_a_name_without_an_address_is_a_502(start_gateway: StartGateway) -> None:
    gateway = start_gateway(one_route("no-such-host.invalid:80"))
    with gateway.client() as client:
        response = client.request(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert_gateway_answer(response, 502, "dns_error")


def test_a_full_pool_with_a_full_queue_is_a_503_and_the_queued_are_served(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def hold(connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            await connection.until(lambda: released, "the test lets go")
            await connection.send(OK)

    released: list[bool] = []
    origin = start_origin(hold)
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1, max_pending: 1}"))
    get = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
    with gateway.client() as first, gateway.client() as second, gateway.client() as third:
        first.send(get)
        origin.await_received(b"\r\n\r\n")
        second.send(get)
        gateway.await_in_flight(2)
        response = third.request(get)
        assert_gateway_answer(response, 503, "pool_exhausted")
        assert response.value("retry-after") is not None
        released.append(True)
        assert first.read_response().body == second.read_response().body == b"ok"
        assert third.request(get).body == b"ok"
    assert len(origin.connections) == 1


def test_a_client_that_leaves_the_queue_takes_nobodys_turn(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def hold(connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            await connection.until(lambda: released, "the test lets go")
            await connection.send(OK)

    released: list[bool] = []
    origin = start_origin(hold)
    gateway = start_gateway(one_route(origin.address, upstream="connections: {max: 1, max_pending: 1}"))
    get = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
    with gateway.client() as first, gateway.client() as third:
        first.send(get)
        origin.await_received(b"\r\n\r\n")
        second = gateway.client()
        second.send(get)
        gateway.await_in_flight(2)
        second.reset()
        assert gateway.await_records(1)[0].reason == "client_disconnect"
        third.send(get)
        gateway.await_in_flight(2)
        released.append(True)
        assert first.read_response().body == third.read_response().body == b"ok"
    assert len(origin.requests) == 2
