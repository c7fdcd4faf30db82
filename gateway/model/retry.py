"""What an operator declares about further attempts of a route, and why one that was wanted is not made."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS
from gateway.model.outcome import Reason

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods whose requests may be sent again by a proxy (RFC 9110 section 9.2.2)."""
HEDGED: Final = frozenset({"GET", "HEAD"})
"""Methods of which two may be under way at once."""
BUDGET_WINDOW_NS: Final = 10 * SECOND_NS
BUDGET_FLOOR_PER_S: Final = 3
"""Retries that are allowed beside the ratio, by all workers together: a quiet route would have none otherwise."""


class RetryOn(StrEnum):
    """How an attempt failed without an answer."""

    CONNECT_ERROR = "connect_error"
    """There was no connection to send it on: nothing was sent, so any method may be tried again."""
    RESET = "reset"
    """The connection ended before an answer had begun."""
    TIMEOUT = "timeout"
    """No answer had begun in time."""


REASONS_OF: Final[dict[RetryOn, frozenset[Reason]]] = {
    RetryOn.CONNECT_ERROR: frozenset(
        {Reason.CONNECT_REFUSED, Reason.CONNECT_TIMEOUT, Reason.DNS_ERROR, Reason.TLS_ERROR}
    ),
    RetryOn.RESET: frozenset({Reason.UPSTREAM_RESET}),
    RetryOn.TIMEOUT: frozenset({Reason.UPSTREAM_TIMEOUT_FIRST_BYTE, Reason.UPSTREAM_IDLE_TIMEOUT}),
}
"""The reasons with which an attempt ends under each condition."""


class RetryMethods(StrEnum):
    IDEMPOTENT = "idempotent"
    ANY = "any"


class Suppression(StrEnum):
    """Why a retry that the route's conditions ask for is not made."""

    BUDGET = "retry_budget_exhausted"
    LIMIT = "limit"
    """The upstream has as many retries or requests under way as it may, or its circuit is open."""
    METHOD = "method"
    BODY = "body"
    """More of the request's body was sent than is kept."""
    DEADLINE = "deadline"
    """The back-off would outlast the route's limit for the whole exchange."""
    RETRY_AFTER = "retry_after"
    """The upstream asks for more time than a back-off may last."""
    INTERIM = "interim_sent"
    """An interim answer of the endpoint has gone to the client."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Before the nth retry a random time up to `first_ns` doubled n - 1 times, `max_ns` at most (full jitter)."""

    first_ns: int = 25 * MILLISECOND_NS
    max_ns: int = 250 * MILLISECOND_NS

    def longest_ns(self, retry: int) -> int:
        """The most that the back-off before this retry, counted from 1, may last."""
        return min(self.max_ns, self.first_ns << min(retry - 1, 30))


@dataclass(frozen=True, slots=True)
class Retries:
    """attempts: the first one counts. per_try_timeout_ns, hedge_after_ns: NEVER_NS for none. body_buffer: bytes."""

    attempts: int = 3
    on: tuple[RetryOn | int, ...] = (RetryOn.CONNECT_ERROR, RetryOn.RESET, 502, 503)
    """Conditions, and statuses of the upstream's answer."""
    methods: RetryMethods = RetryMethods.IDEMPOTENT
    per_try_timeout_ns: int = NEVER_NS
    """How long one attempt may take from its start to the first byte of its answer."""
    backoff: Backoff = Backoff()
    budget_ratio: float = 0.2
    """Retries for each first try, over BUDGET_WINDOW_NS."""
    body_buffer: int = 64 * 1024
    hedge_after_ns: int = NEVER_NS
    """After how long without a first byte a second attempt goes out beside the first."""

    @property
    def reasons(self) -> frozenset[Reason]:
        """With which an attempt without an answer may be tried again."""
        return frozenset().union(*(REASONS_OF[item] for item in self.on if isinstance(item, RetryOn)))

    @property
    def statuses(self) -> frozenset[int]:
        return frozenset(item for item in self.on if not isinstance(item, RetryOn))

    def allows(self, method: str) -> bool:
        """Whether a request of this method may be sent to an endpoint again."""
        return self.methods is RetryMethods.ANY or method in IDEMPOTENT
