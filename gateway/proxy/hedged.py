"""An exchange that may have two attempts under way at once, until one of them answers or fails."""

from typing import Final

from gateway.http1.refusal import RequestRefused
from gateway.http1.response_head import ResponseHead
from gateway.model.clock import monotonic_ns
from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason
from gateway.model.retry import HEDGED, Suppression
from gateway.proxy.dispatch import pick_other_endpoint
from gateway.proxy.forward import encode_request
from gateway.proxy.hedging import Hedge
from gateway.proxy.reply import Reply
from gateway.proxy.retry_plan import RetryPlan
from gateway.proxy.retrying import Retrying
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.live_upstream import LiveUpstream

_DETAIL_OF: Final[dict[Suppression, str]] = {
    Suppression.BUDGET: "It was not sent to a second endpoint: the route's retry budget is spent.",
    Suppression.LIMIT: "It was not sent to a second endpoint: the upstream takes no more now, by its limits or its circuit.",
}


class Hedged(Retrying):
    """`_attempt` and what belongs to it is the first attempt until the other one has won or is all there is."""

    _hedge: Hedge | None = None

    def _begin_tries(self, retry: RetryPlan, now_ns: int) -> None:
        """The first attempt of a request that may have others."""
        retry.budget.tried(now_ns)
        if retry.hedges is not None:
            head = self._head
            if head.method in HEDGED and not head.has_body and head.upgrade is None:
                retry.hedges.add(self, now_ns, self._context.loop)
        self._dispatch(now_ns, needs_fresh=False)

    @property
    def is_answered(self) -> bool:
        return self._is_ended or self.exchange.status > 0

    def hedge_due(self) -> None:
        attempt, retry, upstream, exchange = self._attempt, self._plan.retry, self._upstream, self.exchange
        if self.is_answered or attempt is None or attempt.ended_ns or retry is None or upstream is None:
            return
        has_begun = self._has_sent_interim or (self._connection is not None and self._connection.has_answered)
        if has_begun or len(exchange.attempts) != 1 or retry.attempts == 1:
            return
        endpoint = pick_other_endpoint(upstream, exchange, self._head, self._plan.subset)
        if endpoint is None or endpoint.address == attempt.endpoint:
            return
        suppression = self._hedge_hindrance(upstream, retry)
        if suppression is not None:
            exchange.suppressed = suppression.value
            exchange.detail = _DETAIL_OF[suppression]
            return
        self._send_second(upstream, endpoint)

    def _hedge_hindrance(self, upstream: LiveUpstream, retry: RetryPlan) -> Suppression | None:
        now_ns = monotonic_ns()
        if not upstream.may_retry(now_ns):
            return Suppression.LIMIT
        return None if retry.budget.take(now_ns) else Suppression.BUDGET

    def _send_second(self, upstream: LiveUpstream, endpoint: LiveEndpoint) -> None:
        now_ns = monotonic_ns()
        attempt = Attempt(upstream.name, endpoint.address, now_ns)
        if upstream.gate is not None and upstream.gate.enter(attempt, now_ns, is_retry=True) is not None:
            return
        self.exchange.attempts.append(attempt)
        endpoint.in_flight += 1
        hedge = self._hedge = Hedge(self, attempt, endpoint)
        connection = endpoint.pool.lease_idle()
        if connection is not None:
            self.hedge_connected(hedge, connection, 0)
        elif not hedge.wait(self._plan.criticality):
            self.hedge_failed(hedge, Reason.POOL_EXHAUSTED)

    def hedge_connected(self, hedge: Hedge, connection: UpstreamConnection, connecting_ns: int) -> None:
        attempt, plan, head = hedge.attempt, self._plan, self._head
        now_ns = attempt.leased_ns = monotonic_ns()
        attempt.reused = connection.exchanges > 0
        if not attempt.reused:
            attempt.connecting_ns = connecting_ns or attempt.started_ns
            attempt.connected_ns = now_ns
        hedge.connection = connection
        connection.begin(hedge, to_head=head.method == "HEAD", upgrade=None)
        try:
            propagator = plan.propagator_for(self._listener) if plan.depends_on_listener else plan.propagator
            data = encode_request(self.exchange, attempt, head, plan, propagator, self._peer)
        except RequestRefused:
            # The first attempt has been sent in the same words; whatever is the matter with them is told by that.
            self.hedge_failed(hedge, Reason.BAD_REQUEST)
            return
        except Exception as error:
            # Whoever granted the connection has nothing to do with what failed here.
            self._context.loop.call_exception_handler({"message": "a request could not be hedged", "exception": error})
            self.hedge_failed(hedge, Reason.INTERNAL_ERROR)
            return
        connection.transport.write(data)
        attempt.sent_ns = now_ns
        connection.deadline_ns = now_ns + plan.first_byte_ns

    def hedge_failed(self, hedge: Hedge, reason: Reason) -> None:
        """The first attempt is alone again."""
        if self._hedge is hedge:
            self._hedge = None
            hedge.end(reason)
            self._put_before_last(hedge.attempt)

    def hedge_speaks(self, hedge: Hedge, head: ResponseHead) -> None:
        if head.status != 100:
            self._prefer(hedge)
            self.response_interim(head)

    def hedge_answers(self, hedge: Hedge, head: ResponseHead, payload: bytes, *, is_complete: bool) -> None:
        retry, connection = self._plan.retry, hedge.connection
        if retry is not None and connection is not None and head.status in retry.statuses:
            self._hedge = None
            self._end_unused(connection, hedge.attempt, hedge.endpoint, head, is_complete=is_complete)
            self._put_before_last(hedge.attempt)
            return
        self._prefer(hedge)
        self.response_begins(head, payload, is_complete=is_complete)

    def _prefer(self, hedge: Hedge) -> None:
        """The second attempt has won."""
        self._hedge = None
        super()._fail_attempt(Reason.SUPERSEDED)
        self._adopt(hedge)

    def _adopt(self, hedge: Hedge) -> None:
        """Go on with the second attempt as with any other."""
        self._attempt, self._endpoint, self._waiter = hedge.attempt, hedge.endpoint, hedge.waiter
        self._connection = hedge.connection
        self.deadline_ns = self._total_deadline_ns()  # It may have been that of the first one's wait for a connection.
        if hedge.connection is not None:
            hedge.connection.receiver = self
        if hedge.waiter is not None:
            hedge.waiter.granted, hedge.waiter.failed = self._connection_granted, self._connection_failed
            self.deadline_ns = min(self.deadline_ns, hedge.attempt.started_ns + self._plan.first_byte_ns)
            self._watch()

    def _supersede_hedge(self) -> None:
        """The first attempt has won."""
        hedge = self._hedge
        if hedge is not None:
            self.hedge_failed(hedge, Reason.SUPERSEDED)

    def _put_before_last(self, attempt: Attempt) -> None:
        """The attempt that the exchange goes on with is the last of its record."""
        attempts = self.exchange.attempts
        attempts.remove(attempt)
        attempts.insert(len(attempts) - 1, attempt)

    def _attempt_failed(self, reply: Reply) -> None:
        hedge = self._hedge
        if hedge is None or self._is_ended or self.exchange.status:
            super()._attempt_failed(reply)
            return
        self._hedge = None
        super()._fail_attempt(reply.reason)
        self._adopt(hedge)

    def _fail_attempt(self, reason: Reason) -> None:
        hedge, self._hedge = self._hedge, None
        if hedge is not None:
            hedge.end(reason)
        super()._fail_attempt(reason)

    def _leaves_answer(self, retry: RetryPlan, head: ResponseHead, *, is_complete: bool) -> bool:
        hedge, connection, attempt = self._hedge, self._connection, self._attempt
        if hedge is None or connection is None or attempt is None:
            return head.status in retry.statuses and super()._leaves_answer(retry, head, is_complete=is_complete)
        if head.status not in retry.statuses:
            self._supersede_hedge()
            return False
        self._hedge = None
        self._end_unused(connection, attempt, self._endpoint, head, is_complete=is_complete)
        self._adopt(hedge)
        return True
