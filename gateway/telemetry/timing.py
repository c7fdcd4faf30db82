"""The phases of an exchange, worked out once from its stamps; metrics, access line and span all read this result."""

from itertools import pairwise, zip_longest
from typing import Final, TypeAlias

from gateway.model.exchange import Attempt, Exchange
from gateway.model.outcome import Source

AttemptTiming: TypeAlias = tuple[int, int, int, int, int]
"""Nanoseconds of pool_wait, connect, send, ttfb, transfer; 0 for a phase that did not happen. A phase cut short by a
failure has the time spent in it. (A plain tuple: building a named one costs as much as the whole calculation.)"""

Timing: TypeAlias = tuple[int, int, int, int, int, int, int, int, int]
"""Nanoseconds of total, overhead, read_head, pool_wait, connect, send, ttfb, transfer, write; phases are sums over the
attempts, overhead is what neither client nor upstream caused."""

_NOTHING: Final[AttemptTiming] = (0, 0, 0, 0, 0)


def measure_attempt(attempt: Attempt, exchange_ended_ns: int) -> AttemptTiming:
    """An answer that began before the request was sent ends the sending: the phases do not overlap."""
    started = attempt.started_ns
    leased = attempt.leased_ns
    ended = attempt.ended_ns or exchange_ended_ns
    connect = 0
    if attempt.connecting_ns:
        connect = (attempt.connected_ns or ended) - attempt.connecting_ns
    if not leased:
        return max(ended - started - connect, 0), connect, 0, 0, 0
    wait = leased - started - connect
    wait = wait if wait > 0 else 0  # noqa: FURB136 - max() takes four times as long
    sent = attempt.sent_ns
    first = attempt.first_byte_ns
    if first:
        if sent and sent <= first:
            return wait, connect, sent - leased, first - sent, ended - first
        return wait, connect, first - leased, 0, ended - first
    if sent:
        return wait, connect, sent - leased, ended - sent, 0
    return wait, connect, ended - leased, 0, 0


def measure(exchange: Exchange) -> Timing:
    """All phases of a finished exchange.

    Overhead is the total less the reading of the head, connecting, the upstream's time, the client's slowness at the end,
    delays that the route injects, back-offs between attempts, and, where there was a body to wait for, the sending of it.
    """
    ended = exchange.ended_ns
    total = ended - exchange.started_ns
    read_head = (exchange.head_ns or ended) - exchange.started_ns
    write = exchange.write_stall_ns
    attempts = exchange.attempts
    if len(attempts) == 1:
        wait, connect, send, ttfb, transfer = measure_attempt(attempts[0], ended)
    else:
        wait, connect, send, ttfb, transfer = _sum_of(attempts, ended)
    overhead = total - read_head - connect - ttfb - transfer - write - exchange.fault_ns
    if not attempts:
        overhead -= _body_wait(exchange)
    elif exchange.request_body_ns or not attempts[-1].sent_ns:
        overhead -= send
    if len(attempts) > 1:
        overhead -= _back_off(attempts)
    overhead = overhead if overhead > 0 else 0  # noqa: FURB136 - the same
    return total, overhead, read_head, wait, connect, send, ttfb, transfer, write


def _body_wait(exchange: Exchange) -> int:
    """How long the client kept the gateway waiting for a body that no attempt forwarded, complete or not."""
    if not exchange.head_ns:
        return 0
    if exchange.request_body_ns:
        return exchange.request_body_ns - exchange.head_ns
    return exchange.ended_ns - exchange.head_ns if exchange.source is Source.CLIENT else 0


def _back_off(attempts: list[Attempt]) -> int:
    """How long nothing was under way because the next attempt was not to be made at once."""
    return sum(max(0, following.started_ns - attempt.ended_ns) for attempt, following in pairwise(attempts))


def _sum_of(attempts: list[Attempt], ended_ns: int) -> AttemptTiming:
    wait, connect, send, ttfb, transfer = _NOTHING
    for attempt, following in zip_longest(attempts, attempts[1:]):
        if following is not None and attempt.ended_ns > following.started_ns:
            # Two were under way at once: of this one only what it was alone, and that was waiting.
            ttfb += max(0, following.started_ns - attempt.started_ns)
            continue
        timing = measure_attempt(attempt, ended_ns)
        wait += timing[0]
        connect += timing[1]
        send += timing[2]
        ttfb += timing[3]
        transfer += timing[4]
    return wait, connect, send, ttfb, transfer
