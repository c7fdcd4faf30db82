"""The life of one request: the table of contents of this package.

begin -> match -> dispatch -> forward -> relay -> finish; `reply` where the gateway answers itself, `upgrade` where the
exchange becomes a tunnel. Every step runs to its end when its event comes; there is no task per request.
"""

from typing import Final

from gateway.http1.refusal import RequestRefused
from gateway.http1.request_head import RequestHead
from gateway.http1.response_head import ResponseHead
from gateway.http1.writer import CONTINUE
from gateway.model.clock import NEVER_NS, monotonic_ns
from gateway.model.exchange import Attempt
from gateway.model.headers import Fields, field_values
from gateway.model.listener import Listener
from gateway.model.outcome import STATUS_OF, Reason
from gateway.proxy.context import Context
from gateway.proxy.dispatch import pick_endpoint
from gateway.proxy.finish import begin_exchange, conclude, conclude_answered, hand_over
from gateway.proxy.forward import Peer, client_address, encode_request
from gateway.proxy.match import describe_request, match_request
from gateway.proxy.plan import RoutePlan
from gateway.proxy.relay import encode_interim, encode_response, frame_payload
from gateway.proxy.reply import Reply, encode_reply, refusal_reply, reply_for
from gateway.proxy.sides import Downstream
from gateway.proxy.upgrade import Tunnel
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.directory import LiveUpstream
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.pool import Waiter

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_REPLAYED_AT_MOST: Final = 64 * 1024
_NONE: Final = Reason.NONE
_UPSTREAM_STATUS: Final = Reason.UPSTREAM_STATUS


