"""One try at an endpoint: choose it, get a connection, send the request; once more where that is safe."""

from abc import abstractmethod

from gateway.http1.refusal import RequestRefused
from gateway.http1.response_head import ResponseHead
from gateway.http1.writer import CONTINUE
from gateway.model.clock import NEVER_NS, monotonic_ns
from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason
from gateway.model.retry import IDEMPOTENT
from gateway.net.buffered import bytes_not_taken
from gateway.proxy.dispatch import pick_endpoint
from gateway.proxy.ending import Ending
from gateway.proxy.forward import encode_request
from gateway.proxy.relay import frame_payload
from gateway.proxy.reply import refusal_reply, reply_for
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.pool import Waiter


class Attempting(Ending):
    """The upstream's side of an exchange up to the answer."""

    @abstractmethod
    def response_interim(self, head: ResponseHead) -> None:
        """The answer is `relaying`'s, as are the next two."""

    @abstractmethod
    def response_begins(self, head: ResponseHead, payload: bytes, *, is_complete: bool) -> None: ...

    @abstractmethod
    def response_continues(self, payload: bytes, *, is_complete: bool) -> None: ...

    def _dispatch(self, now_ns: int, *, needs_fresh: bool, endpoint: LiveEndpoint | None = None) -> None:
        """endpoint: where it goes, if that has been chosen."""
        exchange = self.exchange
        upstream = self._upstream = self._plan.only_upstream or self._upstream or self._plan.choose_upstream()
        if endpoint is None and upstream is not None:
            # Where a connection was stale, the same endpoint may be chosen again.
            endpoint = pick_endpoint(upstream, exchange, self._head, self._plan.subset)
        if upstream is None or endpoint is None:
            why = "" if upstream is None else upstream.why_none(self._plan.subset)
            self._answer(reply_for(Reason.NO_HEALTHY_ENDPOINT, why))
            return
        exchange.upstream = upstream.name
        attempt = Attempt(upstream.name, endpoint.address, now_ns)
        if upstream.gate is not None:
            refusal = upstream.gate.enter(attempt, now_ns, is_retry=bool(exchange.attempts))
            if refusal is not None:
                self._answer(reply_for(refusal.reason, refusal.detail, retry_after_s=refusal.retry_after_s))
                return
        self._attempt = attempt
        exchange.attempts.append(attempt)
        self._endpoint = endpoint
        endpoint.in_flight += 1
        connection = None if needs_fresh else endpoint.pool.lease_idle()
        if connection is not None:
            self._forward(connection, attempt, now_ns)
        else:
            self._wait_for_connection(endpoint, needs_fresh=needs_fresh)

    def _wait_for_connection(self, endpoint: LiveEndpoint, *, needs_fresh: bool) -> None:
        waiter = self._waiter = Waiter(
            self._connection_granted, self._connection_failed, needs_fresh=needs_fresh, rank=self._plan.criticality
        )
        if self._attempt is not None:
            self._attempt.waiter = waiter
        if not self._is_request_complete:
            self._downstream.hold_request()
        self.deadline_ns = min(self._total_deadline_ns(), monotonic_ns() + self._plan.first_byte_ns)
        self._watch()
        if not endpoint.pool.wait(waiter):
            self._fail(reply_for(Reason.POOL_EXHAUSTED))

    def _connection_granted(self, connection: UpstreamConnection, waiter: Waiter) -> None:
        attempt = self._attempt
        assert attempt is not None
        self._waiter = attempt.waiter = None
        self.deadline_ns = self._total_deadline_ns()
        now_ns = monotonic_ns()
        if not connection.exchanges:
            attempt.connecting_ns = waiter.connecting_ns or attempt.started_ns
            attempt.connected_ns = now_ns
        if not self._is_request_complete:
            self._downstream.resume_request()
        try:
            self._forward(connection, attempt, now_ns)
            if self._plan.retry is not None and attempt.sent_ns:
                # What one attempt may take includes the wait for its connection.
                ends_ns = attempt.started_ns + self._plan.retry.rule.per_try_timeout_ns
                connection.deadline_ns = min(connection.deadline_ns, ends_ns)
        except Exception as error:
            # Whoever granted it, a task or another exchange's end, has nothing to do with what failed here.
            self._context.loop.call_exception_handler({"message": "a request was not sent", "exception": error})
            self.failed_internally()

    def _connection_failed(self, reason: Reason, detail: str, waiter: Waiter) -> None:
        self._waiter = None
        if self._attempt is not None:
            self._attempt.connecting_ns = waiter.connecting_ns
            self._attempt.waiter = None
        self._attempt_failed(reply_for(reason, detail))

    def _forward(self, connection: UpstreamConnection, attempt: Attempt, now_ns: int) -> None:
        head = self._head
        attempt.leased_ns = now_ns
        attempt.reused = connection.exchanges > 0
        self._connection = connection
        connection.begin(self, to_head=head.method == "HEAD", upgrade=head.upgrade)
        try:
            plan = self._plan
            propagator = plan.propagator_for(self._listener) if plan.depends_on_listener else plan.propagator
            data = encode_request(self.exchange, attempt, head, plan, propagator, self._peer)
        except RequestRefused as refused:
            self._fail(refusal_reply(refused))
            return
        connection.transport.write(data)
        if head.has_body:
            self._begin_payload(connection, attempt, now_ns)
        else:
            attempt.sent_ns = now_ns
            connection.deadline_ns = now_ns + self._plan.first_byte_ns

    def _begin_payload(self, connection: UpstreamConnection, attempt: Attempt, now_ns: int) -> None:
        held, self._held = self._held, b""
        retry, method = self._plan.retry, self._head.method
        if not (attempt.reused and method in IDEMPOTENT) and (retry is None or not retry.rule.allows(method)):
            self._replay = None  # There will be no second try, so nothing need be kept for one.
        self._send_payload(connection, held)
        if self._is_request_complete:
            self._request_sent(connection, attempt, now_ns)
        elif self._head.expects_continue and not held:
            self._head.expects_continue = False
            self._write(CONTINUE)

    def _send_payload(self, connection: UpstreamConnection, payload: bytes) -> None:
        if self._replay is not None:
            most = self._plan.replayed_at_most
            self._replay = self._replay + payload if len(self._replay) + len(payload) <= most else None
        framed = payload
        if self._head.is_chunked:
            trailers = self.request_trailers if self._plan.forward_trailers else None
            framed = frame_payload(payload, is_complete=self._is_request_complete, trailers=trailers)
        if framed:
            connection.transport.write(framed)

    def _request_sent(self, connection: UpstreamConnection, attempt: Attempt, now_ns: int) -> None:
        """All of it is with the connection; while part of that waits in our buffer, it is not sent yet."""
        if self._is_upstream_behind:
            return
        attempt.sent_ns = now_ns
        if not self.exchange.status:
            connection.deadline_ns = now_ns + self._plan.first_byte_ns

    def response_failed(self, reason: Reason, detail: str) -> None:
        if self._may_resend():
            self._fail_attempt(reason)
            self._held, self._replay = self._replay or b"", b""
            self._is_upstream_behind = False
            self._dispatch(monotonic_ns(), needs_fresh=True)
        else:
            self._attempt_failed(reply_for(reason, detail))

    def _may_resend(self) -> bool:
        """Once, on a fresh connection, if a reused one ended before any byte of an answer (RFC 9112 section 9.3.1)."""
        attempt, connection, upstream, retry = self._attempt, self._connection, self._upstream, self._plan.retry
        return (
            attempt is not None
            and connection is not None
            and attempt.reused
            and not connection.has_answered
            and len(self.exchange.attempts) == 1
            and self._replay is not None
            and self._head.method in IDEMPOTENT
            and (upstream is None or upstream.may_retry(monotonic_ns(), attempt))
            and (retry is None or retry.budget.take(monotonic_ns()))
        )

    def upstream_deadline(self, now_ns: int) -> None:
        attempt, connection = self._attempt, self._connection
        if connection is not None and self._is_upstream_behind and self._is_taking(connection):
            connection.deadline_ns = now_ns + self._plan.upstream_idle_ns
            return
        is_waiting = attempt is not None and attempt.sent_ns and not attempt.first_byte_ns
        self._attempt_failed(
            reply_for(Reason.UPSTREAM_TIMEOUT_FIRST_BYTE if is_waiting else Reason.UPSTREAM_IDLE_TIMEOUT)
        )

    def _is_taking(self, connection: UpstreamConnection) -> bool:
        """Whether the endpoint, slow as it may be, has taken something of the request since this was asked last."""
        before, self._not_taken = self._not_taken, bytes_not_taken(connection.transport)
        return self._not_taken < before

    def upstream_pauses(self) -> None:
        if self._connection is not None:
            self._is_upstream_behind = True
            self._not_taken = bytes_not_taken(self._connection.transport)
            self._downstream.hold_request()
            self._connection.deadline_ns = monotonic_ns() + self._plan.upstream_idle_ns

    def upstream_resumes(self) -> None:
        connection, attempt = self._connection, self._attempt
        if connection is None or attempt is None:
            return
        now_ns = monotonic_ns()
        self._is_upstream_behind = False
        if not self.exchange.status or self._downstream.is_write_paused:
            connection.deadline_ns = NEVER_NS
        else:
            connection.deadline_ns = now_ns + self._plan.upstream_idle_ns
        if self._is_request_complete:
            self._request_sent(connection, attempt, now_ns)
        self._downstream.resume_request()
