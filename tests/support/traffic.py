"""Steady requests in the background, each judged: whatever a gateway does meanwhile, its clients must not notice."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from tests.support.messages import Response
from tests.support.raw_client import Address, RawClient, Truncated
from tests.support.waiting import DEADLINE_S, Overdue, wait_until

_PACE_S: Final = 0.004
_AT_ONCE_S: Final = 0.5
"""On a busy machine too; what the gateway works on for longer it has taken."""
TRUSTED_S: Final = 0.7
"""How long a kept connection may carry nothing and still be good for a request: who is told to end closes those that have been
silent for a second, and a request may cross the end of one, which no gateway can help (RFC 9112 section 9.3.1 has clients send
it again on another)."""


class SteadyTraffic:
    """Some clients that send a request every few milliseconds over kept-alive connections, and open a new one when the
    gateway says `close`. `failures` are what a user would have seen go wrong; `refused` are connections not opened.
    A request that met the end of a connection which its client, itself held up, had left silent is no failure (`crossed`).
    """

    def __init__(
        self,
        address: Address,
        *,
        clients: int = 4,
        path: str = "/steady",
        expect: Callable[[Response], bool] = lambda response: response.status == 200,
        keep_alive: bool = True,
    ) -> None:
        self.failures: list[str] = []
        self.refused: list[float] = []
        self.crossed = 0
        self.statuses: Counter[int] = Counter()
        self._address = address
        self._request = f"GET {path} HTTP/1.1\r\nHost: gateway.test\r\n".encode()
        self._request += b"\r\n" if keep_alive else b"Connection: close\r\n\r\n"
        self._expect = expect
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self.await_more(20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def answered(self) -> int:
        return self.statuses.total()

    def await_more(self, count: int) -> None:
        """Until so many more requests have been answered."""
        goal = self.answered + count
        wait_until(lambda: self.answered >= goal, f"{count} more answers; failures: {self.failures[:3]}", 20.0)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(15.0)
            assert not thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                client = _Connected(socket.create_connection(self._address, DEADLINE_S))
            except (ConnectionRefusedError, TimeoutError):
                self.refused.append(time.monotonic())
                self._stopping.wait(_PACE_S)
                continue
            except OSError as failure:
                self.failures.append(f"connecting: {failure!r}")
                continue
            with client:
                self._use(client)

    def _use(self, client: RawClient) -> None:
        asked_s = time.monotonic()
        while not self._stopping.is_set():
            # It may have been answered long before this thread came to see that.
            silent_since_s, asked_s = asked_s, time.monotonic()
            try:
                client.send(self._request)
                asked_s = time.monotonic()
                response = client.read_final()
            except (OSError, Truncated, Overdue) as failure:
                is_nothing_read = not (isinstance(failure, Truncated) and failure.received)
                if is_nothing_read and has_crossed_the_end(failure, asked_s - silent_since_s, asked_s):
                    self.crossed += 1
                else:
                    self.failures.append(repr(failure))
                return
            self.statuses[response.status] += 1
            if not self._expect(response):
                self.failures.append(f"{response.status} {response.body[:200]!r}")
            if response.closes:
                return
            self._stopping.wait(_PACE_S)


def has_crossed_the_end(failure: Exception, silent_s: float, asked_s: float) -> bool:
    """Of a request of whose answer nothing came: whether its connection had ended before it, because that may have been silent
    for so long. asked_s: when it had been written. An end that was under way then is seen at once."""
    is_ended = isinstance(failure, ConnectionError | Truncated | asyncio.IncompleteReadError)
    return is_ended and silent_s > TRUSTED_S and time.monotonic() - asked_s < _AT_ONCE_S


class _Connected(RawClient):
    """A client whose connection is open already: a refused one leaves nothing behind."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.after_byte = None
        self.end = None
        self._buffer = bytearray()
