"""Who may see the console in a browser."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from console.app.serving import MOST_VISITORS, ConsoleServer, is_loopback, split_address
from console.client.problems import WrongUsage


@pytest.mark.parametrize(
    ("address", "expected"), [("127.0.0.1:8900", ("127.0.0.1", 8900)), ("[::1]:0", ("::1", 0)), ("x:1", ("x", 1))]
)
def test_an_address_is_host_and_port(address: str, expected: tuple[str, int]) -> None:
    assert split_address(address) == expected


@pytest.mark.parametrize("address", ["", ":1", "127.0.0.1", "x:port", "x:1/path", "me@x:1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(WrongUsage, match="expected HOST:PORT"):
        split_address(address)


def test_loopback_is_what_nobody_else_can_reach() -> None:
    assert [is_loopback(host) for host in ("127.0.0.9", "::1", "localhost", "0.0.0.0", "10.0.0.1", "x")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


async def enter(server: ConsoleServer, **headers: str) -> int:
    async def inside(_request: web.Request) -> web.StreamResponse:
        return web.Response()

    request = make_mocked_request("GET", "/", headers=headers)
    try:
        return (await server._guard(request, inside)).status
    except web.HTTPException as refusal:
        return refusal.status


def test_a_name_that_a_page_gave_this_machine_lets_nobody_in() -> None:
    server = ConsoleServer("true", None)
    assert asyncio.run(enter(server, Host="localhost:8900")) == 200
    assert asyncio.run(enter(server, Host="evil.example:8900")) == 401


def test_a_socket_of_another_page_is_refused() -> None:
    server = ConsoleServer("true", None)
    own = {"Host": "127.0.0.1:8900", "Upgrade": "websocket"}
    assert asyncio.run(enter(server, **own, Origin="http://127.0.0.1:8900")) == 200
    assert asyncio.run(enter(server, **own, Origin="http://127.0.0.1:9999")) == 403


def test_there_are_only_so_many_visitors() -> None:
    server = ConsoleServer("true", None)
    server.visitors = MOST_VISITORS
    with pytest.raises(web.HTTPServiceUnavailable):
        asyncio.run(server.handle_websocket(make_mocked_request("GET", "/ws")))
    assert server.visitors == MOST_VISITORS
