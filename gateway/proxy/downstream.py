"""The client's connection: bytes to requests, one exchange at a time, and answers back.

It owns keep-alive, pipelining, the timeouts of the client's side and the closing of the connection. Whatever a client
sends while its request is being served waits, and reading stops, so that nothing of it can pile up.
"""

import asyncio

from gateway.http1.body import BodyInvalid, BodyReader, ChunkedBody, LengthBody
from gateway.http1.refusal import RequestRefused
from gateway.http1.request_head import RequestHead
from gateway.model.clock import NEVER_NS, monotonic_ns
from gateway.model.exchange import Exchange
from gateway.model.headers import field_values
from gateway.model.outcome import Reason
from gateway.net.buffered import bytes_not_read
from gateway.net.pieces import PIECE, read_in_pieces
from gateway.proxy.causes import cause_fields
from gateway.proxy.client_connection import AWAITING, BODY, BUSY, CLOSED, DISCARDING, TUNNEL, ClientConnection
from gateway.proxy.finish import begin_exchange, record_refusal
from gateway.proxy.forward import Peer
from gateway.proxy.lifecycle import Lifecycle, ToldLifecycle
from gateway.proxy.match import describe_refused
from gateway.proxy.reply import Reply, encode_reply, refusal_reply, reply_for


class DownstreamConnection(ClientConnection):
    """One connection accepted on a listener, as a reader of requests."""

    __slots__ = ("_begin",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._state != CLOSED:
            peer = self._peer
            self._begin = ToldLifecycle if peer.is_told or peer.gets_id else Lifecycle

    def data_received(self, data: bytes) -> None:
        state = self._state
        if state == AWAITING:
            self._read_head(data)
        elif state == BODY:
            self._read_body(data)
        elif state == TUNNEL:
            assert self._served is not None
            self._served.request_continues(data, is_complete=False)
        elif state == BUSY:
            self._pending += data
            self.hold_request()
        else:
            self._discard(data)

    def eof_received(self) -> bool:
        """A client may close its side and still read (RFC 9112 section 9.6); only an unfinished request ends here."""
        self._has_client_ended = True
        if self._state == BUSY:
            return True
        if self._state == TUNNEL:
            assert self._served is not None
            self._served.request_continues(b"", is_complete=True)
            return True
        if self._state == BODY and self._served is not None:
            self._served.client_left()
        return False

    def _read_head(self, data: bytes) -> None:
        now_ns = monotonic_ns()
        reader, listener = self._reader, self._port.listener
        if not reader.size_so_far:
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
        self._served = lifecycle = self._begin(
            self._context, self, listener, self._peer, head, self._started_ns, now_ns
        )
        if is_complete:
            self._state = BUSY
            if head.is_chunked and self._body is not None:
                lifecycle.request_trailers = self._body.trailers
        else:
            self._state = BODY
            self._body_began_ns = now_ns
            self._await_body()
        try:
            lifecycle.begin(payload, is_complete=is_complete)
        except Exception as error:
            _report(self._context.loop, error)
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
        if len(data) > PIECE:
            read_in_pieces(self._transport, self)
        assert body is not None
        assert isinstance(lifecycle, Lifecycle)
        try:
            payload = self._payload_of(body, data)
        except (RequestRefused, BodyInvalid) as broken:
            lifecycle.request_refused(_as_refusal(broken))
            return
        if body.is_complete:
            self._state = BUSY
            self._pending = body.rest
            lifecycle.request_trailers = body.trailers
            if not self.is_write_paused:
                self.deadline_ns = NEVER_NS
        else:
            self._await_body()
        lifecycle.request_continues(payload, is_complete=body.is_complete)

    def _refuse_unread(self, refused: RequestRefused, head: RequestHead | None, bytes_in: int, now_ns: int) -> None:
        """One answer to what never became a whole request, then nothing but closing."""
        context, peer, listener = self._context, self._peer, self._port.listener
        exchange = begin_exchange(context, listener.name, peer.address, peer.address, self._started_ns, now_ns)
        exchange.bytes_in = bytes_in
        describe_refused(exchange, head, context.config, listener)
        data = encode_reply(
            _reply_to(refused, exchange, peer),
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

    def exchange_ended(self, *, keep_alive: bool, now_ns: int) -> None:
        self._served = None
        if self._state == CLOSED:
            return
        if not keep_alive or self._state != BUSY or (self._has_client_ended and not self._pending):
            self._linger()
        elif self._pending or self.is_write_paused or self._is_reading_paused:
            # Not at once: a thousand pipelined requests would be as many frames deep.
            self._context.loop.call_soon(self._continue)
        else:
            self._await_next(now_ns)

    def _continue(self) -> None:
        """Take up the next request, unless the client has still to take the last answer."""
        if self._state != BUSY or self._served is not None or self.is_write_paused:
            return
        data, self._pending = self._pending, b""
        self._await_next(monotonic_ns())
        # Reading goes on only afterwards, and only if the next request does not hold it up in its turn.
        self._is_reading_paused = False
        if data:
            self._read_head(data)
        if self._pending:
            self.hold_request()  # What a client sends ahead stays in its own buffers, not in ours.
        elif not self._is_reading_paused and not self._has_client_ended:
            self._transport.resume_reading()
        self._close_if_client_ended()

    def _close_if_client_ended(self) -> None:
        """A client that closed its side and has no whole request left will get no further answer."""
        if self._state == AWAITING and self._has_client_ended:
            self._linger()
        elif self._state == BODY and self._has_client_ended and self._served is not None:
            self._served.client_left()

    def on_deadline(self, now_ns: int) -> None:
        if self.is_write_paused or self._state >= DISCARDING:
            self._check_write_progress(now_ns)
        elif self._state == AWAITING and not self._reader.size_so_far and bytes_not_read(self._transport):
            self.deadline_ns = now_ns  # A request that has come, and is only not read yet, is still answered.
        elif self._state == AWAITING:
            self._stop_awaiting(now_ns)
        elif self._state == BODY and isinstance(self._served, Lifecycle):
            self._served.request_timed_out()
        else:
            self.cut(with_reset=True)

    def _stop_awaiting(self, now_ns: int) -> None:
        if not self._reader.size_so_far:
            self._close()
            return
        timeout = reply_for(Reason.CLIENT_TIMEOUT)
        self._refuse_unread(RequestRefused(timeout.reason, timeout.detail), None, 0, now_ns)


def _report(loop: asyncio.AbstractEventLoop, error: Exception) -> None:
    loop.call_exception_handler({"message": "an exchange failed inside the gateway", "exception": error})


def _reply_to(refused: RequestRefused, exchange: Exchange, peer: Peer) -> Reply:
    reply = refusal_reply(refused)
    if peer.is_told:
        reply.fields += cause_fields(exchange, refused.reason, is_ours=True)
    return reply


def _as_refusal(broken: RequestRefused | BodyInvalid) -> RequestRefused:
    if isinstance(broken, RequestRefused):
        return broken
    reason = Reason.HEADER_TOO_LARGE if broken.is_too_large else Reason.BAD_REQUEST
    return RequestRefused(reason, broken.detail)
