"""Further attempts where one failed and nothing of its answer has gone to the client: when, where, and why not.

Only routes with `retries` get here; every step of it is on the way of a failure, not of a request.
"""

import random
from typing import Final

from gateway.http1.response_head import ResponseHead
from gateway.http1.retry_after import parse_retry_after
from gateway.model.clock import SECOND_NS, monotonic_ns
from gateway.model.exchange import Attempt
from gateway.model.headers import field_values
from gateway.model.outcome import Reason
from gateway.model.retry import Suppression
from gateway.proxy.attempting import Attempting
from gateway.proxy.dispatch import pick_other_endpoint
from gateway.proxy.leftover import leave_answer
from gateway.proxy.reply import Reply, reply_for
from gateway.proxy.retry_plan import RetryPlan
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.endpoint import LiveEndpoint

DETAIL_OF: Final[dict[Suppression, str]] = {
    Suppression.BUDGET: "It was not tried again: the route's retry budget is spent.",
    Suppression.LIMIT: "It was not tried again: the upstream takes no more now, by its limits or its circuit.",
    Suppression.METHOD: "It was not tried again: the method is not idempotent.",
    Suppression.BODY: "It was not tried again: more of the body had been sent than is kept.",
    Suppression.DEADLINE: "It was not tried again: the route's time for the exchange would have run out.",
    Suppression.RETRY_AFTER: "It was not tried again: the upstream asked for more time than a back-off may last.",
    Suppression.INTERIM: "It was not tried again: an interim answer had gone to the client.",
}
_ASKS_FOR_TIME: Final = frozenset({429, 503})


class Retrying(Attempting):
    """What becomes of an attempt that failed, or was answered with a status that the route does not take for an answer."""

    def _attempt_failed(self, reply: Reply) -> None:
        retry = self._plan.retry
        if retry is None or self._is_ended or self.exchange.status or reply.reason not in retry.reasons:
            self._fail(reply)
            return
        now_ns = monotonic_ns()
        suppression, wait_ns = self._consider(retry, 0, now_ns)
        if suppression is None and wait_ns is None:
            self._fail(reply)
        elif suppression is not None:
            self._fail_attempt(reply.reason)
            self._answer_or_cut(self._suppressed_reply(suppression, reply))
        else:
            self._fail_attempt(reply.reason)
            self._back_off(wait_ns or 0)

    def _suppressed_reply(self, suppression: Suppression, reply: Reply) -> Reply:
        self.exchange.suppressed = suppression.value
        detail = f"{reply.detail} {DETAIL_OF[suppression]}"
        if suppression is Suppression.BUDGET:
            return reply_for(Reason.RETRY_BUDGET_EXHAUSTED, detail)
        return reply_for(reply.reason, detail)

    def _leaves_answer(self, retry: RetryPlan, head: ResponseHead, *, is_complete: bool) -> bool:
        """Whether this answer, of a listed status, is not for the client because another attempt will be made."""
        connection, attempt = self._connection, self._attempt
        assert connection is not None
        assert attempt is not None
        asked_ns = 0
        if head.status in _ASKS_FOR_TIME:
            values = field_values(head.passed, b"retry-after")
            asked_ns = parse_retry_after(values[0], self._context.wall_ns()) if values else 0
        suppression, wait_ns = self._consider(retry, asked_ns, connection.received_ns)
        if suppression is not None:
            self.exchange.suppressed = suppression.value
            self.exchange.detail = DETAIL_OF[suppression]
        if wait_ns is None:
            return False
        self._connection = None
        self._end_unused(connection, attempt, self._endpoint, head, is_complete=is_complete)
        self._back_off(wait_ns)
        return True

    def _end_unused(
        self,
        connection: UpstreamConnection,
        attempt: Attempt,
        endpoint: LiveEndpoint,
        head: ResponseHead,
        *,
        is_complete: bool,
    ) -> None:
        attempt.status = head.status
        attempt.first_byte_ns = attempt.ended_ns = connection.received_ns
        if head.status >= 500:
            attempt.reason = Reason.UPSTREAM_STATUS
        endpoint.attempt_ended(attempt)
        is_clean = self._is_request_complete and not self._is_upstream_behind
        leave_answer(connection, head, is_complete=is_complete, is_clean=is_clean)

    def _consider(self, retry: RetryPlan, asked_ns: int, now_ns: int) -> tuple[Suppression | None, int | None]:
        """Why there is no further attempt although the route wants one, or how long to wait before it; neither where all
        attempts have been made. asked_ns: what the upstream wants to be waited for.

        The last thing asked is the budget, which is taken from.
        """
        made = len(self.exchange.attempts)
        if made >= retry.attempts:
            return None, None
        longest_ns = retry.backoff.longest_ns(made)
        wait_ns = max(int(random.random() * longest_ns), asked_ns)
        suppression = self._hindrance(retry)
        if suppression is None:
            if asked_ns > retry.backoff.max_ns:
                suppression = Suppression.RETRY_AFTER
            elif now_ns + wait_ns >= self._total_deadline_ns():
                suppression = Suppression.DEADLINE
            elif self._upstream is not None and not self._upstream.may_retry(now_ns, self._attempt):
                suppression = Suppression.LIMIT
            elif not retry.budget.take(now_ns):
                suppression = Suppression.BUDGET
        return (None, wait_ns) if suppression is None else (suppression, None)

    def _hindrance(self, retry: RetryPlan) -> Suppression | None:
        """What about the request itself forbids to send it again."""
        if self._has_sent_interim:
            return Suppression.INTERIM
        if not any(attempt.leased_ns for attempt in self.exchange.attempts):
            return None  # Nothing of it was sent, and all of it is still here.
        if not retry.rule.allows(self._head.method):
            return Suppression.METHOD
        return Suppression.BODY if self._replay is None else None

    def _back_off(self, wait_ns: int) -> None:
        """The attempt has ended; another begins after so long, unless the exchange has ended by then."""
        if self._attempt is not None and self._attempt.leased_ns:
            self._held, self._replay = self._replay or b"", b""
        self._is_upstream_behind = False
        self.deadline_ns = self._total_deadline_ns()
        if not self._is_request_complete:
            self._downstream.hold_request()
        self._context.loop.call_later(wait_ns / SECOND_NS, self._back_off_ended)

    def _back_off_ended(self) -> None:
        if self._is_ended:
            return
        try:
            self._try_again()
        except Exception as error:
            self._context.loop.call_exception_handler({"message": "a request was not sent again", "exception": error})
            self.failed_internally()

    def _try_again(self) -> None:
        upstream, failed = self._upstream, self._attempt
        endpoint = (
            None if upstream is None else pick_other_endpoint(upstream, self.exchange, self._head, self._plan.subset)
        )
        # What broke one connection to an endpoint has mostly broken the others that wait beside it.
        is_same = failed is not None and endpoint is not None and endpoint.address == failed.endpoint
        needs_fresh = is_same and failed is not None and failed.reason is Reason.UPSTREAM_RESET
        self._dispatch(monotonic_ns(), needs_fresh=needs_fresh, endpoint=endpoint)
        if self._connection is not None and not self._is_request_complete and not self._is_upstream_behind:
            self._downstream.resume_request()