class Lifecycle:
    """One exchange between a downstream and, if it gets that far, a connection to an endpoint."""

    # What most exchanges never change is kept on the class: an instance is made for every request.
    _upstream: LiveUpstream | None = None
    _attempt: Attempt | None = None
    _connection: UpstreamConnection | None = None
    _waiter: Waiter | None = None
    _held = b""
    """Payload that arrived before there was a connection to send it on."""
    _replay: bytes | None = b""
    """What has been sent of the payload, while it is little enough to be sent again."""
    request_trailers: Fields | None = None
    """Set by the downstream before the last of a chunked body."""
    _is_ended = False
    _is_watched = False
    _flushing_since_ns = 0
    """Since when only the client's reading is awaited."""
    deadline_ns = NEVER_NS

    # Set by the step that comes to know them; no step before it reads them.
    _is_request_complete: bool
    _is_response_chunked: bool
    _ends_by_close: bool
    _plan: RoutePlan
    _endpoint: LiveEndpoint

    def __init__(
        self,
        context: Context,
        downstream: Downstream,
        listener: Listener,
        peer: Peer,
        head: RequestHead,
        started_ns: int,
        now_ns: int,
    ) -> None:
        self._config = context.config
        self._listener = listener
        client = peer.address
        if peer.is_trusted:
            client = client_address(peer, head, listener.trusted_proxies)
        self.exchange = begin_exchange(context, listener.name, client, peer.address, started_ns, now_ns)
        self._context = context
        self._downstream = downstream
        self._peer = peer
        self._head = head
        self._keep_alive = head.keep_alive

    # The request.

    def begin(self, payload: bytes, *, is_complete: bool) -> None:
        """The head is here, with as much of the body as came with it."""
        exchange, context, head, config = self.exchange, self._context, self._head, self._config
        context.in_flight += 1
        exchange.bytes_in = head.size + len(payload)
        self._is_request_complete = is_complete
        if head.has_body:
            self._held = payload
            if is_complete:
                exchange.request_body_ns = exchange.head_ns
        describe_request(exchange, head, config)
        try:
            found = match_request(exchange, head, config, self._listener)
        except RequestRefused as refused:
            found = refusal_reply(refused)
        context.recorder.exchange_started(exchange)
        if isinstance(found, Reply):
            self._answer(found)
            return
        self._plan = found
        if found.request_ns != NEVER_NS:
            self.deadline_ns = self._total_deadline_ns()
            self._watch()
        self._dispatch(exchange.head_ns, needs_fresh=False)

    def request_continues(self, payload: bytes, *, is_complete: bool) -> None:
        if self._is_ended:
            return
        exchange, connection = self.exchange, self._connection
        exchange.bytes_in += len(payload)
        self._is_request_complete = is_complete
        if is_complete:
            exchange.request_body_ns = monotonic_ns()
        if connection is None:
            self._held += payload
            self._downstream.hold_request()
            return
        self._send_payload(connection, payload)
        if is_complete:
            self._request_sent(connection, exchange.request_body_ns)

    def _send_payload(self, connection: UpstreamConnection, payload: bytes) -> None:
        if self._replay is not None:
            self._replay = self._replay + payload if len(self._replay) + len(payload) <= _REPLAYED_AT_MOST else None
        framed = payload
        if self._head.is_chunked:
            trailers = self.request_trailers if self._plan.forward_trailers else None
            framed = frame_payload(payload, is_complete=self._is_request_complete, trailers=trailers)
        if framed:
            connection.transport.write(framed)

    def failed_internally(self) -> None:
        """Something in us raised; the loop's exception handler has been told."""
        self._fail(reply_for(Reason.INTERNAL_ERROR))

    def request_refused(self, refused: RequestRefused) -> None:
        self._fail(refusal_reply(refused))

    def request_timed_out(self) -> None:
        self._fail(reply_for(Reason.CLIENT_TIMEOUT))

    def client_left(self) -> None:
        self._end_without_client(Reason.CLIENT_DISCONNECT, "")

    def client_stalled(self) -> None:
        self._end_without_client(Reason.CLIENT_TIMEOUT, "The client stopped reading the answer.")

    def shut_down(self) -> None:
        self._end_without_client(Reason.SHUTTING_DOWN, "The exchange outlasted the drain.")

    def _end_without_client(self, reason: Reason, detail: str) -> None:
        if self._is_ended:
            return
        self._fail_attempt(reason)
        conclude(self.exchange, reason, detail)
        if not self.exchange.status:
            self.exchange.status = STATUS_OF[reason]
        self._finish(cut_with_reset=True)

    # Dispatch and forward.

    def _dispatch(self, now_ns: int, *, needs_fresh: bool) -> None:
        exchange = self.exchange
        upstream = self._upstream = self._plan.only_upstream or self._upstream or self._plan.choose_upstream()
        # On a second attempt the same endpoint may be chosen: it was its connection that was stale.
        endpoint = pick_endpoint(upstream, exchange, self._head) if upstream is not None else None
        if upstream is None or endpoint is None:
            self._answer(reply_for(Reason.NO_HEALTHY_ENDPOINT))
            return
        exchange.upstream = upstream.name
        attempt = self._attempt = Attempt(upstream.name, endpoint.address, now_ns)
        exchange.attempts.append(attempt)
        self._endpoint = endpoint
        endpoint.in_flight += 1
        connection = None if needs_fresh else endpoint.pool.lease_idle()
        if connection is not None:
            self._forward(connection, attempt, now_ns)
        else:
            self._wait_for_connection(endpoint, needs_fresh=needs_fresh)

    def _wait_for_connection(self, endpoint: LiveEndpoint, *, needs_fresh: bool) -> None:
        waiter = self._waiter = Waiter(self._connection_granted, self._connection_failed, needs_fresh=needs_fresh)
        if not self._is_request_complete:
            self._downstream.hold_request()
        self.deadline_ns = min(self._total_deadline_ns(), monotonic_ns() + self._plan.first_byte_ns)
        self._watch()
        if not endpoint.pool.wait(waiter):
            self._fail(reply_for(Reason.POOL_EXHAUSTED))

    def _watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            self._context.deadlines.watch(self)

    def _total_deadline_ns(self) -> int:
        return self.exchange.started_ns + self._plan.request_ns

    def _connection_granted(self, connection: UpstreamConnection, waiter: Waiter) -> None:
        attempt = self._attempt
        assert attempt is not None
        self._waiter = None
        self.deadline_ns = self._total_deadline_ns()
        now_ns = monotonic_ns()
        if not connection.exchanges:
            attempt.connecting_ns = waiter.connecting_ns or attempt.started_ns
            attempt.connected_ns = now_ns
        if not self._is_request_complete:
            self._downstream.resume_request()
        self._forward(connection, attempt, now_ns)

    def _connection_failed(self, reason: Reason, detail: str, waiter: Waiter) -> None:
        self._waiter = None
        if self._attempt is not None:
            self._attempt.connecting_ns = waiter.connecting_ns
        self._fail(reply_for(reason, detail))

    def _forward(self, connection: UpstreamConnection, attempt: Attempt, now_ns: int) -> None:
        head = self._head
        attempt.leased_ns = now_ns
        attempt.reused = connection.exchanges > 0
        self._connection = connection
        connection.begin(self, to_head=head.method == "HEAD", upgrade=head.upgrade)
        try:
            data = encode_request(self.exchange, attempt, head, self._plan, self._config, self._peer)
        except RequestRefused as refused:
            self._fail(refusal_reply(refused))
            return
        connection.transport.write(data)
        if head.has_body:
            self._begin_payload(connection)
        if self._is_request_complete:
            attempt.sent_ns = now_ns
            connection.deadline_ns = now_ns + self._plan.first_byte_ns

    def _begin_payload(self, connection: UpstreamConnection) -> None:
        held, self._held = self._held, b""
        self._send_payload(connection, held)
        if self._head.expects_continue and not held and not self._is_request_complete:
            self._head.expects_continue = False
            self._downstream.write(CONTINUE)

    def _request_sent(self, connection: UpstreamConnection, now_ns: int) -> None:
        attempt = self._attempt
        if attempt is not None:
            attempt.sent_ns = now_ns
        if not self.exchange.status:
            connection.deadline_ns = now_ns + self._plan.first_byte_ns

    # The response: what the leased connection calls.

    def response_interim(self, head: ResponseHead) -> None:
        # 100 is ours to send (RFC 9110 section 10.1.1); HTTP/1.0 knows no interim responses.
        if head.status != 100 and self._head.minor_version == 1:
            self._write(encode_interim(head))

    def response_begins(self, head: ResponseHead, payload: bytes, *, is_complete: bool) -> None:
        connection, attempt = self._connection, self._attempt
        assert connection is not None
        assert attempt is not None
        attempt.first_byte_ns = connection.received_ns
        attempt.status = self.exchange.status = head.status
        is_chunked = False
        if not head.is_bodyless and (head.is_chunked or head.is_close_delimited):
            is_chunked = self._head.minor_version == 1
            self._ends_by_close = not is_chunked
        else:
            self._ends_by_close = False
        self._is_response_chunked = is_chunked
        if not self._may_persist(head):
            self._keep_alive = False
        date = None if head.has_date else self._context.date()
        data = encode_response(
            head, self._plan, self._head.minor_version, keep_alive=self._keep_alive, is_chunked=is_chunked, date=date
        )
        if head.status == 101:
            self._become_tunnel(connection, attempt, data + payload)
            return
        if is_chunked:
            data += self._frame_chunk(connection, payload, is_complete=is_complete)
        elif payload:
            data += payload
        self.exchange.bytes_out += len(data)
        self._downstream.write(data)
        if is_complete:
            self._response_ended(connection, attempt)
        elif not self._downstream.is_write_paused:
            connection.deadline_ns = connection.received_ns + self._plan.upstream_idle_ns

    def _may_persist(self, head: ResponseHead) -> bool:
        """An answer that comes before the request is whole ends both connections (desync research of 2025)."""
        return (
            self._is_request_complete
            and not self._ends_by_close
            and not self._context.is_draining
            and (self._head.upgrade is None or head.status == 101)
        )

    def response_continues(self, payload: bytes, *, is_complete: bool) -> None:
        connection, attempt = self._connection, self._attempt
        assert connection is not None
        assert attempt is not None
        if self._is_response_chunked:
            payload = self._frame_chunk(connection, payload, is_complete=is_complete)
        if payload:
            self.exchange.bytes_out += len(payload)
            self._downstream.write(payload)
        if is_complete:
            self._response_ended(connection, attempt)
        elif not self._downstream.is_write_paused:
            connection.deadline_ns = connection.received_ns + self._plan.upstream_idle_ns

    def _frame_chunk(self, connection: UpstreamConnection, payload: bytes, *, is_complete: bool) -> bytes:
        trailers = connection.trailers if is_complete and self._plan.forward_trailers else None
        return frame_payload(payload, is_complete=is_complete, trailers=trailers)

    def _become_tunnel(self, connection: UpstreamConnection, attempt: Attempt, data: bytes) -> None:
        self._write(data)
        self._is_ended = True
        if self._is_watched:
            self._context.deadlines.unwatch(self)  # The route's limit is for the answer, which has come.
        self._connection = None
        tunnel = Tunnel(
            self._context,
            self.exchange,
            attempt,
            self._downstream,
            connection,
            self._endpoint,
            self._plan.upstream_idle_ns,
        )
        self._downstream.become_tunnel(tunnel)

    def _response_ended(self, connection: UpstreamConnection, attempt: Attempt) -> None:
        attempt.ended_ns = connection.received_ns
        if attempt.status >= 500:
            attempt.reason = _UPSTREAM_STATUS
        self._connection = None
        self._endpoint.attempt_ended(attempt)
        connection.release(is_clean=self._is_request_complete)
        conclude_answered(self.exchange)
        if self._downstream.is_write_paused:
            self._flushing_since_ns = monotonic_ns()
        else:
            self._finish()

    def response_failed(self, reason: Reason, detail: str) -> None:
        may_resend = self._may_resend()
        self._fail_attempt(reason)
        if may_resend:
            self._held, self._replay = self._replay or b"", b""
            self._dispatch(monotonic_ns(), needs_fresh=True)
        else:
            self._answer_or_cut(reply_for(reason, detail))

    def _may_resend(self) -> bool:
        """Once, on a fresh connection, if a reused one ended before any byte of an answer (RFC 9112 section 9.3.1)."""
        attempt, connection = self._attempt, self._connection
        return (
            attempt is not None
            and connection is not None
            and attempt.reused
            and not connection.has_answered
            and len(self.exchange.attempts) == 1
            and self._replay is not None
            and self._head.method in _IDEMPOTENT
        )

    def upstream_deadline(self, _now_ns: int) -> None:
        attempt = self._attempt
        is_waiting = attempt is not None and attempt.sent_ns and not attempt.first_byte_ns
        self._fail(reply_for(Reason.UPSTREAM_TIMEOUT_FIRST_BYTE if is_waiting else Reason.UPSTREAM_IDLE_TIMEOUT))

    def on_deadline(self, now_ns: int) -> None:
        """The route's limit for the whole exchange, or the end of the wait for a connection."""
        is_total = now_ns >= self._total_deadline_ns()
        self._fail(reply_for(Reason.UPSTREAM_TIMEOUT_TOTAL if is_total else Reason.POOL_EXHAUSTED))

    # Back-pressure, both ways.

    def upstream_pauses(self) -> None:
        if self._connection is not None:
            self._downstream.hold_request()
            self._connection.deadline_ns = monotonic_ns() + self._plan.upstream_idle_ns

    def upstream_resumes(self) -> None:
        if self._connection is not None:
            self._connection.deadline_ns = NEVER_NS
            self._downstream.resume_request()

    def downstream_pauses(self) -> None:
        if self._connection is not None:
            self._connection.transport.pause_reading()
            self._connection.deadline_ns = NEVER_NS

    def downstream_resumes(self) -> None:
        if self._flushing_since_ns:
            self._finish()
        elif self._connection is not None:
            self._connection.transport.resume_reading()
            self._connection.deadline_ns = monotonic_ns() + self._plan.upstream_idle_ns

    # Endings.

    def _fail(self, reply: Reply) -> None:
        """The attempt, if there is one, is given up for this reason, and the client is told."""
        self._fail_attempt(reply.reason)
        self._answer_or_cut(reply)

    def _fail_attempt(self, reason: Reason) -> None:
        """Give the connection, or the place in the queue for one, back; nothing more comes from this attempt."""
        attempt, connection = self._attempt, self._connection
        if self._waiter is not None:
            self._endpoint.pool.give_up(self._waiter)
            self._waiter = None
        self._connection = None
        if attempt is not None and not attempt.ended_ns:
            attempt.ended_ns = monotonic_ns()
            attempt.reason = reason
            self._endpoint.attempt_ended(attempt)
        if connection is not None:
            connection.abort()

    def _answer_or_cut(self, reply: Reply) -> None:
        if self._is_ended:
            return
        if self.exchange.status:
            conclude(self.exchange, reply.reason, reply.detail)
            # A body that ends with the connection must not seem to end well, so it ends with a reset.
            self._finish(cut_with_reset=self._ends_by_close)
        else:
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        """The gateway's own answer; nothing of another one has been sent."""
        exchange, head = self.exchange, self._head
        exchange.status = reply.status
        if reply.closes or not self._is_request_complete or self._context.is_draining or head.upgrade is not None:
            self._keep_alive = False
        if reply.reason is not _NONE:
            conclude(exchange, reply.reason, reply.detail)
        data = encode_reply(
            reply,
            exchange.request_id,
            field_values(head.fields, b"accept"),
            self._context.date(),
            keep_alive=self._keep_alive,
            minor_version=head.minor_version,
            to_head=head.method == "HEAD",
        )
        self._write(data)
        self._finish()

    def _write(self, data: bytes) -> None:
        self.exchange.bytes_out += len(data)
        self._downstream.write(data)

    def _finish(self, *, cut_with_reset: bool | None = None) -> None:
        if self._is_ended:
            return
        self._is_ended = True
        if self._is_watched:
            self._context.deadlines.unwatch(self)
        if self._flushing_since_ns:
            self.exchange.write_stall_ns = monotonic_ns() - self._flushing_since_ns
        hand_over(self.exchange, self._context)
        if cut_with_reset is None:
            self._downstream.exchange_ended(keep_alive=self._keep_alive, now_ns=self.exchange.ended_ns)
        else:
            self._downstream.cut(with_reset=cut_with_reset)
