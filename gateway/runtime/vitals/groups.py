"""The endpoints of each upstream counted together: how many are in which state, and whether too few are usable."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from gateway.model.health import Health
from gateway.model.snapshot import Snapshot
from gateway.runtime.vitals.weighing import IN_ROTATION, EndpointStatus
from gateway.upstreams.availability import is_panic


@dataclass(slots=True)
class Group:
    """The endpoints of one upstream together. priorities: of each of them, by address."""

    health: Health
    failover_below: float
    priorities: dict[str, int]
    states: Counter[str] = field(default_factory=Counter)
    by_priority: dict[int, Counter[str]] = field(default_factory=dict)
    is_in_panic: bool = False

    @property
    def addresses(self) -> Collection[str]:
        return self.priorities.keys()

    @property
    def usable(self) -> int:
        return _usable(self.states)

    @property
    def wanted(self) -> int:
        """Those no operator has drained."""
        return _wanted(self.states)

    @property
    def concerns_workers(self) -> bool:
        """Whether anything but a drain makes a difference to them."""
        return self.health.is_checked or self.health.slow_start_ns > 0

    def count(self, address: str, before: str | None, after: str) -> None:
        """An endpoint is in another state now; before: None where it was in none."""
        for states in (self.states, self.by_priority.setdefault(self.priorities[address], Counter())):
            states[after] += 1
            if before is not None:
                states[before] -= 1

    def settle(self) -> bool:
        """Whether it came into panic, or out of it."""
        before = self.is_in_panic
        groups = [(_usable(states), _wanted(states)) for states in self.by_priority.values()]
        self.is_in_panic = self.health.is_checked and is_panic(
            groups, self.health.panic_below_ratio, self.failover_below
        )
        return before is not self.is_in_panic


def _usable(states: Counter[str]) -> int:
    return sum(states[state] for state in IN_ROTATION)


def _wanted(states: Counter[str]) -> int:
    return states.total() - states["draining"]


def groups_of(
    snapshot: Snapshot, before: Mapping[str, Group], status: Callable[[str, str], EndpointStatus | None]
) -> dict[str, Group]:
    """By upstream. before: those of the snapshot before; status: of an endpoint that was there already."""
    groups = {}
    for upstream in snapshot.upstreams:
        priorities = {endpoint.address: endpoint.priority for endpoint in upstream.endpoints}
        group = groups[upstream.name] = Group(upstream.health, upstream.failover_below, priorities)
        known = before.get(upstream.name)
        group.is_in_panic = known is not None and known.is_in_panic
        for address in priorities:
            if (there := status(upstream.name, address)) is not None:
                group.count(address, None, there.state)
    return groups
