"""The client's connection: bytes to requests, one exchange at a time, and answers back.

It owns keep-alive, pipelining, the timeouts of the client's side and the closing of the connection. Whatever a client
sends while its request is being served waits, and reading stops, so that nothing of it can pile up.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final, cast

from gateway.http1.body import BodyInvalid, BodyReader, ChunkedBody, LengthBody
from gateway.http1.refusal import RequestRefused
from gateway.http1.request_head import RequestHead, RequestHeadReader
from gateway.model.clock import NEVER_NS, SECOND_NS, monotonic_ns
from gateway.model.headers import field_values
from gateway.model.outcome import Reason
from gateway.net.outgoing import bytes_not_taken
from gateway.proxy.accept import ListenerPort
from gateway.proxy.context import Context
from gateway.proxy.finish import begin_exchange, record_refusal
from gateway.proxy.forward import Peer
from gateway.proxy.lifecycle import Lifecycle
from gateway.proxy.match import begin_trace, describe_request
from gateway.proxy.reply import encode_reply, refusal_reply, reply_for
from gateway.proxy.sides import Served

_LINGER_NS: Final = 2 * SECOND_NS
_LINGER_BYTES: Final = 1024 * 1024
_SILENCE_NS: Final = 1 * SECOND_NS
_RESET: Final = struct.pack("ii", 1, 0)


# The states of a connection. Plain integers: comparing members of an enum would cost more than what is decided.
_AWAITING: Final = 0
"""No exchange; the head of the next request is awaited or half read."""
_BODY: Final = 1
_BUSY: Final = 2
"""The request is whole, its answer is not."""
_TUNNEL: Final = 3
_DISCARDING: Final = 4
"""The last answer is out and the write side closed; what still arrives is thrown away for a bounded time."""
_CLOSED: Final = 5


class DownstreamConnection(asyncio.Protocol):
    """One connection accepted on a listener."""

    __slots__ = (
        "_body",
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
        self._served: Served | None = None
        self._pending = b""
        self._requests = 0
        self._started_ns = 0
        self._discarded = 0
        self._last_buffered = 0
        self._has_client_ended = False
        self._is_reading_paused = False
        self._state = _AWAITING
        self.is_write_paused = False
        self.deadline_ns = NEVER_NS

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports do not derive from it.
        self.write = self._transport.write
        if not self._port.admit(self):
            self._state = _CLOSED
            self._transport.abort()
            return
        peername = transport.get_extra_info("peername")
        address = peername[0] if isinstance(peername, tuple) else ""
        self._peer = Peer(address.removeprefix("::ffff:"), self._port.listener)
        self._transport.set_write_buffer_limits(high=64 * 1024, low=0)
        self._context.deadlines.watch(self)
        self._await_next(monotonic_ns())

    def connection_lost(self, exc: Exception | None) -> None:
        self._state = _CLOSED
        self._context.deadlines.unwatch(self)
        self._port.forget(self)
        served, self._served = self._served, None
        if served is not None:
            served.client_left()

    def data_received(self, data: bytes) -> None:
        state = self._state
        if state == _AWAITING:
            self._read_head(data)
        elif state == _BODY:
            self._read_body(data)
        elif state == _TUNNEL:
            assert self._served is not None
            self._served.request_continues(data, is_complete=False)
        elif state == _BUSY:
            self._pending += data
            self.hold_request()
        else:
            self._discard(data)

    def eof_received(self) -> bool:
        """A client may close its side and still read (RFC 9112 section 9.6); only an unfinished request ends here."""
        self._has_client_ended = True
        if self._state == _BUSY:
            return True
        if self._state == _TUNNEL:
            assert self._served is not None
            self._served.request_continues(b"", is_complete=True)
            return True
        if self._state == _BODY and self._served is not None:
            self._served.client_left()
        return False

    def pause_writing(self) -> None:
        self.is_write_paused = True
        self._last_buffered = bytes_not_taken(self._transport)
        self.deadline_ns = monotonic_ns() + self._port.listener.timeouts.write_stall_ns
        if self._served is not None:
            self._served.downstream_pauses()

    def resume_writing(self) -> None:
        self.is_write_paused = False
        self.deadline_ns = NEVER_NS
        if self._state == _BODY:
            self._await_body()
        if self._served is not None:
            self._served.downstream_resumes()

    # Reading requests.

    def _await_next(self, now_ns: int) -> None:
        idle_ns = self._port.listener.timeouts.idle_ns
        self._state = _AWAITING
        if self._port.is_stopped or self._context.is_draining:
            idle_ns = min(_SILENCE_NS, idle_ns)
        self.deadline_ns = now_ns + idle_ns

    def _read_head(self, data: bytes) -> None:
        now_ns = monotonic_ns()
        reader, listener = self._reader, self._port.listener
        if not reader.has_begun:
            self._started_ns = now_ns
        payload, is_complete = b"", True
        head = None
        try:
            end = reader.feed(data)
            if end < 0:
                self.deadline_ns = self._started_ns + listener.timeouts.header_ns
                return
            head = reader.head
            if head.has_body:
                payload, is_complete = self._begin_body(head, data[end:])
            elif end < len(data):
                self._pending = data[end:]
        except (RequestRefused, BodyInvalid) as broken:
            self._refuse_unread(_as_refusal(broken), head, len(data), now_ns)
            return
        self._requests += 1
        limit = listener.limits.requests_per_connection
        if (limit is not None and self._requests >= limit) or self._port.is_stopped:
            head.keep_alive = False
        self.deadline_ns = NEVER_NS
        self._served = lifecycle = Lifecycle(self._context, self, listener, self._peer, head, self._started_ns, now_ns)
        if is_complete:
            self._state = _BUSY
            if head.is_chunked and self._body is not None:
                lifecycle.request_trailers = self._body.trailers
        else:
            self._state = _BODY
            self._await_body()
        try:
            lifecycle.begin(payload, is_complete=is_complete)
        except Exception as error:
            self._report(error)
            lifecycle.failed_internally()

    def _begin_body(self, head: RequestHead, rest: bytes) -> tuple[bytes, bool]:
        """What of the body came with the head, and whether that is all of it."""
        limits = self._port.listener.limits
        body: BodyReader
        self._body_size = 0
        if head.is_chunked:
            body = ChunkedBody(limits.chunk_line, limits.trailer_bytes)
        else:
            length = head.content_length or 0
            if limits.body is not None and length > limits.body:
                raise RequestRefused(Reason.BODY_TOO_LARGE, f"The body is larger than {limits.body} bytes.")
            body = LengthBody(length)
        self._body = body
        payload = self._payload_of(body, rest) if rest else b""
        if body.is_complete:
            self._pending = body.rest
        return payload, body.is_complete

    def _payload_of(self, body: BodyReader, data: bytes) -> bytes:
        payload = body.read(data)
        self._body_size += len(payload)
        limit = self._port.listener.limits.body
        if limit is not None and self._body_size > limit:
            raise RequestRefused(Reason.BODY_TOO_LARGE, f"The body is larger than {limit} bytes.")
        return payload

    def _read_body(self, data: bytes) -> None:
        body, lifecycle = self._body, self._served
        assert body is not None
        assert isinstance(lifecycle, Lifecycle)
        try:
            payload = self._payload_of(body, data)
        except (RequestRefused, BodyInvalid) as broken:
            lifecycle.request_refused(_as_refusal(broken))
            return
        if body.is_complete:
            self._state = _BUSY
            self._pending = body.rest
            lifecycle.request_trailers = body.trailers
            if not self.is_write_paused:
                self.deadline_ns = NEVER_NS
        else:
            self._await_body()
        lifecycle.request_continues(payload, is_complete=body.is_complete)

    def _await_body(self) -> None:
        if not self.is_write_paused and not self._is_reading_paused:
            self.deadline_ns = monotonic_ns() + self._port.listener.timeouts.body_idle_ns

    def _refuse_unread(self, refused: RequestRefused, head: RequestHead | None, bytes_in: int, now_ns: int) -> None:
        """One answer to what never became a whole request, then nothing but closing."""
        context, peer = self._context, self._peer
        exchange = begin_exchange(
            context, self._port.listener.name, peer.address, peer.address, self._started_ns, now_ns
        )
        exchange.bytes_in = bytes_in
        if head is None:
            begin_trace(exchange, None, context.config)
        else:
            describe_request(exchange, head, context.config)
            exchange.path = head.target.decode("latin-1")
        data = encode_reply(
            refusal_reply(refused),
            exchange.request_id,
            [] if head is None else field_values(head.fields, b"accept"),
            context.date(),
            keep_alive=False,
            minor_version=1,
            to_head=head is not None and head.method == "HEAD",
        )
        self._transport.write(data)
        record_refusal(context, exchange, refused, len(data))
        self._linger()

    # What the exchange calls (sides.Downstream), besides `write`, which is the transport's own.

    def hold_request(self) -> None:
        if not self._is_reading_paused and self._state != _CLOSED:
            self._is_reading_paused = True
            self._transport.pause_reading()
            if self._state == _BODY and not self.is_write_paused:
                self.deadline_ns = NEVER_NS

    def resume_request(self) -> None:
        if self._is_reading_paused and self._state != _CLOSED:
            self._is_reading_paused = False
            if not self._has_client_ended:
                self._transport.resume_reading()
            if self._state == _BODY:
                self._await_body()

    def exchange_ended(self, *, keep_alive: bool, now_ns: int) -> None:
        self._served = None
        if self._state == _CLOSED:
            return
        if not keep_alive or self._state != _BUSY or (self._has_client_ended and not self._pending):
            self._linger()
        elif self._pending:
            # Not at once: a thousand pipelined requests would be as many frames deep.
            self._context.loop.call_soon(self._continue_with_pending)
        else:
            self._await_next(now_ns)

    def _continue_with_pending(self) -> None:
        if self._state != _BUSY:
            return
        data, self._pending = self._pending, b""
        self._await_next(monotonic_ns())
        self.resume_request()
        self._read_head(data)
        self._close_if_client_ended()

    def _close_if_client_ended(self) -> None:
        """A client that closed its side and has no whole request left will get no further answer."""
        if self._has_client_ended and self._state == _AWAITING:
            self._linger()

    def cut(self, *, with_reset: bool) -> None:
        self._served = None
        if self._state == _CLOSED:
            return
        self._state = _CLOSED
        if not with_reset:
            self._transport.close()
            return
        connection: socket.socket | None = self._transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def become_tunnel(self, tunnel: Served) -> None:
        self._state = _TUNNEL
        self._served = tunnel
        pending, self._pending = self._pending, b""
        if pending:
            tunnel.request_continues(pending, is_complete=False)
        self.resume_request()
        if self._has_client_ended:
            tunnel.request_continues(b"", is_complete=True)

    def end_tunnel(self) -> None:
        self._transport.write_eof()

    # Ending the connection.

    def _linger(self) -> None:
        """Close the write side and discard what still arrives, so that a reset cannot destroy the answer (9.6)."""
        self._pending = b""
        if self._has_client_ended:
            self._state = _CLOSED
            self._transport.close()
            return
        self._state = _DISCARDING
        self.resume_request()
        self.deadline_ns = monotonic_ns() + _LINGER_NS
        self._transport.write_eof()

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > _LINGER_BYTES and self._state == _DISCARDING:
            self._state = _CLOSED
            self._transport.close()

    def drain(self) -> None:
        """The gateway is leaving: a silent connection goes after a second, a busy one after its exchange."""
        if self._state == _AWAITING and not self._reader.has_begun:
            self.deadline_ns = min(self.deadline_ns, monotonic_ns() + _SILENCE_NS)

    def abandon(self) -> None:
        """The drain is over and this connection is not: what it carries is recorded as cut."""
        if self._served is not None:
            self._served.shut_down()
        self.cut(with_reset=True)

    @property
    def has_exchange(self) -> bool:
        return self._served is not None

    def on_deadline(self, now_ns: int) -> None:
        if self.is_write_paused:
            self._check_write_progress(now_ns)
        elif self._state == _AWAITING:
            self._stop_awaiting(now_ns)
        elif self._state == _BODY and isinstance(self._served, Lifecycle):
            self._served.request_timed_out()
        else:
            self.cut(with_reset=self._state == _DISCARDING)

    def _check_write_progress(self, now_ns: int) -> None:
        buffered = bytes_not_taken(self._transport)
        if buffered < self._last_buffered:
            self._last_buffered = buffered
            self.deadline_ns = now_ns + self._port.listener.timeouts.write_stall_ns
        elif self._served is not None:
            self._served.client_stalled()
        else:
            self.cut(with_reset=True)

    def _stop_awaiting(self, now_ns: int) -> None:
        if not self._reader.has_begun:
            self._state = _CLOSED
            self._transport.close()
            return
        timeout = reply_for(Reason.CLIENT_TIMEOUT)
        self._refuse_unread(RequestRefused(timeout.reason, timeout.detail), None, 0, now_ns)

    def _report(self, error: Exception) -> None:
        self._context.loop.call_exception_handler(
            {"message": "an exchange failed inside the gateway", "exception": error}
        )


def _as_refusal(broken: RequestRefused | BodyInvalid) -> RequestRefused:
    if isinstance(broken, RequestRefused):
        return broken
    reason = Reason.HEADER_TOO_LARGE if broken.is_too_large else Reason.BAD_REQUEST
    return RequestRefused(reason, broken.detail)
