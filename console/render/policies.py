"""What a route does beside forwarding, in words: further attempts, and faults on purpose."""

from collections.abc import Sequence

from console.render.amounts import count, milliseconds, percent
from console.render.cells import Cell
from gateway.wire.views import FaultView, RetriesView, RouteView


def retries_in_words(rule: RetriesView) -> str:
    """`3 attempts on connect_error, reset, 502 budget 20.0% (86.0% left)`."""
    left = f" ({percent(rule.budget_left)} left)" if rule.budget_left is not None else ""
    per_try = f", {milliseconds(rule.per_try_timeout_ms)} each" if rule.per_try_timeout_ms is not None else ""
    methods = ", any method" if rule.methods == "any" else ""
    hedged = f", hedged after {milliseconds(rule.hedge_after_ms)}" if rule.hedge_after_ms is not None else ""
    on = ", ".join(rule.on) or "nothing"
    return f"{rule.attempts} attempts on {on}{methods}{per_try}{hedged}, budget {percent(rule.budget_ratio)}{left}"


def faults_in_words(faults: Sequence[FaultView]) -> str:
    """`holds 1.0% back for 200ms, answers 2.0% with 503`; empty where it injects none."""
    told = [
        f"holds {percent(each.share)} back for {milliseconds(each.delay_ms)}{_of(each)}"
        if each.kind == "delay"
        else f"answers {percent(each.share)} with {each.status}{_of(each)}"
        for each in faults
    ]
    return ", ".join(told)


def _of(fault: FaultView) -> str:
    return " where headers match" if fault.is_conditional else ""


def policies_line(route: RouteView) -> list[Cell]:
    """Both in a line; empty where it does neither."""
    cells, retries = list[Cell](), route.retries
    if retries is not None:
        is_spent = bool(retries.used) and retries.used + 1 > retries.allowed
        spent = f"; {count(retries.used)} {'retry' if retries.used == 1 else 'retries'} in 10s" if retries.used else ""
        cells.append(Cell(f" {retries_in_words(retries)}{spent}", "warn" if is_spent else "dim"))
    if route.faults:
        cells.append(Cell(f"{' ' if not cells else '; '}on purpose it {faults_in_words(route.faults)}", "warn"))
    return cells
