"""An open-loop load generator for HTTP/1.1: requests start at fixed times, whatever became of those before.

Latency counts from the time a request was meant to start, so a stalled gateway cannot hide behind requests that were
never sent (coordinated omission). Every answer is compared with the one its request expects. Used where wrk, which sends as fast as
it is answered, cannot serve. Alone: python -m perf.loadgen URL --rate 1000 --duration 10
"""

import argparse
import asyncio
import contextlib
import gc
import os
import sys
import time
import urllib.parse
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import httptools
import uvloop

from perf.ticker import Ticker

NOT_SENT = frozenset({"connect", "queue"})
"""Failures of requests of which no byte was ever sent."""


@dataclass(frozen=True, slots=True)
class Request:
    """Bytes to send and the answer to expect; status 0 and body None take any. key: the caller's own name for it."""

    raw: bytes
    status: int = 200
    body: bytes | None = None
    key: str = ""


@dataclass(slots=True)
class Result:
    """One request and what came of it; times are monotonic nanoseconds. failure is empty for an answer as expected.

    Failures: connect (refused or reset while opening), queue (no connection free), lost (the connection ended before
    the answer), timeout (no answer by the end), unexpected (another status or body than expected).
    """

    request: Request
    intended_ns: int
    sent_ns: int = 0
    ended_ns: int = 0
    status: int = 0
    body: bytes = b""
    failure: str = ""
    local_port: int = 0
    reused: bool = False
    """Whether its connection had carried an answer before."""

    @property
    def latency_ns(self) -> int:
        return self.ended_ns - self.intended_ns


class Connection(asyncio.Protocol):
    """One kept-alive connection, one request at a time."""

    def __init__(self, owner: "OpenLoop") -> None:
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._current: Result | None = None
        self._body: list[bytes] = []
        self._reused = False
        self.local_port = 0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.local_port = transport.get_extra_info("sockname")[1]

    def send(self, result: Result) -> None:
        """Send a request; its result is handed to the owner when the answer is complete or the connection is lost."""
        assert self._transport is not None
        self._current = result
        self._body = []
        self._parser = httptools.HttpResponseParser(self)
        result.local_port = self.local_port
        result.reused = self._reused
        result.sent_ns = time.monotonic_ns()
        self._transport.write(result.request.raw)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        result, self._current = self._current, None
        if result is None:
            return
        result.status = self._parser.get_status_code()
        result.body = b"".join(self._body)
        self._reused = True
        if not self._parser.should_keep_alive():
            self.close()
        self._owner.answered(self, result)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        result, self._current = self._current, None
        self._owner.closed(self)
        if result is not None:
            self._owner.failed(result, "lost")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@dataclass
class Summary:
    """Counts by failure, and latencies of the answers that were as expected, sorted, nanoseconds."""

    sent: int
    failures: Counter[str]
    latencies_ns: list[int]
    late_ns: int
    """The generator's own delay at the 99th percentile: how much later than intended it sent what it could send."""

    def percentile_ms(self, share: float) -> float:
        """Milliseconds; nearest rank; NaN when nothing was answered."""
        if not self.latencies_ns:
            return float("nan")
        return self.latencies_ns[min(len(self.latencies_ns) - 1, int(len(self.latencies_ns) * share))] / 1e6


