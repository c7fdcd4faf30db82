"""Clients that send requests faster than they are served or than they read the answers: they are held up, and what they
have sent stays in their own buffers."""

import contextlib
import threading
from typing import Final

import pytest

from tests.live.conftest import StartGateway, StartOrigin
from tests.support.config import one_route
from tests.support.origin import OriginConnection, answering
from tests.support.raw_client import RawClient
from tests.support.waiting import wait_until_steady

HOST: Final = b"Host: gateway.test\r\n"
MIB: Final = 1024 * 1024
MEMORY_MOST: Final = 12 * MIB
KERNEL_MOST: Final = 16 * MIB
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def get(target: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def push_until_held_up(client: RawClient, flood: bytes) -> int:
    """Send the same bytes over and over until no more are taken; how many were."""
    sent = 0
    client.socket.settimeout(0)

    def push() -> int:
        nonlocal sent
        with contextlib.suppress(BlockingIOError):
            while sent < 2 * KERNEL_MOST:
                sent += client.socket.send(flood[sent % len(flood) :])
        return sent

    return wait_until_steady(push, "the gateway stops reading", deadline_s=10.0)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(b"/origin", id="of the origin"),
        pytest.param(b"/missing", id="of the gateway"),
        pytest.param(b"/fixed", id="of a route that answers itself"),
    ],
)
def test_a_client_that_reads_no_answers_is_held_up(
    start_origin: StartOrigin, start_gateway: StartGateway, target: bytes
) -> None:
    fixed = "  - {name: fixed, match: {path: /fixed}, respond: {status: 200, body: fixed}}"
    origin = start_origin(answering(ANSWER))
    silent = "telemetry: {access_log: {sink: none}}"
    gateway = start_gateway(one_route(origin.address, match="path: /origin", more_routes=fixed, more=silent))
    gateway.stop_keeping_records()
    with gateway.client(receive_buffer=4096) as client:
        memory = gateway.memory()
        assert push_until_held_up(client, get(target) * 1000) < KERNEL_MOST
        assert gateway.memory() - memory < MEMORY_MOST


def test_a_client_that_sends_faster_than_it_is_served_is_held_up(
    start_origin: StartOrigin, start_gateway: StartGateway
) -> None:
    async def answer_slowly(connection: OriginConnection) -> None:
        while True:
            await connection.read_request()
            await connection.until(lambda: len(gateway.records) < allowed, "the test lets go", 30.0)
            await connection.send(ANSWER)

    allowed = 300
    origin = start_origin(answer_slowly)
    gateway = start_gateway(one_route(origin.address))
    with gateway.client() as client:
        reader = threading.Thread(target=read_all, args=(client,), daemon=True)
        memory = gateway.memory()
        reader.start()
        sent = push_until_held_up(client, get(b"/more") * 1000)
        gateway.await_records(allowed)
        assert len(gateway.records) == allowed
        assert sent < KERNEL_MOST
        assert gateway.memory() - memory < MEMORY_MOST
        client.socket.shutdown(2)
        reader.join(5.0)


def read_all(client: RawClient) -> None:
    duplicate = client.socket.dup()
    with duplicate, contextlib.suppress(OSError):
        duplicate.settimeout(20.0)
        while duplicate.recv(MIB):
            pass
