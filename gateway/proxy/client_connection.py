"""A client's connection from its first byte to its last: open, held back, drained, and above all closed well.

What is read from it is in `downstream`; here is everything else that a connection can go through.
"""

import asyncio
import socket
import struct
from abc import abstractmethod
from collections.abc import Callable
from typing import Final, cast

from gateway.http1.body import BodyReader
from gateway.http1.request_head import RequestHeadReader
from gateway.model.clock import NEVER_NS, SECOND_NS, monotonic_ns
from gateway.model.exchange import Exchange
from gateway.net.buffered import bytes_not_taken
from gateway.proxy.accept import ListenerPort
from gateway.proxy.context import Context
from gateway.proxy.forward import Peer
from gateway.proxy.sides import Served

_LINGER_NS: Final = 2 * SECOND_NS
_LINGER_BYTES: Final = 1024 * 1024
_SILENCE_NS: Final = 1 * SECOND_NS
_BODY_GRACE_NS: Final = 5 * SECOND_NS
"""For a body to come at its least rate: a short one may be late as a whole."""
_ANY_NUMBER: Final = 1 << 62
_RESET: Final = struct.pack("ii", 1, 0)


# The states of a connection. Plain integers: comparing members of an enum would cost more than what is decided.
AWAITING: Final = 0
"""No exchange; the head of the next request is awaited or half read."""
BODY: Final = 1
BUSY: Final = 2
"""The request is whole, its answer is not."""
TUNNEL: Final = 3
DISCARDING: Final = 4
"""The last answer is out and the write side closed; what still arrives is thrown away for a bounded time."""
CLOSED: Final = 5


