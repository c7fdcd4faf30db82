"""What stands behind and before the gateways of the proof: services that can be made to misbehave, and steady traffic."""

import asyncio
import contextlib
import itertools
from typing import Final

import aiohttp
from aiohttp import web

from tests.support.config import free_port
from tests.support.loop_thread import LoopThread

_MOST_AT_ONCE: Final = 60


class Service:
    """One endpoint, on a port it keeps. Its behaviour may be changed at any time."""

    def __init__(self, thread: LoopThread) -> None:
        self._thread = thread
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()
        self._released.set()
        self._count = itertools.count()
        self.port = free_port()
        self.fails_every = 0
        """Every n-th request gets a 500; 0 for none."""
        self.sleeps_every = 0
        """Every n-th request is answered late."""
        self.sleep_s = 1.5
        self.open()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def open(self) -> None:
        """Listen again."""
        self._thread.run(self._open())

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._thread.run(self._close())

    def hold(self) -> None:
        """Answer nobody any more."""
        self._thread.call(self._released.clear)

    def release(self) -> None:
        """Answer those who wait and everybody after them."""
        self._thread.call(self._released.set)

    async def _open(self) -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def _close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        await self._released.wait()
        number = next(self._count)
        if self.sleeps_every and number % self.sleeps_every == 0:
            await asyncio.sleep(self.sleep_s)
        fails = self.fails_every and number % self.fails_every == 0
        return web.Response(status=500 if fails else 200)


class Traffic:
    """Flows of GET requests, each at a rate of its own that may change at any time."""

    def __init__(self, thread: LoopThread) -> None:
        self._thread = thread
        self._flows: dict[str, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession = thread.run(self._open())

    def set_rate(self, url: str, per_second: float) -> None:
        """Ask for this URL so often from now on; 0 ends the flow."""
        self._thread.run(self._set_rate(url, per_second))

    def close(self) -> None:
        self._thread.run(self._close())

    async def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=60), connector=aiohttp.TCPConnector(limit=0), auto_decompress=False
        )

    async def _close(self) -> None:
        for url in list(self._flows):
            await self._set_rate(url, 0)
        await self._session.close()

    async def _set_rate(self, url: str, per_second: float) -> None:
        if flow := self._flows.pop(url, None):
            flow.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await flow
        if per_second:
            self._flows[url] = asyncio.create_task(self._flow(url, 1 / per_second))

    async def _flow(self, url: str, pause_s: float) -> None:
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                if len(running) < _MOST_AT_ONCE:
                    task = asyncio.create_task(self._ask(url))
                    running.add(task)
                    task.add_done_callback(running.discard)
                await asyncio.sleep(pause_s)
        finally:
            for task in running:
                task.cancel()

    async def _ask(self, url: str) -> None:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.get(url) as response:
                await response.read()
