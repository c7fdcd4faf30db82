"""What happens before every query of every dashboard is run: traffic of which one route is counted exactly, and beside it
each fault a gateway of today can meet, so that no panel has a reason to be empty."""

import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.config import free_port
from tests.support.origin import OK, OriginConnection, PeerGone, Script
from tests.support.program import Program
from tests.support.raw_client import Truncated
from tests.support.waiting import wait_until

GOLDEN: Final = "golden"
GOLDEN_RATE: Final = 80.0
_PATIENCE_S: Final = 150.0
"""Longer than the whole scene: a kept connection may stay idle."""
FAIL_EVERY, SLOW_EVERY = 5, 50
_FAILURE: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno"
_SLO: Final = "slo: {availability: 99%, latency: {target: 95%, under: 100ms}}"
_PLACES: Final = ("fast", "failing", "hung", "refused", "stale", "named", "unnamed", "broken", "ejected")
_FAILING: Final = frozenset({"failing", "broken", "ejected"})
_PROTECTED: Final = {
    "fast": ", concurrency: {}",
    "hung": ", connections: {max: 1, max_pending: 1}",
    "broken": ", breaker: {min_requests: 2, window: 2s, open_for: 500ms, half_open_requests: 1}",
    "ejected": ", health: {active: {path: /now, interval: 500ms}, passive: {consecutive_failures: 2, eject_for: 500ms, max_ejected: 100%}}",
}
"""Further keys of upstreams."""
_POLICIES: Final = {
    "fast": ", faults: {delay: {share: 50%, duration: 1ms}}",
    "failing": ", retries: {attempts: 2, on: [500]}",
    "hung": ", timeouts: {first_byte: 300ms}",
}
"""Further keys of routes."""


def golden_path(number: int) -> str:
    """A fifth fails at once. A fiftieth is slow, spread evenly over one bucket of the classic histogram but for the end, so
    that the 99th percentile lies in its middle and a loop that is late does not push requests into the next."""
    if number % SLOW_EVERY == 1:
        spread = (number // SLOW_EVERY) * 0.618034 % 1
        return f"/golden/{0.5 + 0.247 * spread:.4f}"
    return "/golden/fail" if number % FAIL_EVERY == 0 else "/golden/now"


async def _serve(connection: OriginConnection, answer: Callable[[str], Awaitable[bytes]]) -> None:
    connection.answered = 0
    while True:
        request = await connection.read_request(_PATIENCE_S)
        await connection.send(await answer(request.target.decode().rpartition("/")[2]))


def golden_origin(sleep: Callable[[float], Awaitable[None]]) -> Script:
    """Answers what its path says: `now`, `fail`, or after so many seconds."""

    async def answer(word: str) -> bytes:
        if word == "fail":
            return _FAILURE
        if word != "now":
            await sleep(float(word))
        return OK

    return lambda connection: _serve(connection, answer)


async def hangs(connection: OriginConnection) -> None:
    """A script: takes every request and answers none."""
    await connection.read_request(_PATIENCE_S)
    await connection.until_peer_ends(_PATIENCE_S)


async def goes_stale(connection: OriginConnection) -> None:
    """A script: hangs up on the second request of a connection, as an origin does whose keep-alive has just ended."""
    await connection.read_request(_PATIENCE_S)
    await connection.send(OK)
    with suppress(PeerGone):
        await connection.read_head(_PATIENCE_S)
    await connection.reset()


def configuration(golden: tuple[str, ...], hung: str, stale: str, collector: str) -> dict[str, str]:
    """Keys for `Program.text`: a route for every kind of fault, and one too many for the series of routes."""
    fast = golden[0]
    endpoints = {
        "fast": f'"{fast}"',
        "failing": f'"{golden[1]}"',
        "hung": f'"{hung}"',
        "refused": f'"127.0.0.1:{free_port()}"',
        "stale": f'"{stale}"',
        "named": f'"localhost:{fast.rpartition(":")[2]}"',
        "unnamed": '"nowhere.invalid:80"',
        "broken": f'"{golden[1]}"',
        "ejected": f'"{golden[1]}"',
    }
    assert tuple(endpoints) == _PLACES
    return {
        "route": _SLO,
        "match": "hosts: [gateway.test], path_prefix: /golden",
        "more_upstreams": "\n".join(
            f"  {name}: {{endpoints: [{address}]{_PROTECTED.get(name, '')}}}" for name, address in endpoints.items()
        ),
        "more_routes": "\n".join(
            f"  - {{name: {name}, match: {{hosts: [gateway.test], path_prefix: /{name}}}, upstream: {name}, {_SLO}"
            f"{_POLICIES.get(name, '')}}}"
            for name in _PLACES
        )
        + "\n  - {name: beyond, match: {hosts: [gateway.test], path: /beyond}, respond: {status: 200, body: hello}}",
        "more": f"telemetry: {{traces: {{endpoint: {collector}, sample: 20%}}, metrics: {{max_routes: {len(_PLACES) + 1}, native_histograms: true}}}}",
    }


@contextmanager
def following(program: Program) -> Iterator[None]:
    """Somebody who follows all exchanges live and reads what comes."""
    with socket.create_connection(("127.0.0.1", program.admin_port)) as followed:
        followed.sendall(b"GET /api/v1/stream?topics=exchanges HTTP/1.1\r\nHost: localhost\r\n\r\n")
        reader = threading.Thread(target=_read_to_end, args=(followed,), daemon=True)
        reader.start()
        try:
            yield
        finally:
            followed.shutdown(socket.SHUT_RDWR)
            reader.join(5.0)


def _read_to_end(followed: socket.socket) -> None:
    with suppress(OSError):
        while followed.recv(65536):
            pass


class Faults:
    """Each call causes every fault once more."""

    def __init__(self, program: Program, folder: Path) -> None:
        self._program = program
        self._folder = folder

    def cause(self) -> None:
        for place in _PLACES:
            for number in range(3):
                self._send(f"/{place}/{'fail' if place in _FAILING and number else 'now'}")
        for path in ("/beyond", "/nothing", "/golden-not"):
            self._send(path)
        self._malformed()
        self._abort()

    def kill_a_worker(self) -> None:
        """And wait for its successor."""
        pid = self._program.workers()[0]["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda: self._program.workers()[0]["pid"] not in {0, pid} and self._program.is_ready(),
            "the successor of a killed worker",
            15.0,
        )

    def reload(self, changed: str) -> None:
        """First a file that is refused, then one that is applied."""
        good = self._program.file.read_text()
        self._program.write(good.replace("routes:", "paths:"))
        self._program.await_last_reload("rejected", "file")
        sequence = self._program.status()["sequence"]
        self._program.write(changed)
        self._program.await_sequence(sequence + 1)

    def _send(self, path: str) -> None:
        with suppress(OSError, Truncated):
            self._program.send(path)

    def _malformed(self) -> None:
        with self._program.client() as client, suppress(OSError, Truncated):
            client.request(b"GET /golden HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")

    def _abort(self) -> None:
        """A client that leaves while the origin still thinks."""
        with self._program.client() as client:
            client.send(b"GET /hung/now HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
            client.reset()
