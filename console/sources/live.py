"""A running gateway, by its admin API: two streams for what happens, and readings for what is asked again and again."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from console.client.contexts import Target
from console.sources.events import EventReader, ServerEvent
from console.sources.source import Take
from console.state.messages import Answered, Event, Failed, Linked, Request, Response, TailWanted
from console.state.reading import API, AnyReading
from gateway.wire.views import ProblemView

_TOPICS: Final = "status,history,incidents"
_CONNECT_S: Final = 3.0
_ANSWER_S: Final = 10.0
_SILENCE_S: Final = 12.0
"""The gateway's heartbeat comes every five seconds; a stream that is silent for so long is broken."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 15.0
_TURN_S: Final = 0.1
_CHUNK: Final = 65_536
_OK: Final = 200


class LiveSource:
    """Implements Source."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._wanted: dict[AnyReading, float] = {}
        """When each is due, by the monotonic clock."""
        self._tail: TailWanted | None = None
        self._tail_changed = asyncio.Event()
        self._slowness = 1.0
        self._session: aiohttp.ClientSession | None = None
        self._take: Take = lambda _at_s, _message: None

    @property
    def can_act(self) -> bool:
        return True

    async def run(self, take: Take) -> None:
        self._take = take
        timeout = aiohttp.ClientTimeout(sock_connect=_CONNECT_S)
        fields = {} if self._target.token is None else {"Authorization": f"Bearer {self._target.token}"}
        async with aiohttp.ClientSession(timeout=timeout, headers=fields) as session, asyncio.TaskGroup() as tasks:
            self._session = session
            tasks.create_task(self._follow_gateway(session))
            tasks.create_task(self._follow_tail(session))
            tasks.create_task(self._read_again(session, tasks))

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        self._wanted = {reading: self._wanted.get(reading, 0.0) for reading in readings}
        if tail != self._tail:
            self._tail = tail
            self._tail_changed.set()

    def refetch(self) -> None:
        self._wanted = dict.fromkeys(self._wanted, 0.0)

    def keep_pace(self, slowness: float) -> None:
        self._slowness = slowness

    async def ask(self, request: Request) -> Response:
        session = self._session
        if session is None or session.closed:
            return Response(0, problem="not connected")
        fields = {"Content-Type": request.content_type}
        if request.if_match is not None:
            fields["If-Match"] = f'"{request.if_match}"'
        url = self._url(f"{API}/{request.path}", dict(request.query))
        try:
            async with (
                asyncio.timeout(_ANSWER_S),
                session.request(request.method, url, data=request.body or None, headers=fields) as answer,
            ):
                body = await answer.read()
                return Response(answer.status, body, "" if answer.status < 400 else _problem(answer.status, body))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return Response(0, problem=_text(error))

    def _url(self, path: str, query: dict[str, str]) -> URL:
        # Names are quoted already, so that one with a slash in it stays one segment.
        return URL(f"{self._target.url}{path}", encoded=True).with_query(query)

    def _tell(self, message: Answered | Failed | Linked | Event) -> None:
        self._take(time.time(), message)

    async def _follow_gateway(self, session: aiohttp.ClientSession) -> None:
        """Reconnects for ever; whether this stream is heard is what the link state says."""
        pause_s, after = _FIRST_PAUSE_S, ""
        while True:
            try:
                async for name, data, event_id in self._events(session, {"topics": _TOPICS}, after):
                    pause_s, after = _FIRST_PAUSE_S, event_id or after
                    self._tell(Event(name, data))
                problem = "the gateway ended the stream"
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                problem = _text(error)
            wait_s = pause_s * random.uniform(0.8, 1.2)
            self._tell(Linked("broken", problem, wait_s))
            await asyncio.sleep(wait_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _follow_tail(self, session: aiohttp.ClientSession) -> None:
        while True:
            self._tail_changed.clear()
            follower = asyncio.create_task(self._follow_one(session, self._tail)) if self._tail is not None else None
            await self._tail_changed.wait()
            if follower is not None:
                follower.cancel()
                with suppress(asyncio.CancelledError):
                    await follower

    async def _follow_one(self, session: aiohttp.ClientSession, tail: TailWanted) -> None:
        query = {"topics": "exchanges", "filter": tail.filter, "rate": str(tail.rate), "last": str(tail.last)}
        after = ""
        while True:
            try:
                async for name, data, event_id in self._events(session, query, after):
                    after = event_id or after
                    self._tell(Event(name, data))
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                pass  # The other stream tells whether the gateway is heard.
            await asyncio.sleep(1.0)

    async def _events(
        self, session: aiohttp.ClientSession, query: dict[str, str], after: str
    ) -> AsyncIterator[ServerEvent]:
        fields = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        reader = EventReader()
        async with session.get(self._url(f"{API}/stream", query), headers=fields) as answer:
            if answer.status != _OK:
                raise ValueError(_problem(answer.status, await answer.read()))
            while True:
                async with asyncio.timeout(_SILENCE_S):
                    data = await answer.content.read(_CHUNK)
                if not data:
                    return
                for event in reader.feed(data):
                    yield event

    async def _read_again(self, session: aiohttp.ClientSession, tasks: asyncio.TaskGroup) -> None:
        running = set[AnyReading]()

        async def read(reading: AnyReading) -> None:
            try:
                await self._read(session, reading)
            finally:
                running.discard(reading)

        while True:
            now_s = time.monotonic()
            for reading, due_s in list(self._wanted.items()):
                if now_s >= due_s and reading not in running:
                    every_s = reading.every_s * self._slowness
                    self._wanted[reading] = now_s + every_s if every_s else float("inf")
                    running.add(reading)
                    tasks.create_task(read(reading))
            await asyncio.sleep(_TURN_S)

    async def _read(self, session: aiohttp.ClientSession, reading: AnyReading) -> None:
        try:
            async with (
                asyncio.timeout(_ANSWER_S),
                session.get(self._url(reading.target, dict(reading.query))) as answer,
            ):
                body = await answer.read()
            if answer.status == _OK:
                self._tell(Answered(reading, msgspec.json.decode(body, type=reading.view)))
            else:
                self._tell(Failed(reading, answer.status, _problem(answer.status, body)))
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError) as error:
            self._tell(Failed(reading, 0, _text(error)))


def _problem(status: int, body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=ProblemView).detail
    except msgspec.DecodeError:
        return f"the gateway answers {status}"


def _text(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it takes too long to answer"
    return str(error) or type(error).__name__
