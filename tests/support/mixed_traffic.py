"""Traffic of several kinds at a steady rate, with an origin of its own: what a restart of anything must not disturb.

Of every hundred requests 55 are small GETs and 15 POSTs of 16 KiB on kept connections, 25 come on connections of their own, 4
fetch 64 KiB, and one takes between one and two seconds. Every answer is compared to the last byte.
"""

import asyncio
import itertools
import math
import select
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import uvloop

from tests.support.loop_thread import LoopThread
from tests.support.raw_client import Address
from tests.support.traffic import has_crossed_the_end
from tests.support.waiting import wait_until

RATE: Final = 500.0
_POST: Final = b"p" * 16384
_LARGE: Final = b"l" * 65536
_DEADLINE_S: Final = 15.0


@dataclass(eq=False)
class Sent:
    """One request. failure: empty where it was answered as it should."""

    kind: str
    began_s: float
    is_reused: bool
    ended_s: float = 0.0
    failure: str = ""

    def __str__(self) -> str:
        where = "kept" if self.is_reused else "new"
        return f"{self.kind} on a {where} connection, after {self.ended_s - self.began_s:.3f} s: {self.failure}"


@dataclass(eq=False)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    uses: int = field(default=0)
    asked_s: float = math.inf
    """When a request was last written to it. It may have been silent ever since: who sends may see an answer late."""
    silent_s: float = 0.0
    """Before that request, at most."""
    is_answering: bool = False
    """Whether anything came of its answer."""

    @property
    def has_ended(self) -> bool:
        """Whether the other side has closed it, also when this loop, held up by others, has not come to read of it: as the
        clients of most languages ask their socket before they send on a kept connection."""
        if self.reader.at_eof() or self.writer.is_closing():
            return True
        look = select.poll()
        look.register(self.writer.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(look.poll(0))


class MixedTraffic:
    """An open loop: a slow answer does not slow the requests after it. `failed` is what users would have seen go wrong;
    `refused` are connections that were not opened. Times are monotonic seconds."""

    def __init__(self, per_second: float = RATE) -> None:
        self.failed: list[Sent] = []
        self.refused = 0
        self.crossed = 0
        """Requests that met the end of a connection which this side, itself held up, had left silent, and that were sent again."""
        self.answered: Counter[str] = Counter()
        self.slowest_s = 0.0
        """Of the exchanges that have no reason to be slow."""
        self._pause_s = 1 / per_second
        self._address: Address = ("", 0)
        self._idle: list[_Connection] = []
        self._under_way: set[Sent] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = LoopThread("mixed traffic", uvloop.new_event_loop)
        self._task: asyncio.Task[None] | None = None
        self._origin = self._thread.run(asyncio.start_server(_answer_all, "127.0.0.1", 0, backlog=1024))
        self.origin: str = f"127.0.0.1:{self._origin.sockets[0].getsockname()[1]}"
        """The address of what answers."""

    def start(self, address: Address) -> None:
        """Send to this gateway from now on."""
        self._address = address
        self._task = self._thread.call(lambda: asyncio.create_task(self._send()))

    def stop(self) -> None:
        """No more requests; those under way are waited for."""
        if self._task is not None:
            self._thread.call(self._task.cancel)
            wait_until(lambda: not self._under_way, "the last requests are answered", _DEADLINE_S + 1)
            self._task = None
        self._thread.run(self._drop_idle())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.call(self._origin.close)
        self._thread.stop()

    @property
    def total(self) -> int:
        """All that have been answered."""
        return self.answered.total()

    def await_more(self, count: int) -> None:
        """Until so many more have been answered."""
        goal = self.total + count
        wait_until(lambda: self.total >= goal, f"{count} more answers", 30.0, 0.01)

    async def _send(self) -> None:
        begun_s = time.monotonic()
        for number in itertools.count():
            await asyncio.sleep(max(0.0, begun_s + number * self._pause_s - time.monotonic()))
            task = asyncio.create_task(self._one(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _one(self, number: int) -> None:
        kind, request, body, is_kept = _request(number)
        sent = Sent(kind, time.monotonic(), is_reused=False)
        self._under_way.add(sent)
        try:
            async with asyncio.timeout(_DEADLINE_S):
                await self._ask(sent, request, body, is_kept=is_kept)
        except ConnectionRefusedError:
            self.refused += 1
            return
        except (OSError, EOFError, ValueError, TimeoutError) as failure:
            sent.failure = repr(failure)
        finally:
            sent.ended_s = time.monotonic()
            self._under_way.discard(sent)
        if sent.failure:
            self.failed.append(sent)
            return
        self.answered[kind] += 1
        if kind != "slow":
            self.slowest_s = max(self.slowest_s, sent.ended_s - sent.began_s)

    async def _ask(self, sent: Sent, request: bytes, body: bytes, *, is_kept: bool) -> None:
        connection = await self._connection(is_kept=is_kept)
        sent.is_reused = connection.uses > 0
        try:
            await self._exchange(connection, request, body, is_kept=is_kept)
        except (ConnectionError, asyncio.IncompleteReadError) as failure:
            if not sent.is_reused or connection.is_answering:
                raise
            if not has_crossed_the_end(failure, connection.silent_s, connection.asked_s):
                raise
            self.crossed += 1
            sent.is_reused = False
            await self._exchange(await self._open(), request, body, is_kept=is_kept)

    async def _exchange(self, connection: _Connection, request: bytes, body: bytes, *, is_kept: bool) -> None:
        connection.uses += 1
        closes = True
        try:
            connection.writer.write(request)
            now_s = time.monotonic()
            connection.silent_s, connection.asked_s = now_s - connection.asked_s, now_s
            connection.is_answering = False
            head = await connection.reader.readexactly(1)
            connection.is_answering = True
            head = (head + await connection.reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            content = await connection.reader.readexactly(length)
            if not head.startswith(b"http/1.1 200 ") or content != body:
                raise ValueError(f"unexpected {head[:60]!r}, {len(content)} bytes")
            closes = not is_kept or b"connection: close" in head
        finally:
            if closes:
                connection.writer.close()
            else:
                self._idle.append(connection)

    async def _connection(self, *, is_kept: bool) -> _Connection:
        while is_kept and self._idle:
            kept = self._idle.pop()
            if not kept.has_ended:
                return kept
            kept.writer.close()
        return await self._open()

    async def _open(self) -> _Connection:
        return _Connection(*await asyncio.open_connection(*self._address))

    async def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().writer.close()


def _request(number: int) -> tuple[str, bytes, bytes, bool]:
    """Kind, request, the body of the right answer, and whether its connection is kept."""
    head, place = f"/r{number}", number % 100
    if place == 99:
        return "slow", _get(f"{head}?wait={1000 + number % 1000}"), head.encode(), True
    if place % 25 == 24:
        return "large", _get(f"{head}?large"), _LARGE, True
    if place % 4 == 3:
        return "fresh", _get(head, "Connection: close\r\n"), head.encode(), False
    if place % 20 in {0, 6, 12}:
        post = f"POST {head} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {len(_POST)}\r\n\r\n".encode()
        return "post", post + _POST, head.encode() + b" %d" % len(_POST), True
    return "get", _get(head), head.encode(), True


def _get(target: str, fields: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: gateway.test\r\n{fields}\r\n".encode()


async def _answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The origin's side of one connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path, _, query = head.split(b" ", 2)[1].partition(b"?")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            received = await reader.readexactly(length)
            if query.startswith(b"wait="):
                await asyncio.sleep(int(query[5:]) / 1000)
            body = _LARGE if query == b"large" else path + (b" %d" % len(received) if received else b"")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    except (EOFError, OSError):
        pass
    finally:
        writer.close()
