"""Connections that are not let in while a worker has too much: some wait in the kernel, which costs nothing, and some are
turned away before a byte of them is read, which costs a third of a request.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gateway.model.clock import MILLISECOND_NS, monotonic_ns

BUSY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nServer: sightline\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 15\r\nConnection: close\r\n\r\n503 overloaded\n"
)
"""What a connection gets that is not let in; its request has not been read, so it has no id and no line in the log."""

_TURNED_AWAY_NS: Final = 2 * MILLISECOND_NS
"""How long each look may be kept up by turning away: a tenth of the processor. Whoever comes faster waits in the kernel."""
_AT_ONCE: Final = 256
_READ: Final = 65536


class Gate:
    """Of one listener's socket. `let_in` hands a connected socket on; `turned_away` counts one that was not let in."""

    def __init__(
        self,
        listening: socket.socket,
        let_in: Callable[[socket.socket], None],
        turned_away: Callable[[], None],
    ) -> None:
        self._listening = listening
        self._let_in = let_in
        self._turned_away = turned_away

    def look(self, room: int, ceiling: int) -> bool:
        """Let so many of those who wait in, as long as their descriptors are below the ceiling, and turn others away for
        a bounded time; whether there was anybody for whom there was no room."""
        until_ns = 0
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                break  # Nobody waits, or there is no descriptor left; the next look may do better.
            if room > 0 and accepted.fileno() < ceiling:
                room -= 1
                accepted.setblocking(False)  # noqa: FBT003 - the signature of the standard library
                self._let_in(accepted)
                continue
            turn_away(accepted)
            self._turned_away()
            now_ns = monotonic_ns()
            until_ns = until_ns or now_ns + _TURNED_AWAY_NS
            if now_ns > until_ns:
                break
        return until_ns > 0


def turn_away(accepted: socket.socket) -> None:
    """Answer 503 and close. What the client has sent is taken, so that no reset destroys the answer."""
    with suppress(OSError):
        accepted.setblocking(False)  # noqa: FBT003 - the same
        accepted.send(BUSY)
        accepted.recv(_READ)
    accepted.close()


def connect(loop: asyncio.AbstractEventLoop, build: Callable[[], asyncio.Protocol], accepted: socket.socket) -> None:
    """Serve a socket that was accepted by hand."""
    task = loop.create_task(loop.connect_accepted_socket(build, accepted))
    _under_way.add(task)
    task.add_done_callback(_connected)


_under_way: Final[set[asyncio.Task[object]]] = set()
"""The loop itself keeps only weak references to its tasks."""


def _connected(task: asyncio.Task[object]) -> None:
    _under_way.discard(task)
    if not task.cancelled():
        task.exception()  # A client that has left again; nobody needs to hear of it.
