"""Objectives of routes and how fast their error budgets are spent, as the admin API answers and the console reads them.

A field is only ever added, with a default. Durations end in `_s`, times are RFC 3339 in UTC.
"""

from typing import Final, Literal, TypeAlias

import msgspec

Sli: TypeAlias = Literal["availability", "latency"]
SloState: TypeAlias = Literal["page", "ticket", "ok"]

BURN_WINDOWS_S: Final = (300, 1_800, 3_600, 21_600)
"""That burn rates are told of."""


class Slo(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable. Each class repeats kw_only, which msgspec does not hand down: every field is named when it is built."""


class BurnView(Slo, frozen=True, kw_only=True):
    """One objective over one window that ends now. Requests whose client left before the answer are not judged."""

    window_s: int
    seconds: int
    """How much of it the gateway remembers."""
    good: int = 0
    bad: int = 0
    burn: float | None = None
    """How many times faster than the objective allows: at 1 the budget lasts just as long as it should. None where nothing
    was judged."""


class ObjectiveStateView(Slo, frozen=True, kw_only=True):
    """One objective of one route.

    Counts are exact: each request was judged as it ended, at the threshold of its route, and not read off a histogram. After
    a change of the objective those from before are still judged by the old one. Latency is judged of requests that did not
    fail.
    """

    route: str
    sli: Sli
    target: float
    """The share that is to be good, below 1."""
    under_ms: float | None = None
    """What is fast enough, for latency."""
    state: SloState = "ok"
    """By the windows of the alert rules that ship with the gateway: `page` for more than 14.4 times over an hour and over
    5 minutes (from 1 request a second on), or, of availability, for more than 6 times over 6 hours and over 30 minutes (from
    0.2 a second on); `ticket` for more than 1 time over 6 hours and over 30 minutes, where the alert looks at 3 days, which
    the gateway does not remember. Unlike alerts it does not wait for how long that holds."""
    because: str = ""
    """Which windows that is by, in words; empty for `ok`."""
    burns: list[BurnView] = []
    """The shortest window first."""
    budget_left: float | None = None
    """Share of the budget of `budget_window_s` that is not spent; below 0 where more was. None where nothing was judged."""
    budget_window_s: int = 0
    """The longest time that is remembered: 6 hours, or since the start."""
    empty_in_s: float | None = None
    """When nothing will be left, at the rate of the last 5 minutes; None where it does not come to that."""
    since: str | None = None
    """Since when it has been spending more than it may, with pauses of up to 5 minutes; None while it does not."""


class ObjectiveListView(Slo, frozen=True, kw_only=True):
    """All objectives: those that burn most first, then by name."""

    revision: str
    objectives: list[ObjectiveStateView]
    routes: int = 0
    """How many there are in all, with and without objectives."""
    uncounted: int = 0
    """Routes with objectives that have no figures of their own, being beyond `metrics.max_routes`."""
