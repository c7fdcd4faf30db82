"""One active check of one endpoint: the question put to it, and what came back, in a word and a few more.

A check asks over a connection of its own, follows no redirects, keeps no cookies and reads a bounded part of the answer.
"""

import asyncio
import errno
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from gateway import __version__
from gateway.model.clock import SECOND_NS
from gateway.model.health import BODY_BYTES, ActiveCheck, CheckResult, CheckType, Question
from gateway.model.upstream import Endpoint

_USER_AGENT: Final = f"sightline-health/{__version__}"
_ADDRESSES_TRIED: Final = 3
_LATE: Final = 1.5
"""A timeout that was noticed this many timeouts after the question says that this process had no time, not the endpoint."""
_BRIEF: Final = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check came to. brief: such as `503` or `connect refused`; took_ms: where there was an answer.

    result: None where it says nothing about the endpoint. at_s: Unix time.
    """

    result: CheckResult | None
    brief: str
    at_s: float
    took_ms: float | None = None

    @property
    def is_good(self) -> bool:
        return self.result is CheckResult.OK

    @property
    def evidence(self) -> str:
        """`503 in 12 ms`."""
        return self.brief if self.took_ms is None else f"{self.brief} in {self.took_ms:.3g} ms"


class Checker:
    """Puts questions; one for all endpoints of a gateway. To be closed."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def check(self, endpoint: Endpoint, addresses: Sequence[str], check: ActiveCheck) -> Finding:
        """Ends within the timeout of the check, and never raises but when it is cancelled.

        addresses: IP addresses of the endpoint's host, of which the first that takes a connection is asked.
        """
        timeout_s = check.timeout_ns / SECOND_NS
        began_s = time.perf_counter()
        try:
            async with asyncio.timeout(timeout_s):
                result, brief = await self._ask(endpoint, addresses, check.question)
        except TimeoutError:
            is_ours = time.perf_counter() - began_s > _LATE * timeout_s
            return _found(None if is_ours else CheckResult.TIMEOUT, f"timeout after {timeout_s:g} s")
        except OSError as failure:
            return _found(CheckResult.CONNECT_ERROR, _connect_words(failure))
        except aiohttp.ServerDisconnectedError:
            return _found(CheckResult.CONNECT_ERROR, "the connection ended before an answer")
        except aiohttp.ClientError as failure:
            return _found(CheckResult.BAD_STATUS, f"no valid answer: {str(failure) or type(failure).__name__}")
        return _found(result, brief, 1000 * (time.perf_counter() - began_s))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(self, endpoint: Endpoint, addresses: Sequence[str], question: Question) -> tuple[CheckResult, str]:
        places = addresses[:_ADDRESSES_TRIED] if endpoint.unix_path is None else [""]
        for place in places[:-1]:
            try:
                return await self._ask_at(endpoint, place, question)
            except OSError:
                continue
        return await self._ask_at(endpoint, places[-1], question)

    async def _ask_at(self, endpoint: Endpoint, address: str, question: Question) -> tuple[CheckResult, str]:
        if question.type is CheckType.TCP:
            await _connect(endpoint, address)
            return CheckResult.OK, "connected"
        if endpoint.unix_path is None:
            return await _answer_of(self._tcp_session(), _url(address, endpoint, question), endpoint, question)
        async with _session(aiohttp.UnixConnector(endpoint.unix_path, force_close=True)) as session:
            return await _answer_of(session, _url("localhost", endpoint, question), endpoint, question)

    def _tcp_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = _session(aiohttp.TCPConnector(limit=0, force_close=True))
        return self._session


def _session(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(),
        headers={"User-Agent": _USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
    )


async def _answer_of(
    session: aiohttp.ClientSession, url: URL, endpoint: Endpoint, question: Question
) -> tuple[CheckResult, str]:
    host = question.host or ("localhost" if endpoint.unix_path is not None else endpoint.address)
    async with session.request(question.method, url, headers={"Host": host}, allow_redirects=False) as answer:
        if not any(first <= answer.status <= last for first, last in question.statuses):
            return CheckResult.BAD_STATUS, str(answer.status)
        if question.body and not await _has(answer, question.body.encode()):
            return CheckResult.BAD_BODY, f"{answer.status}, body does not contain {question.body!r}"
        return CheckResult.OK, str(answer.status)


async def _has(answer: aiohttp.ClientResponse, wanted: bytes) -> bool:
    body = b""
    while len(body) < BODY_BYTES:
        piece = await answer.content.read(BODY_BYTES - len(body))
        if not piece:
            break
        body += piece
        if wanted in body:
            return True
    return False


async def _connect(endpoint: Endpoint, address: str) -> None:
    loop = asyncio.get_running_loop()
    if endpoint.unix_path is not None:
        transport, _ = await loop.create_unix_connection(asyncio.Protocol, endpoint.unix_path)
    else:
        transport, _ = await loop.create_connection(asyncio.Protocol, address, endpoint.port)
    transport.abort()


def _url(address: str, endpoint: Endpoint, question: Question) -> URL:
    host = f"[{address}]" if ":" in address else address
    port = f":{endpoint.port}" if endpoint.unix_path is None else ""
    return URL(f"http://{host}{port}{question.path}", encoded=True)


def _connect_words(failure: OSError) -> str:
    """`connect refused` for the plainest case; of the others what the system says, without addresses."""
    if failure.errno == errno.ECONNREFUSED:
        return "connect refused"
    if failure.errno in {errno.ECONNRESET, errno.EPIPE}:
        return "connection reset"
    said = os.strerror(failure.errno) if failure.errno else type(failure).__name__
    return f"connect failed: {said.lower()}"


def _found(result: CheckResult | None, brief: str, took_ms: float | None = None) -> Finding:
    return Finding(result, brief[:_BRIEF], time.time(), took_ms)
