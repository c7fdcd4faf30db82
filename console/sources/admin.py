"""A gateway's admin API over aiohttp: calls and event streams, all of them bounded in time and in bytes."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, NamedTuple, Self

import aiohttp
import msgspec
from yarl import URL

from console.client.contexts import Target
from console.client.problems import WrongUsage
from console.sources.events import EventReader, ServerEvent
from console.state.reading import API
from gateway.wire.views import ProblemView

SILENCE_S: Final = 12.0
"""The gateway's heartbeat comes every five seconds; a stream that is silent for so long is broken."""
ANSWER_S: Final = 10.0
MOST_BYTES: Final = 32 * 1024 * 1024
"""Of one answer."""
DENIED: Final = frozenset({401, 403})
_CONNECT_S: Final = 3.0
_CONNECTIONS: Final = 12
_CHUNK: Final = 65_536
_OK: Final = 200


class NotHeard(Exception):  # noqa: N818 - says what is the case
    """No answer, or none that can be used. `str()` is for the operator; `status` is 0 where nobody answered."""

    def __init__(self, problem: str, status: int = 0) -> None:
        super().__init__(problem)
        self.status = status

    @property
    def is_denied(self) -> bool:
        return self.status in DENIED


class Answer(NamedTuple):
    status: int
    body: bytes

    @property
    def problem(self) -> str:
        """What the gateway says is wrong."""
        try:
            return msgspec.json.decode(self.body, type=ProblemView).detail
        except msgspec.DecodeError:
            return f"the gateway answers {self.status}"


class Admin:
    """One gateway. Nothing is opened before the first call; the token is found then, and again after it was refused."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._session: aiohttp.ClientSession | None = None
        self._token: str | None = None
        self._has_token = False
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def call(
        self, method: str, path: str, query: dict[str, str], *, body: bytes = b"", fields: dict[str, str] | None = None,
        within_s: float = ANSWER_S,
    ) -> Answer:  # fmt: skip
        """`path` is below the host. Raises NotHeard where there is no whole answer; a refusal is an answer."""
        try:
            async with asyncio.timeout(within_s):
                session, own = await self._ready()
                async with session.request(
                    method, self._url(path, query), data=body or None, headers=own | (fields or {}), allow_redirects=False
                ) as answer:  # fmt: skip
                    return Answer(answer.status, await self._body(answer))
        except (aiohttp.ClientError, OSError, TimeoutError, WrongUsage, ValueError) as error:
            raise NotHeard(said(error)) from error

    async def events(self, query: dict[str, str], after: str) -> AsyncIterator[ServerEvent]:
        """Until the gateway ends the stream. Raises NotHeard."""
        try:
            async with asyncio.timeout(ANSWER_S):
                session, fields = await self._ready()
                fields |= {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
                answer = await session.get(self._url(f"{API}/stream", query), headers=fields, allow_redirects=False)
        except (aiohttp.ClientError, OSError, TimeoutError, WrongUsage, ValueError) as error:
            raise NotHeard(said(error)) from error
        try:
            if answer.status != _OK:
                raise NotHeard(Answer(answer.status, await self._body(answer)).problem, answer.status)
            async for event in _events(answer):
                yield event
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise NotHeard(said(error)) from error
        finally:
            answer.close()

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        if answer.status in DENIED:
            self._has_token = False
        parts, size = [], 0
        async for part in answer.content.iter_chunked(_CHUNK):
            size += len(part)
            if size > MOST_BYTES:
                answer.close()
                raise ValueError(f"the answer is larger than {MOST_BYTES} bytes")
            parts.append(part)
        return b"".join(parts)

    def _url(self, path: str, query: dict[str, str]) -> URL:
        # Names are quoted already, so that one with a slash in it stays one segment.
        return URL(f"{self._target.url}{path}", encoded=True).with_query(query)

    async def _ready(self) -> tuple[aiohttp.ClientSession, dict[str, str]]:
        """The session, and the fields of a request. Files are read and commands run in threads: somebody is typing."""
        async with self._opening:
            if not self._has_token:
                self._token = await asyncio.to_thread(self._target.find_token)
                self._has_token = True
            if self._session is None:
                trusted: ssl.SSLContext | bool = True
                if self._target.url.lower().startswith("https"):
                    trusted = await asyncio.to_thread(ssl.create_default_context, cafile=self._target.ca_file)
                timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S)
                connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=trusted)
                self._session = aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False)
        return self._session, {} if self._token is None else {"Authorization": f"Bearer {self._token}"}


async def _events(answer: aiohttp.ClientResponse) -> AsyncIterator[ServerEvent]:
    reader = EventReader()
    while True:
        try:
            async with asyncio.timeout(SILENCE_S):
                data = await answer.content.read(_CHUNK)
        except TimeoutError:
            raise ValueError(f"nothing was heard for {SILENCE_S:g} s") from None
        if not data:
            return
        for event in reader.feed(data):
            yield event


def said(error: Exception) -> str:
    """What went wrong, for the operator."""
    if isinstance(error, TimeoutError):
        return "it takes too long to answer"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted: {error.certificate_error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return f"nobody answers: {os.strerror(number).lower() if number and number > 0 else error.os_error}"
    return str(error) or type(error).__name__
