"""Mixed requests, each with an end that is known before it is sent: answers, failures, aborts, timeouts, refusals."""

import asyncio
import itertools
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Ending: TypeAlias = tuple[str, str, str]
"""Route, method, code: as the gateway has to count it."""

Counts: TypeAlias = Counter[Ending]

UNMATCHED: Final = "_unmatched"
FIRST_BYTE_MS: Final = 150
"""The gateway's timeout on the route `late`."""
_LATE_MS: Final = 1_000
_HELD_MS: Final = 3_000
_READ_DEADLINE_S: Final = 20.0
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request. `keeps_open` says whether the connection can carry another after it."""

    weight: int
    ending: Ending
    request: bytes
    keeps_open: bool = True
    is_aborted: bool = False


def _request(line: str, *, body: bytes = b"", fields: str = "") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{line} HTTP/1.1\r\nHost: accounts.example\r\n{length}{fields}\r\n".encode() + body


KINDS: Final = (
    Kind(50, ("bytes", "GET", "200"), _request("GET /bytes/100")),
    Kind(12, ("bytes", "GET", "200"), _request("GET /bytes/20000")),
    Kind(10, ("upload", "POST", "200"), _request("POST /upload", body=b"u" * 3000)),
    Kind(6, ("hello", "GET", "200"), _request("GET /hello?token=secret")),
    Kind(4, ("moved", "GET", "308"), _request("GET /moved/x")),
    Kind(4, ("refused", "GET", "502"), _request("GET /refused")),
    Kind(2, ("late", "GET", "504"), _request(f"GET /late/{_LATE_MS}")),
    Kind(3, ("held", "GET", "499"), _request(f"GET /held/{_HELD_MS}"), keeps_open=False, is_aborted=True),
    Kind(5, (UNMATCHED, "GET", "404"), _request("GET /nowhere")),
    Kind(2, (UNMATCHED, "PATCH", "405"), _request("PATCH /hello")),
    Kind(2, (UNMATCHED, "GET", "400"), _request("GET /../x"), keeps_open=False),
)
_ENDS: Final = tuple(itertools.accumulate(kind.weight for kind in KINDS))


@dataclass(slots=True)
class Sent:
    """What the generator knows. `lost` are requests that got no answer though they should have."""

    counts: Counts = field(default_factory=Counter)
    lost: Counts = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    """Answers other than the one that had to come."""


class Client:
    """One connection at a time; a new one where the last can carry no more."""

    def __init__(self, port: int, sent: Sent) -> None:
        self._port = port
        self._sent = sent
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, kind: Kind) -> None:
        try:
            await self._exchange(kind)
        except (OSError, EOFError, ValueError):
            self._sent.lost[kind.ending] += 1
            self.close()

    async def _exchange(self, kind: Kind) -> None:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        assert self._reader is not None
        self._writer.write(kind.request)
        if kind.is_aborted:
            # Only who has heard from the gateway knows that it has the request, and not just the kernel before it.
            await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), _READ_DEADLINE_S)
            self._sent.counts[kind.ending] += 1
            self.close(reset=True)
            return
        code = await asyncio.wait_for(_read_answer(self._reader), _READ_DEADLINE_S)
        if code == kind.ending[2]:
            self._sent.counts[kind.ending] += 1
        else:
            self._sent.wrong[f"{kind.ending} answered {code}"] += 1
        if not kind.keeps_open:
            self.close()

    def close(self, *, reset: bool = False) -> None:
        if self._writer is None:
            return
        if reset:
            # A bare FIN would say that no more requests come, not that nobody waits for the answer.
            plain: socket.socket = self._writer.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._writer.close()
        self._reader = self._writer = None


async def _read_answer(reader: asyncio.StreamReader) -> str:
    """The code of one answer whose body has a length."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"), 0)
    await reader.readexactly(length)
    return lines[0].split()[1].decode()


async def send_all(
    port: int, requests: int, rate: float, half_way: Callable[[], Coroutine[Any, Any, None]] | None = None
) -> Sent:
    """So many requests over 64 connections, at most `rate` a second; `half_way` is awaited beside them, once.

    What came too late is not caught up with: the tail shows so many a second whole, and of a burst only some.
    """
    sent, chooser = Sent(), random.Random(7)
    numbers = iter(range(requests))
    next_s = time.monotonic()
    beside: list[asyncio.Task[None]] = []

    async def turn() -> None:
        nonlocal next_s
        now_s = time.monotonic()
        due_s = max(next_s, now_s)
        next_s = due_s + 1 / rate
        await asyncio.sleep(due_s - now_s)

    async def work() -> None:
        client = Client(port, sent)
        for number in numbers:
            if number == requests // 2 and half_way is not None:
                beside.append(asyncio.create_task(half_way()))
            await turn()
            await client.send(KINDS[chooser.choices(range(len(KINDS)), cum_weights=_ENDS)[0]])
        client.close()

    await asyncio.gather(*(work() for _ in range(64)))
    await asyncio.gather(*beside)
    return sent
