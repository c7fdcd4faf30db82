"""The state of one exchange and the ways it can end: every one of them leaves a record and tells the client.

The lowest part of the lifecycle; the steps before the end are built on it.
"""

from abc import abstractmethod
from typing import Final

from gateway.http1.request_head import RequestHead
from gateway.model.clock import NEVER_NS, monotonic_ns
from gateway.model.exchange import Attempt
from gateway.model.headers import Fields, field_values
from gateway.model.listener import Listener
from gateway.model.outcome import STATUS_OF, Reason
from gateway.proxy.causes import cause_fields
from gateway.proxy.context import Context
from gateway.proxy.finish import begin_exchange, conclude, hand_over
from gateway.proxy.forward import Peer, client_address
from gateway.proxy.plan import RoutePlan
from gateway.proxy.reply import Reply, encode_reply, reply_for
from gateway.proxy.sides import Downstream
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.live_upstream import LiveUpstream
from gateway.upstreams.pool import Waiter

_NONE: Final = Reason.NONE


class Ending:
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
    _has_sent_interim = False
    """Whether something of what an endpoint said has gone to the client before its answer."""
    request_trailers: Fields | None = None
    """Set by the downstream before the last of a chunked body."""
    _is_upstream_behind = False
    """Whether part of what was sent still waits in our buffer, because the endpoint does not take it."""
    _not_taken = 0
    """Bytes of the request that the endpoint had not taken when that was last asked."""
    _is_response_chunked = False
    _ends_by_close = False
    """Whether the end of the connection is what ends the answer for this client."""
    _is_ended = False
    _is_watched = False
    _flushing_since_ns = 0
    """Since when only the client's reading is awaited."""
    deadline_ns = NEVER_NS
    _delayed_since_ns = 0
    """Since when the route's configuration holds the request back, while it does."""

    # Set by the step that comes to know them; no step before it reads them.
    _is_request_complete: bool
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

    def failed_internally(self) -> None:
        """Something in us raised; the loop's exception handler has been told."""
        self._fail(reply_for(Reason.INTERNAL_ERROR))

    def client_left(self) -> None:
        self._end_without_client(Reason.CLIENT_DISCONNECT, "")

    def client_stalled(self) -> None:
        self._end_without_client(Reason.CLIENT_TIMEOUT, "The client stopped reading the answer.")

    def shut_down(self) -> None:
        self._fail(reply_for(Reason.SHUTTING_DOWN, "The exchange outlasted the drain."))

    def _end_without_client(self, reason: Reason, detail: str) -> None:
        if self._is_ended:
            return
        self._fail_attempt(reason)
        conclude(self.exchange, reason, detail)
        if not self.exchange.status:
            self.exchange.status = STATUS_OF[reason]
        self._finish(cut_with_reset=True)

    def on_deadline(self, now_ns: int) -> None:
        """The route's limit for the whole exchange, or the end of the wait for a connection."""
        if now_ns >= self._total_deadline_ns():
            self._fail(_late_by_fault() if self._delayed_since_ns else reply_for(Reason.UPSTREAM_TIMEOUT_TOTAL))
            return
        reason = Reason.CONNECT_TIMEOUT if self._has_waited_for_connect(now_ns) else Reason.POOL_EXHAUSTED
        self._attempt_failed(reply_for(reason))

    def _has_waited_for_connect(self, now_ns: int) -> bool:
        """Whether most of the wait was for a connection to be opened, rather than for a place to open one."""
        attempt, waiter = self._attempt, self._waiter
        if attempt is None or waiter is None or not waiter.connecting_ns:
            return False
        return now_ns - waiter.connecting_ns > waiter.connecting_ns - attempt.started_ns

    @abstractmethod
    def _attempt_failed(self, reply: Reply) -> None:
        """The attempt is given up; the client is told, unless there is another attempt (`retrying`)."""

    def _watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            self._context.deadlines.watch(self)

    def _total_deadline_ns(self) -> int:
        return self.exchange.deadline_ns

    def _fail(self, reply: Reply) -> None:
        """The attempt, if there is one, is given up for this reason, and the client is told."""
        self._fail_attempt(reply.reason)
        self._answer_or_cut(reply)

    def _fail_attempt(self, reason: Reason) -> None:
        """Give the connection, or the place in the queue for one, back; nothing more comes from this attempt."""
        attempt, connection = self._attempt, self._connection
        self._end_delay()
        if self._waiter is not None:
            self._endpoint.pool.give_up(self._waiter)
            self._waiter = None
            if attempt is not None:
                attempt.waiter = None
        self._connection = None
        if attempt is not None and not attempt.ended_ns:
            attempt.ended_ns = monotonic_ns()
            attempt.reason = reason
            self._endpoint.attempt_ended(attempt)
        if connection is not None:
            connection.abort()

    def _end_delay(self) -> None:
        """What the route held the request back for goes on the record, whatever ends it."""
        if self._delayed_since_ns:
            self.exchange.fault_ns = monotonic_ns() - self._delayed_since_ns
            self._delayed_since_ns = 0

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
        if reply.closes or not self._is_request_complete or self._context.is_draining or head.upgrade is not None:
            self._keep_alive = False
        if reply.reason is not _NONE:
            conclude(exchange, reply.reason, reply.detail)
        if self._peer.is_told:
            reply.fields += cause_fields(exchange, reply.reason, is_ours=True)
        data = encode_reply(
            reply,
            exchange.request_id,
            field_values(head.fields, b"accept"),
            self._context.date(),
            keep_alive=self._keep_alive,
            minor_version=head.minor_version,
            to_head=head.method == "HEAD",
        )
        exchange.status = reply.status
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
        try:
            hand_over(self.exchange, self._context)
        finally:
            # Whatever becomes of the record, the client must not be left waiting.
            if cut_with_reset is None:
                self._downstream.exchange_ended(keep_alive=self._keep_alive, now_ns=self.exchange.ended_ns)
            else:
                self._downstream.cut(with_reset=cut_with_reset)


def _late_by_fault() -> Reply:
    """No upstream has been asked, so none is to blame; the client gets what it would get of one that is as slow."""
    detail = "injected by the route: a delay that the time for the whole exchange ran out in"
    return Reply(STATUS_OF[Reason.UPSTREAM_TIMEOUT_TOTAL], Reason.FAULT_INJECTED, detail)
