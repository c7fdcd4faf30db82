"""Connections that are not let in while a worker has too much: some wait in the kernel, which costs nothing, and some are
turned away before a byte of them is read, which costs a third of a request.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

import orjson

from gateway.model.clock import MICROSECOND_NS, MILLISECOND_NS, thread_time_ns
from gateway.model.outcome import Reason
from gateway.proxy.reply import DETAIL_OF

_BODY: Final = (
    orjson.dumps({"status": 503, "reason": Reason.OVERLOADED, "detail": DETAIL_OF[Reason.OVERLOADED]}) + b"\n"
)
BUSY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nServer: sightline\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(_BODY), _BODY)
)
"""What a connection gets that is not let in; its request has not been read, so nothing is known of what it would rather have,
and it has no id and no line in the log."""

_SHARE: Final = 10
"""Turning away may take one part in so many of the processor time the loop had since the last look. Whoever comes faster
waits in the kernel."""
_LEAST_NS: Final = 100 * MICROSECOND_NS
_CALM_NS: Final = 2 * MILLISECOND_NS
"""For each look while the loop keeps up, and so has time to clear the queue of those who have left."""
_STALE_MS: Final = 500
_CLOSE_WAIT: Final = 8
_TOLD: Final = struct.Struct("=B51xI")
"""Of what the kernel tells: the state, and how many milliseconds ago data came last."""
_AT_ONCE: Final = 256
_READ: Final = 65536


class Growth(NamedTuple):
    """How many connections may be let in with one look: so many, and so large a share of those there are."""

    at_least: int
    share: float = 0.0

    @property
    def is_none(self) -> bool:
        return not self.at_least

    def of(self, connections: int) -> int:
        """In a port with so many."""
        return self.at_least + int(self.share * connections)


NONE: Final = Growth(0)
ANY: Final = Growth(1 << 30)


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
        self._looked_ns = thread_time_ns()

    def look(self, room: int, ceiling: int, *, turns_away: bool) -> bool:
        """Let so many of those who wait in, as long as their descriptors are below the ceiling. The others are told so
        where turns_away, or else left to wait; who has waited for too long is told in any case. All that for a bounded time.
        Whether anybody is left or was turned away."""
        began_ns = thread_time_ns()
        until_ns = began_ns + max(_LEAST_NS if turns_away else _CALM_NS, (began_ns - self._looked_ns) // _SHARE)
        self._looked_ns = began_ns
        has_turned_away = False
        for _ in range(_AT_ONCE):
            if room <= 0 and not turns_away:
                return True
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return has_turned_away  # Nobody waits, or there is no descriptor left; the next look may do better.
            if room > 0 and accepted.fileno() < ceiling and not _has_waited_too_long(accepted):
                room -= 1
                accepted.setblocking(False)  # noqa: FBT003 - the signature of the standard library
                self._let_in(accepted)
                continue
            turn_away(accepted)
            self._turned_away()
            has_turned_away = True
            if thread_time_ns() > until_ns:
                break
        return True


def _has_waited_too_long(accepted: socket.socket) -> bool:
    """Whether its client has left, or what it sent has lain in the kernel for so long that others, who have just come, are
    better served (tcp(7), TCP_INFO)."""
    try:
        told = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TOLD.size)
        state, age_ms = _TOLD.unpack(told)
        return int(state) == _CLOSE_WAIT or int(age_ms) > _STALE_MS
    except (OSError, AttributeError, struct.error):  # No TCP, or not Linux.
        return False


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
