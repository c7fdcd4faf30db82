"""How fast the budgets of objectives are spent, from what was judged in each ten seconds and each minute.

The rules are those of alerts/rules/slo.yaml, so that the console and Prometheus say the same as far as both can know it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from gateway.wire.slo import BURN_WINDOWS_S, BurnView, Sli, SloState

FIVE_MINUTES, HALF_AN_HOUR, HOUR, SIX_HOURS = BURN_WINDOWS_S
_PAUSE_S: Final = 300
_MINUTE_S: Final = 60
_HIGHEST: Final = 0.9
"""A generous objective has 14.4 times its budget beyond all requests; then this share is too much."""
_WINDOW_WORDS: Final = {FIVE_MINUTES: "5m", HALF_AN_HOUR: "30m", HOUR: "1h", SIX_HOURS: "6h"}
_LEAST_BUDGET: Final = 1e-6


class Judged(NamedTuple):
    good: int = 0
    bad: int = 0


class Rule(NamedTuple):
    """`factor` times the budget over both windows, if there are so many requests a second over the long one."""

    factor: float
    long_s: int
    short_s: int
    least_rate: float
    state: SloState
    slis: tuple[Sli, ...]


RULES: Final = (
    Rule(14.4, HOUR, FIVE_MINUTES, 1.0, "page", ("availability", "latency")),
    Rule(6.0, SIX_HOURS, HALF_AN_HOUR, 0.2, "page", ("availability",)),
    Rule(1.0, SIX_HOURS, HALF_AN_HOUR, 0.05, "ticket", ("availability", "latency")),
)


def budget_of(target: float) -> float:
    """The share of requests that may be bad."""
    return max(_LEAST_BUDGET, 1 - target)


def burn_view(window_s: int, seconds: int, judged: Judged, target: float) -> BurnView:
    total = judged.good + judged.bad
    burn = round(judged.bad / total / budget_of(target), 4) if total else None
    return BurnView(window_s=window_s, seconds=seconds, good=judged.good, bad=judged.bad, burn=burn)


class Judgement(NamedTuple):
    state: SloState = "ok"
    because: str = ""


def judge(sli: Sli, target: float, burns: Sequence[BurnView]) -> Judgement:
    """burns: of all windows."""
    of_window = {burn.window_s: burn for burn in burns}
    for rule in RULES:
        long, short = of_window[rule.long_s], of_window[rule.short_s]
        most = min(rule.factor * budget_of(target), _HIGHEST)
        rate = (long.good + long.bad) / long.seconds if long.seconds else 0.0
        if sli in rule.slis and rate >= rule.least_rate and _share(long) > most and _share(short) > most:
            because = f"{_told(long)}, {_told(short)}; above {most / budget_of(target):.3g}x is a {rule.state}"
            return Judgement(rule.state, f"{because}{_why_so_few(rule, target)}")
    return Judgement()


def _why_so_few(rule: Rule, target: float) -> str:
    """Of a target that leaves no room for the factor of the rule: why much less of it is enough."""
    budget = budget_of(target)
    if rule.factor * budget <= _HIGHEST:
        return ""
    return f" ({_HIGHEST:.0%} bad is enough for a target by which all bad is no more than {1 / budget:.3g}x)"


def _told(burn: BurnView) -> str:
    return f"{burn.burn or 0:.1f}x over {_WINDOW_WORDS[burn.window_s]}"


def budget_left(longest: BurnView) -> float | None:
    """The share of the budget of the longest window that is not spent."""
    return None if longest.burn is None else round(1 - longest.burn, 4)


def empty_in_s(longest: BurnView, latest: BurnView) -> float | None:
    """The seconds until nothing is left of the longest window's budget, if it goes on like the latest; None for never."""
    left = budget_left(longest)
    if left is None or latest.burn is None or latest.burn <= 1:
        return None
    return round(max(0.0, left) * longest.seconds / latest.burn, 1)


def burning_since(target: float, minutes: Mapping[int, Judged], tens: Mapping[int, Judged], now_s: int) -> int | None:
    """When it began to spend more than it may, in Unix seconds; pauses of up to five minutes do not end it.

    minutes, tens: what was judged, by the start of the minute or of the ten seconds.
    """
    since_s = None
    for start_s in sorted(minutes, reverse=True):
        end_s = (since_s if since_s is not None else now_s) - start_s - _MINUTE_S
        if end_s > _PAUSE_S:
            break
        if _burns(minutes[start_s], target):
            since_s = start_s
    if since_s is None:
        return None
    finer = (at_s for at_s in sorted(tens) if since_s <= at_s < since_s + _MINUTE_S and _burns(tens[at_s], target))
    return next(finer, since_s)


def _burns(judged: Judged, target: float) -> bool:
    total = judged.good + judged.bad
    return total > 0 and judged.bad / total > budget_of(target)


def _share(burn: BurnView) -> float:
    total = burn.good + burn.bad
    return burn.bad / total if total else 0.0