class ClientConnection(asyncio.Protocol):
    """One connection accepted on a listener."""

    __slots__ = (
        "_body",
        "_body_began_ns",
        "_body_size",
        "_context",
        "_discarded",
        "_has_client_ended",
        "_is_reading_paused",
        "_last_buffered",
        "_peer",
        "_pending",
        "_port",
        "_reader",
        "_requests",
        "_served",
        "_started_ns",
        "_state",
        "_transport",
        "deadline_ns",
        "is_write_paused",
        "write",
    )

    _transport: asyncio.Transport
    _peer: Peer
    write: Callable[[bytes], None]

    def __init__(self, context: Context, port: ListenerPort) -> None:
        self._context = context
        self._port = port
        self._reader = RequestHeadReader(port.listener.limits)
        self._body: BodyReader | None = None
        self._body_size = 0
        self._body_began_ns = 0
        self._served: Served | None = None
        self._pending = b""
        self._requests = 0
        self._started_ns = 0
        self._discarded = 0
        self._last_buffered = 0
        self._has_client_ended = False
        self._is_reading_paused = False
        self._state = AWAITING
        self.is_write_paused = False
        self.deadline_ns = NEVER_NS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports do not derive from it.
        self.write = self._transport.write
        if not self._port.admit(self, _descriptor_of(transport)):
            self._state = CLOSED
            self._transport.abort()
            return
        self._peer = Peer(_address_of(transport), self._port.listener)
        self._transport.set_write_buffer_limits(high=64 * 1024, low=0)
        self._context.deadlines.watch(self)
        self._await_next(monotonic_ns())

    def connection_lost(self, exc: Exception | None) -> None:
        self._state = CLOSED
        self._context.deadlines.unwatch(self)
        self._port.forget(self)
        served, self._served = self._served, None
        if served is not None:
            served.client_left()

    def pause_writing(self) -> None:
        self.is_write_paused = True
        self._last_buffered = bytes_not_taken(self._transport)
        self.deadline_ns = monotonic_ns() + self._port.listener.timeouts.write_stall_ns
        if self._served is not None:
            self._served.downstream_pauses()

    def resume_writing(self) -> None:
        self.is_write_paused = False
        self.deadline_ns = NEVER_NS if self._state < DISCARDING else monotonic_ns() + _LINGER_NS
        if self._state == BODY:
            self._await_body()
        if self._served is not None:
            self._served.downstream_resumes()
        else:
            self._continue()

    def _await_next(self, now_ns: int) -> None:
        idle_ns = self._port.listener.timeouts.idle_ns
        self._state = AWAITING
        if self._port.is_stopped or self._context.is_draining:
            idle_ns = min(_SILENCE_NS, idle_ns)
        self.deadline_ns = now_ns + idle_ns

    def _await_body(self) -> None:
        if not self.is_write_paused and not self._is_reading_paused:
            listener = self._port.listener
            self.deadline_ns = monotonic_ns() + listener.timeouts.body_idle_ns
            if (rate := listener.limits.min_body_rate) is not None:
                self.deadline_ns = min(self.deadline_ns, _body_due_ns(self._body_began_ns, self._body_size, rate))

    def hold_request(self) -> None:
        if not self._is_reading_paused and self._state != CLOSED:
            self._is_reading_paused = True
            self._transport.pause_reading()
            self._body_began_ns -= monotonic_ns()  # While it is we who hold it up, the client is not slow.
            if self._state == BODY and not self.is_write_paused:
                self.deadline_ns = NEVER_NS

    def resume_request(self) -> None:
        if self._is_reading_paused and self._state != CLOSED:
            self._is_reading_paused = False
            self._body_began_ns += monotonic_ns()
            if not self._has_client_ended:
                self._transport.resume_reading()
            if self._state == BODY:
                self._await_body()

    def cut(self, *, with_reset: bool) -> None:
        self._served = None
        if not with_reset:
            self._close()
            return
        self._state = CLOSED
        _end_with_reset(self._transport)

    def become_tunnel(self, tunnel: Served) -> None:
        self._state = TUNNEL
        self._served = tunnel
        pending, self._pending = self._pending, b""
        self.resume_request()
        if pending:
            tunnel.request_continues(pending, is_complete=False)
        if self._has_client_ended:
            tunnel.request_continues(b"", is_complete=True)

    def end_tunnel(self) -> None:
        self._transport.write_eof()

    def _linger(self) -> None:
        """Close the write side and discard what still arrives, so that a reset cannot destroy the answer (9.6)."""
        self._pending = b""
        if self._has_client_ended:
            self._close()
            return
        self._state = DISCARDING
        self._last_buffered = _ANY_NUMBER
        self.resume_request()
        self.deadline_ns = monotonic_ns() + _LINGER_NS
        self._transport.write_eof()

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > _LINGER_BYTES and self._state == DISCARDING:
            self._close()

    def _close(self) -> None:
        """What is buffered still goes out, as long as the client takes some of it."""
        if self._state != CLOSED:
            self._state = CLOSED
            self._last_buffered = _ANY_NUMBER
            self.deadline_ns = monotonic_ns() + self._port.listener.timeouts.write_stall_ns
            self._transport.close()

    def drain(self) -> None:
        """The gateway is leaving: a silent connection goes after a second, a busy one after its exchange."""
        if self._state == AWAITING and not self._reader.size_so_far:
            self.deadline_ns = min(self.deadline_ns, monotonic_ns() + _SILENCE_NS)

    def abandon(self) -> None:
        """The drain is over and this connection is not: what it carries is recorded as cut."""
        if self._served is not None:
            self._served.shut_down()
        if self._state != DISCARDING:
            self.cut(with_reset=True)

    @property
    def exchange(self) -> Exchange | None:
        served = self._served
        return served.exchange if served is not None else None

    def _check_write_progress(self, now_ns: int) -> None:
        buffered = bytes_not_taken(self._transport)
        if self._state == DISCARDING and not buffered:
            self._close()
        elif buffered < self._last_buffered:
            self._last_buffered = buffered
            self.deadline_ns = now_ns + self._port.listener.timeouts.write_stall_ns
        elif self._served is not None:
            self._served.client_stalled()
        else:
            self.cut(with_reset=True)

    @abstractmethod
    def _continue(self) -> None:
        """Take up the next request, if there is one."""

    @abstractmethod
    def on_deadline(self, now_ns: int) -> None:
        """What a deadline means depends on what is being read."""


def _body_due_ns(began_ns: int, size: int, rate: int) -> int:
    """When more of a body must have come: so many bytes have, and so many a second shall. began_ns: later by the time in
    which it was we who held it up."""
    return began_ns + _BODY_GRACE_NS + size * SECOND_NS // rate


def _descriptor_of(transport: asyncio.BaseTransport) -> int:
    connection: socket.socket | None = transport.get_extra_info("socket")
    return -1 if connection is None else connection.fileno()


def _address_of(transport: asyncio.BaseTransport) -> str:
    peername = transport.get_extra_info("peername")
    address: str = peername[0] if isinstance(peername, tuple) else ""
    return address.removeprefix("::ffff:")


def _end_with_reset(transport: asyncio.Transport) -> None:
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
