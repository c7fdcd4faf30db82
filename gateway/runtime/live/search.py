"""Looking through the ring of recent exchanges, and saying how far the answer reaches."""

from collections.abc import Iterator
from itertools import chain

import msgspec

from gateway.model.snapshot import Snapshot
from gateway.runtime.live.ring import ExchangeRing, Position
from gateway.wire.filter import EVERYTHING, Expression, Predicate, render
from gateway.wire.live import AccessLine, decode_line, tells_an_end
from gateway.wire.views import ExchangeListView


def search(
    ring: ExchangeRing, wanted: Expression, predicate: Predicate, limit: int, before: Position | None
) -> ExchangeListView:
    """The newest lines that satisfy the filter, at most `limit`, from before a place on."""
    found: list[msgspec.Raw] = []
    scanned, last, is_complete = 0, None, True
    for position, line in _down_from(ring, before):
        if len(found) >= limit:
            is_complete = False
            break
        last = position
        if not tells_an_end(line):
            continue
        scanned += 1
        if wanted == EVERYTHING or _satisfies(line, predicate):
            found.append(msgspec.Raw(line))
    return ExchangeListView(
        exchanges=found,
        filter=render(wanted),
        scanned=scanned,
        since=_time_of(ring.oldest),
        remarkable_since=_time_of(ring.oldest_remarkable),
        next=None if is_complete or last is None else str(last),
    )


def find(ring: ExchangeRing, wanted_id: str) -> ExchangeListView:
    """All lines of a request id or a trace id."""
    found, scanned = [], 0
    needle = wanted_id.encode()
    for _, line in ring.placed_newest_first():
        scanned += 1
        if needle in line:
            exchange = _decoded(line)
            if exchange is not None and wanted_id in {exchange.request_id, exchange.trace_id}:
                found.append(msgspec.Raw(line))
    return ExchangeListView(
        exchanges=found,
        scanned=scanned,
        since=_time_of(ring.oldest),
        remarkable_since=_time_of(ring.oldest_remarkable),
    )


def sampled_successes(snapshot: Snapshot) -> str:
    """`of successes 10% have a line (access_log.sample.success)`; empty where all have."""
    otherwise = snapshot.telemetry.access_log.sample_success
    shares = {otherwise if route.log_sample is None else route.log_sample for route in snapshot.routes}
    least, most = min(shares, default=otherwise), max(shares, default=otherwise)
    if least == 1:
        return ""
    told = f"{least * 100:g}%" if least == most else f"{least * 100:g}% to {most * 100:g}%, by route,"
    return f"of successes {told} have a line (access_log.sample.success)"


def _down_from(ring: ExchangeRing, before: Position | None) -> Iterator[tuple[Position, bytes]]:
    placed = ring.placed_newest_first()
    if before is None:
        return placed
    for position, line in placed:
        if position < before:
            return chain([(position, line)], placed)
    return iter(())


def _satisfies(line: bytes, predicate: Predicate) -> bool:
    exchange = _decoded(line)
    return exchange is not None and predicate(exchange)


def _decoded(line: bytes) -> AccessLine | None:
    try:
        return decode_line(line)
    except msgspec.DecodeError:
        return None


def _time_of(line: bytes | None) -> str | None:
    exchange = None if line is None else _decoded(line)
    return exchange.at if exchange is not None else None
