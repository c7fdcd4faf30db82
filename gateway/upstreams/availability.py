"""Which endpoints of an upstream may be chosen: pure, and told in words where there is none.

So few usable endpoints that they would drown are worse than all of them: below a share, health is not looked at (panic).
"""

from collections import Counter
from collections.abc import Collection, Sequence

from gateway.model.health import Health
from gateway.upstreams.endpoint import WHOLE, LiveEndpoint


def is_panic(groups: Collection[tuple[int, int]], below_ratio: float, failover_below: float) -> bool:
    """groups: of the endpoints of each priority, how many are fit to be used, and how many no operator has drained.

    While one group makes up for another (see balancing.tiers), what is missing in that other is no reason for it.
    """
    if len(groups) > 1 and failover_below and sum(_carries(*group, failover_below) for group in groups) >= 1.0:
        return False
    return sum(usable for usable, _ in groups) < sum(wanted for _, wanted in groups) * below_ratio


def _carries(usable: int, wanted: int, failover_below: float) -> float:
    return min(1.0, usable / wanted / failover_below) if wanted else 0.0


def settle_available(endpoints: Sequence[LiveEndpoint], health: Health, failover_below: float) -> None:
    """Set of each whether it may be chosen."""
    usable: Counter[int] = Counter()
    wanted: Counter[int] = Counter()
    for endpoint in endpoints:
        if not endpoint.is_drained:
            wanted[endpoint.endpoint.priority] += 1
            usable[endpoint.endpoint.priority] += endpoint.is_fit
    groups = [(usable[priority], count) for priority, count in wanted.items()]
    in_panic = health.is_checked and is_panic(groups, health.panic_below_ratio, failover_below)
    for endpoint in endpoints:
        endpoint.is_available = not endpoint.is_drained and (in_panic or endpoint.is_fit)


def settle_weights(endpoints: Sequence[LiveEndpoint], now_ns: int) -> None:
    """Set of each what the balancer shall weigh it with. While one of them starts slowly, all weights are tenfold, so that
    a tenth of the least is still a whole number."""
    tenths = [endpoint.tenths(now_ns) for endpoint in endpoints]
    if all(share == WHOLE for share in tenths):
        tenths = [1] * len(tenths)
    for endpoint, share in zip(endpoints, tenths, strict=True):
        endpoint.weight = endpoint.wanted_weight * share


def why_none(endpoints: Sequence[LiveEndpoint], health: Health) -> str:
    """`no healthy endpoint: 3 of 3 ejected (passive x5); panic off`."""
    counts: Counter[tuple[str, str]] = Counter(_word(each) for each in endpoints if not each.is_available)
    told = [
        f"{count} of {len(endpoints)} {state}{f' ({why})' if why else ''}"
        for (state, why), count in counts.most_common(3)
    ]
    panic = "" if not health.is_checked else f"panic below {health.panic_below_ratio:.0%}"
    if health.is_checked and not health.panic_below_ratio:
        panic = "panic off"
    return "; ".join(
        part
        for part in (f"no healthy endpoint: {', '.join(told) or 'none has the labels of the route'}", panic)
        if part
    )


def _word(endpoint: LiveEndpoint) -> tuple[str, str]:
    if endpoint.is_drained or endpoint.standing is None:
        return "drained", ""
    return endpoint.standing.state, endpoint.standing.why
