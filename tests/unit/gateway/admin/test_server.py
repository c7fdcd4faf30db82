"""The listening side of the admin API."""

import asyncio
import socket

import pytest

from gateway.admin.access import AccessRules
from gateway.admin.server import AdminServer
from gateway.config.configuration import AdminToken, Role
from tests.support.admin_api import AdminApi, PreparedState


def exchange_bytes(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GARBAGE canary\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nbad header canary\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    ],
)
def test_what_is_not_http_is_refused_without_naming_the_library_or_echoing(api: AdminApi, request_bytes: bytes) -> None:
    answer = exchange_bytes(api.port, request_bytes)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"Server: sightline\r\n" in answer
    assert b"aiohttp" not in answer
    assert b"canary" not in answer


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_an_address_others_can_reach_needs_a_token(host: str) -> None:
    with pytest.raises(ValueError, match="without a token"):
        AdminServer(PreparedState(), AccessRules(), host, 0)


def test_an_address_others_can_reach_is_fine_with_a_token() -> None:
    async def start_and_close() -> int:
        server = AdminServer(PreparedState(), AccessRules((AdminToken("ci", Role.VIEWER, "s"),)), "0.0.0.0", 0)
        await server.start()
        port = server.port
        await server.close()
        return port

    assert asyncio.run(start_and_close()) > 0


def test_an_address_that_is_taken_is_an_error(api: AdminApi) -> None:
    async def start() -> None:
        await AdminServer(PreparedState(), AccessRules(), "127.0.0.1", api.port).start()

    with pytest.raises(OSError, match="Address already in use"):
        asyncio.run(start())