@dataclass
class OpenLoop:
    """A run at a fixed rate over at most `connections` kept-alive connections, used in turns.

    next_request is asked for each request at its intended time; on_result, if given, sees each result as it ends.
    Requests that find every connection busy wait; their wait counts as latency. More than max_waiting fail as `queue`.
    """

    port: int
    rate: float
    next_request: Callable[[], Request]
    host: str = "127.0.0.1"
    connections: int = 32
    max_waiting: int = 100_000
    on_result: Callable[[Result], None] | None = None
    results: list[Result] = field(default_factory=list)
    _idle: deque[Connection] = field(default_factory=deque)
    _waiting: deque[Result] = field(default_factory=deque)
    _open: set[Connection] = field(default_factory=set)
    _opening: set[asyncio.Task[None]] = field(default_factory=set)
    _running: dict[int, Result] = field(default_factory=dict)
    _settled: asyncio.Event | None = None
    _sending: bool = False
    _is_stopped: bool = False

    async def run(self, duration_s: float, grace_s: float = 5.0) -> Summary:
        """Send for so long, wait for the last answers for at most grace_s, close everything."""
        await asyncio.gather(*(self._connect() for _ in range(self.connections)))
        gc.collect()
        gc.disable()  # its pauses would be taken for the gateway's
        started_ns = time.monotonic_ns()
        count = int(duration_s * self.rate)
        step_ns = 1e9 / self.rate
        sent = 0
        self._sending = True
        with Ticker(max(int(step_ns), 250_000)) as ticker:
            while sent < count and not self._is_stopped:
                await ticker.tick()
                now_ns = time.monotonic_ns()
                while sent < count and (intended_ns := started_ns + int(sent * step_ns)) <= now_ns:
                    self._start(Result(self.next_request(), intended_ns))
                    sent += 1
        self._sending = False
        await self._settle(grace_s)
        gc.enable()
        return self.summary()

    def stop(self) -> None:
        """Send no more, before the duration is over; may be called in another thread."""
        self._is_stopped = True

    def summary(self) -> Summary:
        """Of all results so far."""
        failures = Counter(result.failure for result in self.results if result.failure)
        latencies = sorted(result.latency_ns for result in self.results if not result.failure)
        late = sorted(result.sent_ns - result.intended_ns for result in self.results if result.sent_ns)
        return Summary(len(self.results), failures, latencies, late[int(len(late) * 0.99)] if late else 0)

    def answered(self, connection: Connection, result: Result) -> None:
        """A complete answer has arrived."""
        request = result.request
        as_expected = request.status in {0, result.status} and request.body in {None, result.body}
        self._finish(result, "" if as_expected else "unexpected")
        if not connection.is_open:
            return
        if self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._idle.append(connection)

    def failed(self, result: Result, failure: str) -> None:
        """It will get no answer."""
        self._finish(result, failure)

    def closed(self, connection: Connection) -> None:
        """The connection is gone; while the run lasts, another is opened in its place."""
        self._open.discard(connection)
        if self._waiting or self._sending:
            self._open_another()

    def local_ports(self) -> set[int]:
        """Of the connections open now."""
        return {connection.local_port for connection in self._open}

    def _start(self, result: Result) -> None:
        self._running[id(result)] = result
        while self._idle:
            connection = self._idle.popleft()
            if connection.is_open:
                connection.send(result)
                return
        if len(self._waiting) >= self.max_waiting:
            self._finish(result, "queue")
            return
        self._waiting.append(result)
        if len(self._open) + len(self._opening) < self.connections:
            self._open_another()

    def _open_another(self) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(), name="connect")
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(lambda: Connection(self), self.host, self.port)
        except OSError:
            if self._waiting:
                self._finish(self._waiting.popleft(), "connect")
            return
        self._open.add(connection)
        if self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._idle.append(connection)

    def _finish(self, result: Result, failure: str) -> None:
        self._running.pop(id(result), None)
        if not self._running and self._settled is not None:
            self._settled.set()
        result.failure = failure
        result.ended_ns = time.monotonic_ns()
        self.results.append(result)
        if self.on_result is not None:
            self.on_result(result)

    async def _settle(self, grace_s: float) -> None:
        self._settled = asyncio.Event()
        if self._running:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), grace_s)
        for result in list(self._running.values()):
            self._finish(result, "timeout" if result.sent_ns else "queue")
        self._waiting.clear()
        for connection in list(self._open):
            connection.close()
        await asyncio.sleep(0.05)


def get(path: str, status: int = 200, body: bytes | None = None, key: str = "") -> Request:
    """A GET on a kept-alive connection."""
    raw = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: perf-loadgen\r\n\r\n".encode()
    return Request(raw, status, body, key)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m perf.loadgen", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=1000, help="requests a second")
    parser.add_argument("--duration", type=float, default=10, help="seconds")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--status", type=int, default=200, help="the status to expect")
    parser.add_argument("--core", type=int, help="pin this process to a core")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    url = urllib.parse.urlsplit(arguments.url)
    request = get(url.path or "/", arguments.status)
    load = OpenLoop(
        url.port or 80,
        arguments.rate,
        lambda: request,
        host=url.hostname or "127.0.0.1",
        connections=arguments.connections,
    )
    summary = uvloop.run(load.run(arguments.duration))
    print(f"requests {summary.sent}, failures {dict(summary.failures) or 'none'}")
    print(" ".join(f"p{share * 100:g} {summary.percentile_ms(share):.3f} ms" for share in (0.5, 0.9, 0.99, 0.999)))
    print(f"generator late at p99: {summary.late_ns / 1e6:.3f} ms")
    return int(bool(summary.failures))


if __name__ == "__main__":
    sys.exit(main())
