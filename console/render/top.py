"""A ranking of what makes the traffic, from exchanges that each stand for so many."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from console.render.amounts import UNKNOWN, count, milliseconds, percent, rate
from console.render.table import Column, render_table
from gateway.wire.live import AccessLine, is_fault

KEYS: Final[dict[str, Callable[[AccessLine], str]]] = {
    "route": lambda exchange: exchange.route,
    "upstream": lambda exchange: exchange.upstream or UNKNOWN,
    "endpoint": lambda exchange: exchange.endpoint or UNKNOWN,
    "client": lambda exchange: exchange.client,
    "host": lambda exchange: exchange.host,
    "path": lambda exchange: exchange.path,
    "method": lambda exchange: exchange.method,
    "status": lambda exchange: str(exchange.status),
    "reason": lambda exchange: exchange.reason,
    "ua": lambda exchange: exchange.user_agent or UNKNOWN,
}
"""What can be ranked."""

MOST_KEYS: Final = 10_000
OTHERS: Final = "(all others)"


class TopRow(msgspec.Struct, frozen=True):
    """`requests` is estimated from the weights of the exchanges seen; the percentiles are of those alone."""

    key: str
    requests: float
    rate: float
    error_ratio: float
    p50_ms: float
    p99_ms: float


SORTS: Final[dict[str, Callable[[TopRow], float]]] = {
    "rate": lambda row: -row.rate,
    "errors": lambda row: -row.error_ratio * row.requests,
    "p99": lambda row: -row.p99_ms,
}


class _Group:
    def __init__(self) -> None:
        self.requests = 0.0
        self.failed = 0.0
        self.durations: list[tuple[float, float]] = []
        """Milliseconds and weight."""


class Tally:
    """Exchanges by key, in bounded number: what comes after MOST_KEYS keys counts under OTHERS."""

    def __init__(self, key: Callable[[AccessLine], str]) -> None:
        self._key = key
        self._groups: dict[str, _Group] = {}
        self.seen = 0

    def add(self, exchange: AccessLine, weight: float) -> None:
        """One exchange that stands for `weight` of them."""
        key = self._key(exchange)
        if key not in self._groups and len(self._groups) >= MOST_KEYS:
            key = OTHERS
        group = self._groups.setdefault(key, _Group())
        group.requests += weight
        group.durations.append((exchange.duration_ms, weight))
        self.seen += 1
        if is_fault(exchange):
            group.failed += weight

    @property
    def keys(self) -> int:
        return len(self._groups)

    def rows(self, seconds: float, sort: Callable[[TopRow], float]) -> list[TopRow]:
        """All keys, first those that `sort` puts first."""
        rows = [
            TopRow(
                key,
                round(group.requests, 1),
                round(group.requests / seconds, 3),
                round(group.failed / group.requests, 6),
                weighted_quantile(group.durations, 0.5),
                weighted_quantile(group.durations, 0.99),
            )
            for key, group in self._groups.items()
        ]
        return sorted(rows, key=sort)


def weighted_quantile(values: Sequence[tuple[float, float]], quantile: float) -> float:
    """The smallest value at or below which the share `quantile` of all weight lies. `values` are (value, weight)."""
    ordered = sorted(values)
    sums = list(accumulate(weight for _, weight in ordered))
    wanted = quantile * sums[-1]
    return next(value for (value, _), reached in zip(ordered, sums, strict=True) if reached >= wanted)


def render_top(title: str, rows: Sequence[TopRow], tally: Tally) -> str:
    """The table, and on how much it stands."""
    if not rows:
        return "no exchange has ended meanwhile"
    columns = (Column[TopRow](title.upper(), lambda row: row.key), *_FIGURES)
    told = f"{count(len(rows))} of {count(tally.keys)}, from {count(tally.seen)} exchanges seen"
    return f"{render_table(columns, rows)}\n\n{told}"


_FIGURES: Final = (
    Column[TopRow]("RATE/S", lambda row: rate(row.rate), is_number=True),
    Column[TopRow]("ERRORS", lambda row: percent(row.error_ratio), is_number=True),
    Column[TopRow]("P50", lambda row: milliseconds(row.p50_ms), is_number=True),
    Column[TopRow]("P99", lambda row: milliseconds(row.p99_ms), is_number=True),
    Column[TopRow]("REQUESTS", lambda row: count(row.requests), is_number=True),
)
