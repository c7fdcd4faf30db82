"""How fast a route uses up what its objectives allow it."""

from itertools import pairwise
from math import log
from typing import Final, NamedTuple

from gateway.wire.history import RecentView
from gateway.wire.views import RouteView

AVAILABILITY: Final = 0.999
TARGET: Final = 0.99
"""Taken for a route without objectives of its own."""
GRAVE: Final = 6.0
"""So many times what is allowed is one to wake somebody for."""
_HIGHEST: Final = 0.9
"""A generous objective has that many times its budget beyond all requests; then this share is too much, as it is for the alerts."""
_HIGHEST_LATE: Final = 0.75
"""The same of those that come too late: percentiles tell of no more."""


class Objective(NamedTuple):
    """`is_own`: the configuration has one; if not, the usual one is taken. `under_ms` is None without a latency objective."""

    availability: float
    target: float
    under_ms: float | None
    is_own: bool


def objective_of(route: RouteView) -> Objective:
    own = route.slo
    if own is None:
        return Objective(AVAILABILITY, TARGET, None, is_own=False)
    availability = own.availability if own.availability is not None else AVAILABILITY
    return Objective(availability, own.latency_target or TARGET, own.latency_under_ms, is_own=True)


def error_burn(error_ratio: float | None, objective: Objective) -> float:
    """How many times faster than allowed errors use up the budget: 1 is just as fast."""
    return (error_ratio or 0.0) / _budget(objective.availability)


def fails_gravely(error_ratio: float, objective: Objective) -> bool:
    """Whether so many failures are reason to wake somebody."""
    return error_ratio >= min(GRAVE * _budget(objective.availability), _HIGHEST)


def latency_burn(recent: RecentView, objective: Objective) -> float:
    """The same for answers that come too late, as far as percentiles tell; 0 without an objective."""
    if objective.under_ms is None:
        return 0.0
    return share_above(recent, objective.under_ms) / _budget(objective.target)


def is_gravely_late(recent: RecentView, objective: Objective) -> bool:
    """The same of answers that come too late; never without an objective."""
    if objective.under_ms is None:
        return False
    return share_above(recent, objective.under_ms) >= min(GRAVE * _budget(objective.target), _HIGHEST_LATE)


def _budget(target: float) -> float:
    """The share that may be bad."""
    return max(1.0 - target, 1e-6)


def share_above(recent: RecentView, limit_ms: float) -> float:
    """How many took longer, read off between the percentiles there are (on a logarithmic scale of time)."""
    told = ((0.5, recent.p50_ms), (0.95, recent.p95_ms), (0.99, recent.p99_ms), (0.999, recent.p999_ms))
    known = [(share, value) for share, value in told if value is not None and value > 0]
    if not known or limit_ms >= known[-1][1]:
        return 0.0
    if limit_ms < known[0][1]:
        return 1.0 - known[0][0] / 2
    for (low, low_ms), (high, high_ms) in pairwise(known):
        if low_ms <= limit_ms < high_ms:
            way = (log(limit_ms) - log(low_ms)) / (log(high_ms) - log(low_ms))
            return 1.0 - (low + (high - low) * way)
    return 0.0
