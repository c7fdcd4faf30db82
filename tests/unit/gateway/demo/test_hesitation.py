"""A service that hesitates on one of its ports."""

import asyncio
import time

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from gateway.demo.hesitation import FAILURE_PATH, HESITATION_PATH, SHORTEST_SHARE, make_hesitant


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


def make_app() -> web.Application:
    app = web.Application()
    make_hesitant(app)
    app.router.add_get("/", _hello)
    return app


async def took_s(session: aiohttp.ClientSession, port: int) -> float:
    begun_s = time.monotonic()
    async with session.get(f"http://127.0.0.1:{port}/") as response:
        assert await response.text() == "hello"
    return time.monotonic() - begun_s


def test_only_the_port_that_was_told_to_hesitates_and_until_it_is_told_to_stop() -> None:
    async def run() -> None:
        async with TestServer(make_app()) as server, aiohttp.ClientSession() as session:
            assert server.runner is not None
            other = unused_port()
            await web.TCPSite(server.runner, "127.0.0.1", other).start()
            assert server.port is not None
            for longest_s in (0.5, 0.0):
                async with session.put(f"http://127.0.0.1:{other}{HESITATION_PATH}", data=str(longest_s)) as response:
                    assert response.status == 204
                assert await took_s(session, server.port) < 0.5 * SHORTEST_SHARE
                assert (await took_s(session, other) >= 0.5 * SHORTEST_SHARE) == (longest_s > 0)

    asyncio.run(run())


@pytest.mark.parametrize("text", ["soon", ""])
def test_what_is_no_number_is_refused(text: str) -> None:
    async def run() -> int:
        async with (
            TestServer(make_app()) as server,
            aiohttp.ClientSession() as session,
            session.put(server.make_url(HESITATION_PATH), data=text) as response,
        ):
            return response.status

    assert asyncio.run(run()) == 400


def test_only_the_port_that_was_told_to_fails_and_until_it_is_told_to_stop() -> None:
    async def run() -> list[tuple[int, int]]:
        found = []
        async with TestServer(make_app()) as server, aiohttp.ClientSession() as session:
            assert server.runner is not None
            other = unused_port()
            await web.TCPSite(server.runner, "127.0.0.1", other).start()
            for told, expected in (("on", 204), ("perhaps", 400), ("off", 204)):
                async with session.put(f"http://127.0.0.1:{other}{FAILURE_PATH}", data=told) as response:
                    assert response.status == expected
                statuses = []
                for port in (server.port, other):
                    async with session.get(f"http://127.0.0.1:{port}/") as response:
                        statuses.append(response.status)
                found.append((statuses[0], statuses[1]))
        return found

    assert asyncio.run(run()) == [(200, 503), (200, 503), (200, 200)]
