"""A ranking of what makes the traffic, from exchanges that each stand for so many."""

from collections.abc import Callable, Sequence
from heapq import nlargest
from itertools import accumulate
from typing import Final

import msgspec

from console.render.amounts import UNKNOWN, count, milliseconds, percent, rate
from console.render.cells import Cell, Severity
from console.render.grid import Grid, GridColumn, GridRow
from console.render.table import plain
from console.state.tail import Tail
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

    def rows(self, seconds: float, sort: Callable[[TopRow], float], most: int | None = None) -> list[TopRow]:
        """All keys, first those that `sort` puts first; or of the `most` that have the most requests."""
        groups = list(self._groups.items())
        if most is not None and len(groups) > most:
            groups = nlargest(most, groups, key=lambda each: each[1].requests)
        rows = [
            TopRow(
                key,
                round(group.requests, 1),
                round(group.requests / seconds, 3),
                round(group.failed / group.requests, 6),
                weighted_quantile(group.durations, 0.5),
                weighted_quantile(group.durations, 0.99),
            )
            for key, group in groups
        ]
        return sorted(rows, key=sort)


def weighted_quantile(values: Sequence[tuple[float, float]], quantile: float) -> float:
    """The smallest value at or below which the share `quantile` of all weight lies. `values` are (value, weight)."""
    ordered = sorted(values)
    sums = list(accumulate(weight for _, weight in ordered))
    wanted = quantile * sums[-1]
    return next(value for (value, _), reached in zip(ordered, sums, strict=True) if reached >= wanted)


OVER_S: Final = 60.0
"""A live ranking looks back so far."""


def tally_of(tail: Tail, by: str, now_s: float) -> tuple[Tally, float]:
    """What the tail has shown in the last minute, and the seconds that this is: less where it began later or has let go."""
    tally, since_s = Tally(KEYS[by]), now_s - OVER_S
    rows = [shown for shown in tail.rows if not shown.is_replay and shown.at_s >= since_s]
    began_s = max(since_s, tail.began_s)
    if len(tail.rows) == tail.rows.maxlen and rows:
        began_s = max(began_s, rows[0].at_s)
    for shown in rows:
        tally.add(shown.line, shown.weight)
    return tally, max(now_s - began_s, 1.0)


def top_grid(by: str, rows: Sequence[TopRow], tally: Tally) -> Grid:
    """The ranking, and on how much it stands."""
    columns = (GridColumn(by.upper(), 20, grows=True), *_FIGURES)
    told = f"{count(len(rows))} of {count(tally.keys)}, from {count(tally.seen)} exchanges seen"
    return Grid(columns, [_row(row) for row in rows], "no exchange has ended meanwhile", told)


def _row(row: TopRow) -> GridRow:
    errors: Severity = "crit" if row.error_ratio >= _BAD else "warn" if row.error_ratio else "plain"
    return GridRow(
        row.key,
        (
            Cell(plain(row.key)),
            Cell(rate(row.rate)),
            Cell(percent(row.error_ratio), errors),
            Cell(milliseconds(row.p50_ms)),
            Cell(milliseconds(row.p99_ms)),
            Cell(count(row.requests), "dim"),
        ),
    )


_BAD: Final = 0.01
_FIGURES: Final = (
    GridColumn("RATE/S", 8, is_number=True),
    GridColumn("ERRORS", 7, is_number=True),
    GridColumn("P50", 7, 3, is_number=True),
    GridColumn("P99", 7, 1, is_number=True),
    GridColumn("REQUESTS", 10, 2, is_number=True),
)
