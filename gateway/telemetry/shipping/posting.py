"""Posting a batch: one session for each sink, one request at a time, bounded in time and in what is read of the answer."""

import asyncio
import gzip
import ssl
from typing import Final

import aiohttp

from gateway import __version__
from gateway.model.clock import SECOND_NS
from gateway.telemetry.shipping.dialects.dialect import Answer
from gateway.telemetry.shipping.settings import HttpAccess

_MAX_ANSWER: Final = 8 * 1024 * 1024
_GZIP_LEVEL: Final = 1
"""Of what compresses well anyway, at a third of the usual time."""
_THREAD_BYTES: Final = 64 * 1024


class PostFailed(Exception):  # noqa: N818 - the name says what is the case
    """There is no answer; `str()` says why, without the sink's address or credentials."""


class Poster:
    """Made and used on one event loop; the session is opened with the first post."""

    def __init__(self, access: HttpAccess, path: str, content_type: str) -> None:
        self._access = access
        self._url = access.url + path
        self._headers = {
            "User-Agent": f"sightline/{__version__}",
            "Content-Type": content_type,
            **dict(access.headers),
        }
        if access.gzip:
            self._headers["Content-Encoding"] = "gzip"
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: bytes) -> Answer:
        """Raises PostFailed."""
        if self._access.gzip:
            # Compressing lets other threads run; little of it is not worth the way there.
            body = await asyncio.to_thread(_compress, body) if len(body) > _THREAD_BYTES else _compress(body)
        try:
            session = await self._open()
            async with session.post(self._url, data=body, allow_redirects=False) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, headers, await _read(response))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PostFailed(_reason(error)) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            is_secure = self._access.url.startswith("https:")
            trusted = await asyncio.to_thread(_trust, self._access.ca_file) if is_secure else True
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._access.timeout_ns / SECOND_NS),
                connector=aiohttp.TCPConnector(limit=1, ssl=trusted),
            )
        return self._session


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The answer's body. What is too long cannot be judged; ValueError."""
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > _MAX_ANSWER:
            raise ValueError("the answer is too long")
        pieces.append(piece)
    return b"".join(pieces)


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def _trust(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {error.os_error.strerror or type(error.os_error).__name__}"
    return type(error).__name__
