"""Finished exchanges as lines."""

from typing import Final

from console.render.amounts import UNKNOWN, clock, count, milliseconds
from console.render.table import plain
from gateway.wire.live import AccessLine, CountsEvent

_NONE: Final = "none"


def exchange_line(exchange: AccessLine, weight: float = 1.0) -> str:
    """One finished exchange: when, how it ended, what it was, how long it took, and where it went.

    weight: how many exchanges it stands for, shown where it is not one.
    """
    parts = (
        f"{clock(exchange.at):<8}",
        f"{exchange.status or UNKNOWN:>3}",
        f"{milliseconds(exchange.duration_ms):>7}",
        f"{exchange.method or UNKNOWN:<6}",
        f"{exchange.route:<16}",
        exchange.path,
        f"-> {exchange.endpoint}" if exchange.endpoint else "",
        cause(exchange),
        f"x{weight:.3g}" if weight != 1.0 else "",
    )
    return plain(" ".join(part for part in parts if part))


def cause(line: AccessLine) -> str:
    """Who ended it and why, how many attempts it took, and whether the route held it back; nothing for a plain answer."""
    # Some reasons begin with who it was.
    who = "" if line.reason.startswith(f"{line.source}_") else f"{line.source} "
    told = [] if line.reason == _NONE else [f"{who}{line.reason}"]
    if len(line.attempts) > 1:
        told.append(f"{len(line.attempts)} tries")
    if line.fault_ms:
        told.append(f"held back {milliseconds(line.fault_ms)}")
    return ", ".join(told)


def counts_sentence(printed: int, counts: CountsEvent) -> str:
    """What was looked at and what became of it: nothing is left out without being told.

    printed: how many have been, which is known to the last; the gateway tells the rest once a second.
    """
    return (
        f"{count(printed)} printed; up to the last second {count(counts.scanned)} scanned, {count(counts.matched)} matched, "
        f"{count(counts.sampled_out)} left out by the rate, {count(counts.lost)} lost"
    )
