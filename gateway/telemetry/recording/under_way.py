"""What a report says of exchanges that have not ended yet."""

from collections.abc import Iterable
from heapq import nsmallest
from operator import attrgetter
from typing import Final

from gateway.model.exchange import Attempt, Exchange
from gateway.model.phase import Phase
from gateway.telemetry.labels import UNMATCHED
from gateway.telemetry.recording.route_view import RouteView
from gateway.wire.report import InFlightRow

ROWS: Final = 200
TUNNEL: Final = "tunnel"
BACK_OFF: Final = "back_off"
_PATH_CHARACTERS: Final = 256


def oldest_by_route(exchanges: Iterable[Exchange]) -> dict[str, int]:
    """When the oldest running exchange of each route label began, nanoseconds since the epoch.

    Tunnels are left out, for they are meant to last, and so is what has no route yet.
    """
    oldest: dict[str, int] = {}
    for exchange in exchanges:
        view: RouteView | None = exchange.mark
        if view is None or exchange.upgraded:
            continue
        label, began_ns = view.series.label, exchange.started_at_ns
        if oldest.get(label, began_ns) >= began_ns:
            oldest[label] = began_ns
    return oldest


def oldest_rows(exchanges: Iterable[Exchange], began_before_ns: int) -> list[InFlightRow]:
    """The oldest exchanges that began before this time (since the epoch), oldest first, ROWS at most."""
    old = [exchange for exchange in exchanges if exchange.started_at_ns <= began_before_ns]
    return [_row(exchange) for exchange in nsmallest(ROWS, old, attrgetter("started_at_ns"))]


def _row(exchange: Exchange) -> InFlightRow:
    attempts = exchange.attempts
    return InFlightRow(
        request_id=exchange.request_id,
        trace_id=exchange.trace_id,
        route=exchange.route.name if exchange.route is not None else UNMATCHED,
        method=exchange.method,
        host=exchange.host,
        path=exchange.path[:_PATH_CHARACTERS],
        client=exchange.client_address,
        started_at_ns=exchange.started_at_ns,
        phase=_phase_of(exchange),
        upstream=exchange.upstream,
        endpoint=attempts[-1].endpoint if attempts else "",
        attempt=len(attempts),
        status=exchange.status,
        bytes_in=exchange.bytes_in,
        bytes_out=exchange.bytes_out,
    )


def _phase_of(exchange: Exchange) -> str:
    """What is being waited for; once the last attempt has ended it is the client's reading, or the time for the next."""
    if exchange.upgraded:
        return TUNNEL
    if not exchange.attempts:
        return Phase.READ_HEAD.value
    attempt = exchange.attempts[-1]
    if attempt.ended_ns:
        return Phase.WRITE.value if exchange.status else BACK_OFF
    return _phase_of_attempt(attempt)


def _phase_of_attempt(attempt: Attempt) -> str:
    if attempt.first_byte_ns:
        return Phase.TRANSFER.value
    if attempt.sent_ns:
        return Phase.TTFB.value
    if attempt.leased_ns:
        return Phase.SEND.value
    is_connecting = attempt.waiter is not None and attempt.waiter.connecting_ns
    return Phase.CONNECT.value if is_connecting else Phase.POOL_WAIT.value
