"""A second attempt beside a first that is slow to answer: the first answer wins, and the other attempt is given up.

Only reads without a body get here, so there is nothing to be replayed and nothing is done twice that matters.
"""

import asyncio
from collections import deque
from typing import Final, Protocol

from gateway.http1.response_head import ResponseHead
from gateway.model.clock import SECOND_NS, monotonic_ns
from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.pool import Waiter

WAITING_AT_MOST: Final = 4096
"""Requests of one route and worker that may wait for their time, from the oldest that is not answered; those beyond are not
hedged."""


class Hedgeable(Protocol):
    @property
    def is_answered(self) -> bool:
        """Whether there is no use in asking it any more."""

    def hedge_due(self) -> None:
        """No answer may have begun by now; it may as well be over."""


class HedgeQueue:
    """Who is to be asked after so long whether an answer has begun. Everybody waits equally long, so that one timer does,
    and a request costs it an append."""

    __slots__ = ("_after_ns", "_timer", "_waiting")

    def __init__(self, after_ns: int) -> None:
        self._after_ns = after_ns
        self._waiting: deque[tuple[int, Hedgeable]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, hedgeable: Hedgeable, now_ns: int, loop: asyncio.AbstractEventLoop) -> None:
        waiting = self._waiting
        while waiting and waiting[0][1].is_answered:
            waiting.popleft()  # Most are by then: kept for their time, they would fill the queue.
        if len(waiting) >= WAITING_AT_MOST:
            return
        waiting.append((now_ns + self._after_ns, hedgeable))
        if self._timer is None:
            self._timer = loop.call_later(self._after_ns / SECOND_NS, self._ask, loop)

    def _ask(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        waiting, now_ns = self._waiting, monotonic_ns()
        while waiting and waiting[0][0] <= now_ns:
            _, hedgeable = waiting.popleft()
            try:
                hedgeable.hedge_due()
            except Exception as error:
                loop.call_exception_handler({"message": "a request could not be hedged", "exception": error})
        if waiting:
            self._timer = loop.call_later((waiting[0][0] - now_ns) / SECOND_NS, self._ask, loop)


class HedgeOwner(Protocol):
    """The exchange, as its second attempt sees it."""

    def hedge_connected(self, hedge: "Hedge", connection: UpstreamConnection, connecting_ns: int) -> None: ...

    def hedge_speaks(self, hedge: "Hedge", head: ResponseHead) -> None:
        """An interim answer."""

    def hedge_answers(self, hedge: "Hedge", head: ResponseHead, payload: bytes, *, is_complete: bool) -> None: ...

    def hedge_failed(self, hedge: "Hedge", reason: Reason) -> None: ...


class Hedge:
    """The second attempt while the first is under way too (upstreams.connection.ResponseReceiver).

    It has a connection, or a place in the queue for one.
    """

    __slots__ = ("_owner", "attempt", "connection", "endpoint", "waiter")

    def __init__(self, owner: HedgeOwner, attempt: Attempt, endpoint: LiveEndpoint) -> None:
        self._owner = owner
        self.attempt = attempt
        self.endpoint = endpoint
        self.connection: UpstreamConnection | None = None
        self.waiter: Waiter | None = None

    def wait(self, rank: int) -> bool:
        """Queue for a connection, as critical as the request is; False when there is no place in the queue."""
        self.waiter = self.attempt.waiter = Waiter(self._granted, self._not_connected, needs_fresh=False, rank=rank)
        return self.endpoint.pool.wait(self.waiter)

    def end(self, reason: Reason) -> None:
        """Give up what it has."""
        attempt = self.attempt
        if self.waiter is not None:
            self.endpoint.pool.give_up(self.waiter)
            self.waiter = attempt.waiter = None
        attempt.ended_ns = monotonic_ns()
        attempt.reason = reason
        self.endpoint.attempt_ended(attempt)
        if self.connection is not None:
            self.connection.abort()

    def _granted(self, connection: UpstreamConnection, waiter: Waiter) -> None:
        self.waiter = self.attempt.waiter = None
        self._owner.hedge_connected(self, connection, waiter.connecting_ns)

    def _not_connected(self, reason: Reason, _detail: str, waiter: Waiter) -> None:
        self.waiter = self.attempt.waiter = None
        self.attempt.connecting_ns = waiter.connecting_ns
        self._owner.hedge_failed(self, reason)

    def response_interim(self, head: ResponseHead) -> None:
        self._owner.hedge_speaks(self, head)

    def response_begins(self, head: ResponseHead, payload: bytes, *, is_complete: bool) -> None:
        self._owner.hedge_answers(self, head, payload, is_complete=is_complete)

    def response_continues(self, payload: bytes, *, is_complete: bool) -> None:
        """Never called: whoever takes the answer takes the connection."""

    def response_failed(self, reason: Reason, _detail: str) -> None:
        self._owner.hedge_failed(self, reason)

    def upstream_pauses(self) -> None:
        """A head without a body is never too much."""

    def upstream_resumes(self) -> None:
        """Nor was it."""

    def upstream_deadline(self, _now_ns: int) -> None:
        self._owner.hedge_failed(self, Reason.UPSTREAM_TIMEOUT_FIRST_BYTE)
