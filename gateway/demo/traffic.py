"""The demo's client, a process of its own: sends planned requests at a steady pace and counts every answer it gets.

`python -m gateway.demo.traffic URL RATE` prints SENDING once it can be ended, runs until SIGTERM, lets what is under way
end, and prints its Tally as JSON. SIGUSR1 has one more client ask for what is not there, SIGUSR2 ends that.
"""

import asyncio
import random
import signal
import socket
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import aiohttp
import msgspec
import uvloop
from yarl import URL

from gateway.demo.children import ended_by_signal
from gateway.demo.plan import Planned, plan_request, plan_stray

SENDING: Final = b"sending\n"
IN_FLIGHT_LIMIT: Final = 200
DEADLINE_S: Final = 60.0
"""For one request; longer than any the gateway lets live, so that this side never gives up first."""

BURST_RATE: Final = 30.0
STRANGER: Final = "127.0.0.66"
"""The address from which what is not there is asked for; where a machine has only 127.0.0.1, the same as all others'."""

DURATIONS_KEPT: Final = 5000
LOST_KEPT: Final = 100
_CHUNK: Final = 1000


class Count(msgspec.Struct, frozen=True):
    route: str
    method: str
    code: int
    requests: int


class Tally(msgspec.Struct, frozen=True):
    """What the client saw. `broken` are answers that ended early, counted under the status they had begun with."""

    counts: list[Count]
    broken: int
    lost: list[str]
    """Requests without any answer, each with what happened instead."""
    duration_ms: dict[str, list[float]]
    """By route, sorted; of the last DURATIONS_KEPT requests to it."""


class Client:
    """Sends requests and keeps the tally."""

    def __init__(self, session: aiohttp.ClientSession, url: URL, stranger: aiohttp.ClientSession | None = None) -> None:
        """stranger: what sends the stray requests; the session itself where there is none."""
        self._session = session
        self._stranger = stranger or session
        self._url = url
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._broken = 0
        self._lost: deque[str] = deque(maxlen=LOST_KEPT)
        self._durations_ms: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=DURATIONS_KEPT))

    async def send(self, planned: Planned) -> None:
        """One request, its answer read to the end."""
        started_s = time.perf_counter()
        url = self._url.join(URL(planned.path, encoded=True))
        try:
            if planned.is_tunnel:
                await self._tunnel(planned, url)
                return
            session = self._stranger if planned.is_stray else self._session
            async with session.request(
                planned.method, url, headers=planned.headers, data=_body_of(planned), allow_redirects=False
            ) as response:
                self._counts[planned.route, planned.method, response.status] += 1
                await self._read(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            self._lost.append(f"{planned.method} {planned.path}: {error!r}")
        finally:
            self._durations_ms[planned.route].append((time.perf_counter() - started_s) * 1e3)

    async def _tunnel(self, planned: Planned, url: URL) -> None:
        try:
            async with self._session.ws_connect(url) as tunnel:
                self._counts[planned.route, planned.method, 101] += 1
                await tunnel.send_str("ping")
                await tunnel.receive(DEADLINE_S)
        except aiohttp.WSServerHandshakeError as refused:
            self._counts[planned.route, planned.method, refused.status] += 1

    async def _read(self, response: aiohttp.ClientResponse) -> None:
        try:
            await response.read()
        except (aiohttp.ClientPayloadError, aiohttp.ClientOSError):
            self._broken += 1

    def tally(self) -> Tally:
        counts = [Count(*key, requests) for key, requests in sorted(self._counts.items())]
        durations = {route: sorted(values) for route, values in sorted(self._durations_ms.items())}
        return Tally(counts, self._broken, list(self._lost), durations)


def _body_of(planned: Planned) -> bytes | AsyncIterator[bytes] | None:
    if planned.body is None or not planned.in_chunks:
        return planned.body
    return _pieces(planned.body)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]
        await asyncio.sleep(0.001)


async def send_until(
    ended: asyncio.Event,
    client: Client,
    rate: float,
    chooser: random.Random,
    plan: Callable[[random.Random], Planned] = plan_request,
) -> None:
    """Requests at `rate` a second, at random moments; then waits for what is under way."""
    places = asyncio.Semaphore(IN_FLIGHT_LIMIT)
    running: set[asyncio.Task[None]] = set()
    while not ended.is_set():
        await places.acquire()
        task = asyncio.create_task(client.send(plan(chooser)))
        running.add(task)
        task.add_done_callback(running.discard)
        task.add_done_callback(lambda _: places.release())
        await _wait(ended, chooser.expovariate(rate))
    if running:
        await asyncio.wait(running)


async def _wait(ended: asyncio.Event, delay_s: float) -> None:
    try:
        await asyncio.wait_for(ended.wait(), delay_s)
    except TimeoutError:
        return


class Bursts:
    """Bursts of stray requests, one at a time."""

    def __init__(self, client: Client, chooser: random.Random) -> None:
        self._client = client
        self._chooser = chooser
        self._over = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Nothing happens while there is one already."""
        if self._sending is None or self._sending.done():
            self._over = asyncio.Event()
            self._sending = asyncio.create_task(
                send_until(self._over, self._client, BURST_RATE, self._chooser, plan_stray)
            )

    def stop(self) -> None:
        self._over.set()

    async def end(self) -> None:
        """Returns when every request of theirs has its answer."""
        self.stop()
        if self._sending is not None:
            await self._sending


async def run(url: URL, rate: float) -> Tally:
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    headers = {"User-Agent": "sightline-demo"}
    loop = asyncio.get_running_loop()
    with ended_by_signal() as ended:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            aiohttp.ClientSession(timeout=timeout, connector=_strange_connector()) as stranger,
        ):
            client = Client(session, url, stranger)
            bursts = Bursts(client, random.Random())
            loop.add_signal_handler(signal.SIGUSR1, bursts.begin)
            loop.add_signal_handler(signal.SIGUSR2, bursts.stop)
            _write(SENDING)
            await send_until(ended, client, rate, random.Random())
            await bursts.end()
            return client.tally()


def _strange_connector() -> aiohttp.TCPConnector:
    with socket.socket() as trial:
        try:
            trial.bind((STRANGER, 0))
        except OSError:
            return aiohttp.TCPConnector()
    return aiohttp.TCPConnector(local_addr=(STRANGER, 0))


def main(arguments: Sequence[str]) -> None:
    tally = uvloop.run(run(URL(arguments[0]), float(arguments[1])))
    _write(msgspec.json.encode(tally))


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
