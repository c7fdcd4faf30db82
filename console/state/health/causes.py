"""Why a route fails or is slow: the endpoint that does, the reason most exchanges ended with, the phase that took the time."""

from collections import Counter
from collections.abc import Sequence

from console.state.health.endpoints import EndpointHealth
from console.state.health.evidence import faults, reasons, shares
from console.state.health.words import Cause, Scope
from gateway.wire.live import AccessLine

_MOST_OF_THEM = 0.5
_OF_UPSTREAMS = frozenset({"no_healthy_endpoint", "circuit_open", "concurrency_limited", "pool_exhausted"})


def cause_of_failing(
    upstreams: Sequence[str], endpoints: Sequence[EndpointHealth], lines: Sequence[AccessLine], told: Counter[str]
) -> Cause:
    """upstreams: names of those the route leads to. lines: its kept exchanges. told: reasons as the gateway counts them."""
    among = [each for each in endpoints if each.upstream in upstreams]
    bad = sorted((each for each in among if each.word in ("down", "ejected", "failing", "errors")), key=_rank)
    counted = reasons(faults(lines)) or told
    reason, count = counted.most_common(1)[0] if counted else ("", 0)
    if told and reason in told:
        count = max(count, told[reason])
    if not bad:
        return Cause(reason=reason, count=count, upstream=upstreams[0] if len(upstreams) == 1 else "")
    worst = bad[0]
    if reason in _OF_UPSTREAMS:  # Decided before any endpoint was asked.
        return Cause(reason=reason, count=count, upstream=upstreams[0] if len(upstreams) == 1 else worst.upstream)
    if not reason and worst.failures:
        reason, count = worst.failures[0].reason, worst.failures[0].count
    same = [each for each in among if each.upstream == worst.upstream]
    return Cause(
        reason=reason, count=count, upstream=worst.upstream, endpoint=worst.address, scope=_scope(worst, bad, same)
    )


def cause_of_slowness(
    upstreams: Sequence[str], endpoints: Sequence[EndpointHealth], lines: Sequence[AccessLine]
) -> Cause:
    """lines: the slow ones of the route that are kept."""
    among = [each for each in endpoints if each.upstream in upstreams]
    slow = sorted((each for each in among if each.word == "slow"), key=lambda each: -(each.p99_ms or 0.0))
    split = shares(lines)
    phase, share = split.largest if split is not None else ("", 0.0)
    if slow:
        worst = slow[0]
        return Cause(phase=phase, share=share, upstream=worst.upstream, endpoint=worst.address, scope="only",
                     others_ms=worst.others_p99_ms)  # fmt: skip
    upstream = upstreams[0] if len(upstreams) == 1 else ""
    alone = [each for each in among if each.is_alone and each.upstream == upstream]
    if alone and phase in ("", "ttfb", "connect", "transfer"):
        return Cause(phase=phase, share=share, upstream=upstream, endpoint=alone[0].address, scope="alone")
    return Cause(phase=phase, share=share, upstream=upstream)


def _scope(worst: EndpointHealth, bad: Sequence[EndpointHealth], same: Sequence[EndpointHealth]) -> Scope:
    if worst.is_alone:
        return "alone"
    return "all" if len([each for each in bad if each.upstream == worst.upstream]) == len(same) else "only"


def _rank(endpoint: EndpointHealth) -> tuple[int, float]:
    return endpoint.rank
