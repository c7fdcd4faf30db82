"""A running gateway, by its admin API: two streams for what happens, and readings for what is asked again and again."""

import asyncio
import random
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import msgspec

from console.client.contexts import Target
from console.sources.admin import Admin, NotHeard
from console.sources.backoff import Backoff
from console.sources.events import ServerEvent
from console.sources.polling import Polling
from console.sources.source import Take
from console.state.messages import Event, Linked, Message, Request, Response, TailFailed, TailWanted
from console.state.reading import API, GATEWAY_PAST, INCIDENTS, STATUS, AnyReading
from gateway.wire.live import HelloEvent

_TOPICS: Final = "status,history,incidents,logs"
_ACTION_S: Final = 30.0
_DENIED_S: Final = 30.0
"""Between two tries with a token that was refused; it may have been put right meanwhile."""


class LiveSource:
    """Implements Source."""

    can_act: Final = True

    def __init__(self, target: Target) -> None:
        self._take: Take = lambda _at_s, _message: None
        self._admin = Admin(target)
        self._polling = Polling(self._admin, self._tell)
        self._tail: TailWanted | None = None
        self._tail_changed = asyncio.Event()
        self._again = asyncio.Event()
        """Somebody wants the next try to be now."""
        self._epoch = ""
        self._is_running = False

    async def run(self, take: Take) -> None:
        self._take = take
        async with self._admin, asyncio.TaskGroup() as tasks:
            self._is_running = True
            try:
                tasks.create_task(self._follow_gateway())
                tasks.create_task(self._follow_tail())
                tasks.create_task(self._polling.run())
                await asyncio.Event().wait()
            finally:
                self._is_running = False

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        self._polling.want(readings)
        if tail != self._tail:
            self._tail = tail
            self._tail_changed.set()

    def refetch(self) -> None:
        self._polling.refetch()
        self._again.set()

    def keep_pace(self, slowness: float) -> None:
        self._polling.slowness = slowness

    async def ask(self, request: Request) -> Response:
        if not self._is_running:
            return Response(0, problem="not connected")
        fields = {"Content-Type": request.content_type}
        if request.if_match is not None:
            fields["If-Match"] = f'"{request.if_match}"'
        path, query = f"{API}/{request.path}", dict(request.query)
        try:
            answer = await self._admin.call(
                request.method, path, query, body=request.body, fields=fields, within_s=_ACTION_S
            )
        except NotHeard as problem:
            return Response(0, problem=str(problem))
        return Response(answer.status, answer.body, "" if answer.status < 400 else answer.problem)

    def _tell(self, message: Message) -> None:
        self._take(time.time(), message)

    async def _follow_gateway(self) -> None:
        """Reconnects for ever; whether this stream is heard is what the link state says."""
        backoff, after = Backoff(), ""
        while True:
            try:
                async for event in self._admin.events({"topics": _TOPICS}, after):
                    backoff.heard()
                    after = event.id or after
                    if event.name == "hello":
                        self._begin(event)
                    self._tell(Event(event.name, event.data))
                problem = NotHeard("the gateway ended the stream")
            except NotHeard as error:
                problem = error
            wait_s = _DENIED_S * random.uniform(0.8, 1.2) if problem.is_denied else backoff.next_s()
            # Nobody who was refused, or is not there, is asked for anything else; one that has no room for a stream is.
            self._polling.is_held = problem.is_denied or problem.status == 0
            if not self._polling.is_held:
                self._polling.want_once(STATUS)
            self._tell(Linked("denied" if problem.is_denied else "broken", str(problem), wait_s))
            await self._pause(wait_s)

    async def _pause(self, wait_s: float) -> None:
        self._again.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._again.wait()

    def _begin(self, hello: ServerEvent) -> None:
        """A stream has begun: what happened before it is asked for, and all of it where another gateway has taken over."""
        self._polling.is_held = False
        self._polling.want_once(INCIDENTS, GATEWAY_PAST)
        try:
            epoch = msgspec.json.decode(hello.data, type=HelloEvent).epoch
        except msgspec.DecodeError:
            epoch = ""
        if epoch != self._epoch:
            self._epoch = epoch
            self._polling.refetch()

    async def _follow_tail(self) -> None:
        while True:
            self._tail_changed.clear()
            follower = asyncio.create_task(self._follow_one(self._tail)) if self._tail is not None else None
            try:
                await self._tail_changed.wait()
            finally:
                if follower is not None:
                    follower.cancel()
                    await asyncio.wait([follower])

    async def _follow_one(self, tail: TailWanted) -> None:
        query = {"topics": "exchanges", "filter": tail.filter, "rate": str(tail.rate), "last": str(tail.last)}
        backoff, after = Backoff(), ""
        while True:
            problem = NotHeard("")
            try:
                async for event in self._admin.events(query, after):
                    backoff.heard()
                    after = event.id or after
                    self._tell(Event(event.name, event.data))
            except NotHeard as error:
                # The other stream tells whether the gateway is heard; what is wrong with this one alone is told here.
                problem = error
            if problem.status:
                self._tell(TailFailed(problem.status, str(problem)))
            await asyncio.sleep(_DENIED_S if problem.is_denied else backoff.next_s())
