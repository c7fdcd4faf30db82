"""What a source tells: a model that takes it on a loop of its own, and an admin API that does what a test says."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import msgspec
from aiohttp import web

from console.sources.source import Source
from console.state.messages import Message, Request, Response
from console.state.model import Model
from gateway.wire.views import ProblemView
from tests.support.loop_thread import LoopThread

HELLO: Final = '{"version":1,"topics":["status","history","incidents"],"filter":"","rate":50,"epoch":"%s"}'

StreamScript: TypeAlias = Callable[["Speaker", int], Awaitable[None]]
"""Given who speaks and the number of the connection, from 1: what the stream says, until it ends."""


def event(name: str, data: str, event_id: str = "") -> bytes:
    id_line = f"id: {event_id}\n" if event_id else ""
    return f"event: {name}\n{id_line}data: {data}\n\n".encode()


class Listening:
    """A source that runs, and what it has told so far."""

    def __init__(self, thread: LoopThread, make: Callable[[], Source]) -> None:
        self.model = Model()
        self.told: list[tuple[float, Message]] = []
        self._thread = thread
        self.source = thread.call(make)
        self._running = thread.call(lambda: asyncio.ensure_future(self.source.run(self._take)))

    def _take(self, at_s: float, message: Message) -> None:
        self.told.append((at_s, message))
        self.model.now_s = at_s
        self.model.take(message)

    def call(self, function: Callable[[], None]) -> None:
        """On the loop of the source."""
        self._thread.call(function)

    def ask(self, request: Request) -> Response:
        return self._thread.run(self.source.ask(request))

    def close(self) -> None:
        self._thread.run(self._end())

    async def _end(self) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])
        if not self._running.cancelled():
            self._running.result()


class Speaker:
    """One connection of a stream."""

    def __init__(self, request: web.Request, answer: web.StreamResponse) -> None:
        self.request = request
        self._answer = answer

    @property
    def after(self) -> str:
        """The id of the last event of an earlier connection."""
        return self.request.headers.get("Last-Event-ID", "")

    async def say(self, data: bytes) -> None:
        await self._answer.write(data)

    async def be_silent(self) -> None:
        await asyncio.Event().wait()

    def cut(self) -> None:
        assert self.request.transport is not None
        self.request.transport.abort()


class ScriptedAdmin:
    """`stream` speaks on each connection of the stream; `answers` are by path below the API. `asked` is each path asked so far."""

    def __init__(self, thread: LoopThread, stream: StreamScript) -> None:
        self.stream = stream
        self.answers: dict[str, Callable[[], Awaitable[web.Response]]] = {}
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.streams = 0
        self._thread = thread
        self._port = 0
        self._runner = web.AppRunner(self._app(), shutdown_timeout=0.1, handler_cancellation=True)
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._thread.run(self._start())

    def stop(self) -> None:
        self._thread.run(self._stop())

    async def _stop(self) -> None:
        await self._runner.cleanup()
        for _ in range(10):
            await asyncio.sleep(0)  # The calls that were cut off notice it.

    async def _start(self) -> None:
        self._runner = web.AppRunner(self._app(), shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/api/v1/stream", self._stream)
        app.router.add_route("*", "/api/v1/{path:.*}", self._answer)
        return app

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.streams += 1
        number = self.streams
        self.tokens.append(request.headers.get("Authorization", ""))
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        speaker = Speaker(request, answer)
        refusal = self.answers.get("stream")
        if refusal is not None:
            return await refusal()
        await answer.prepare(request)
        await self.stream(speaker, number)
        return answer

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        self.asked.append(path)
        answer = self.answers.get(path)
        return web.json_response({"detail": "nothing is there"}, status=404) if answer is None else await answer()


def saying(body: str | bytes, status: int = 200) -> Callable[[], Awaitable[web.Response]]:
    """An answer that is always the same."""

    async def answer() -> web.Response:
        data = body if isinstance(body, bytes) else body.encode()
        return web.Response(body=data, status=status, content_type="application/json")

    return answer


def refusing(detail: str, status: int) -> Callable[[], Awaitable[web.Response]]:
    """A refusal, as the admin API words it."""
    return saying(
        msgspec.json.encode(ProblemView(type="about:blank", title="no", reason="no", status=status, detail=detail)),
        status,
    )
