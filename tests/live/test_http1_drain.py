"""Leaving: what is in flight may end until the deadline, what is cut then is recorded and ends at the origin too."""

import threading
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import OK, OriginConnection, Script, answering
from tests.support.raw_client import End

HOST: Final = b"Host: gateway.test\r\n"
GET: Final = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
PROMPTLY_S: Final = 10.0


async def never_answer(connection: OriginConnection) -> None:
    await connection.read_head()
    await connection.until_peer_ends()


async def answer_without_end(connection: OriginConnection) -> None:
    await connection.read_request()
    await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")
    await connection.until_peer_ends()


@pytest.mark.parametrize("script", [never_answer, answer_without_end], ids=["no answer", "half an answer"])
def test_an_exchange_cut_by_a_drain_ends_the_origins_work_and_is_recorded(
    start_origin: StartOrigin, start_gateway: StartGateway, script: Script
) -> None:
    origin = start_origin(script)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        client.send(GET)
        origin.await_received(b"\r\n\r\n")
        gateway.await_in_flight(1)
        assert gateway.drain(0.0, 0.1) == 1
        received, end = client.read_to_end()
        if script is never_answer:
            assert received.startswith(b"HTTP/1.1 503 ")
            assert b'"shutting_down"' in received
            assert end is End.FIN
        else:
            assert b"\r\n0\r\n" not in received
    origin.await_end(deadline_s=PROMPTLY_S)
    assert gateway.await_records(1)[0].reason == "shutting_down"
    gateway.await_connections(0)


def test_an_exchange_in_flight_ends_well_within_a_drain(start_origin: StartOrigin, start_gateway: StartGateway) -> None:
    async def answer_later(connection: OriginConnection) -> None:
        await connection.read_request()
        await connection.until(lambda: not gateway.accepts(), "the gateway has stopped listening")
        await connection.send(OK)

    origin = start_origin(answer_later)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client, gateway.client() as idle:
        client.send(GET)
        origin.await_requests(1)
        assert gateway.drain(0.0, 30.0) == 0
        response = client.read_response()
        assert (response.body, response.closes) == (b"ok", True)
        assert client.read_to_end() == idle.read_to_end() == (b"", End.FIN)


def test_new_connections_are_served_with_close_through_the_delay(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    gateway = start_gateway(one_route(start_origin(answering(OK)).address))
    with gateway.client() as early:
        assert not early.request(GET).closes
        draining = threading.Thread(target=gateway.drain, args=(0.5, 30.0), daemon=True)
        draining.start()
        gateway.await_draining()
        with gateway.client() as late:
            for client in (early, late):
                response = client.request(GET)
                assert (response.body, response.closes) == (b"ok", True)
                assert client.read_to_end() == (b"", End.FIN)
    draining.join(PROMPTLY_S)
    assert not draining.is_alive()
    assert not gateway.accepts()
