"""A load generator with an account of its own: requests at fixed times over kept connections, each with its end, its
status and how long it took as a client sees it."""

import asyncio
import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, NamedTuple, Self

from tests.support.loop_thread import LoopThread
from tests.support.raw_client import Address

_CONNECTIONS: Final = 24


class Finished(NamedTuple):
    """at_s: Unix time. status: 0 where the connection ended without one. late_s: by how much it was sent too late, which is
    what the machine did to the generator, and may have done to what it measured."""

    at_s: float
    status: int
    took_s: float
    late_s: float = 0.0


class PacedLoad:
    """`path_of` names the path of the n-th request. An open loop: a slow answer does not slow the requests after it.

    local_host: the address it comes from, as the gateway sees it.
    """

    def __init__(
        self, address: Address, path_of: Callable[[int], str], per_second: float, local_host: str = "127.0.0.1"
    ) -> None:
        self.finished: list[Finished] = []
        self._address = address
        self._path_of = path_of
        self._pause_s = 1 / per_second
        self._local_host = local_host
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._thread = LoopThread("load", asyncio.new_event_loop)
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._task = self._thread.call(lambda: asyncio.create_task(self._send()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.run(self._end())
        self._thread.stop()

    def between(self, start_s: float, end_s: float) -> list[Finished]:
        """What ended in this time."""
        return [each for each in list(self.finished) if start_s < each.at_s <= end_s]

    async def _send(self) -> None:
        begun_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            number = 0
            while True:
                due_s = begun_s + number * self._pause_s
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                group.create_task(self._one(self._path_of(number), time.monotonic() - due_s))
                number += 1

    async def _one(self, path: str, late_s: float) -> None:
        started_s = time.perf_counter()
        status = 0
        writer: asyncio.StreamWriter | None = None
        is_kept = False
        try:
            reader, writer = self._idle.pop() if self._idle else await self._connect()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
            status = int(head.split()[1])
            is_kept = len(self._idle) < _CONNECTIONS and b"connection: close" not in head.lower()
            if is_kept:
                self._idle.append((reader, writer))
        except (OSError, EOFError):
            pass
        finally:
            if writer is not None and not is_kept:
                writer.close()
        self.finished.append(Finished(time.time(), status, time.perf_counter() - started_s, late_s))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self._address, local_addr=(self._local_host, 0))

    async def _end(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for _, writer in self._idle:
            writer.close()
        await asyncio.sleep(0)


def exact_quantile(rank: float, values: list[float]) -> float:
    """The smallest value that at least this share of all values does not exceed."""
    return sorted(values)[max(0, math.ceil(rank * len(values)) - 1)]
