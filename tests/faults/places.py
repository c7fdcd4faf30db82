"""An upstream that has so many places and takes so long for each request: `python -m tests.faults.places PORT PLACES MS [HOST]`.

Who finds no place waits in a queue without an end, so that whatever bounds the wait is the gateway's. It never is short of
processor time itself at the rates it is asked for.
"""

import asyncio
import sys
from typing import cast

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell"


class Place(asyncio.Protocol):
    """A connection; one request without a body at a time."""

    def __init__(self, places: asyncio.Semaphore, took_s: float) -> None:
        self._places = places
        self._took_s = took_s
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        if not data.endswith(b"\r\n\r\n"):
            return
        task = asyncio.get_running_loop().create_task(self._serve())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self) -> None:
        async with self._places:
            await asyncio.sleep(self._took_s)
        if self._transport is not None:
            self._transport.write(ANSWER)


async def serve(port: int, places: int, took_s: float, host: str) -> None:
    loop = asyncio.get_running_loop()
    room = asyncio.Semaphore(places)
    server = await loop.create_server(lambda: Place(room, took_s), host, port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) / 1000, (*sys.argv[4:], "127.0.0.1")[0]))
