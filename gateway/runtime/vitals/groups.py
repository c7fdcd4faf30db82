"""The endpoints of each upstream counted together: how many are in which state, and whether too few are usable."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gateway.model.health import Health
from gateway.model.snapshot import Snapshot
from gateway.runtime.vitals.weighing import IN_ROTATION, EndpointStatus
from gateway.upstreams.availability import is_panic


@dataclass(slots=True)
class Group:
    """The endpoints of one upstream together."""

    health: Health
    addresses: tuple[str, ...]
    states: Counter[str] = field(default_factory=Counter)
    is_in_panic: bool = False

    @property
    def usable(self) -> int:
        return sum(self.states[state] for state in IN_ROTATION)

    @property
    def wanted(self) -> int:
        """Those no operator has drained."""
        return len(self.addresses) - self.states["draining"]

    @property
    def concerns_workers(self) -> bool:
        """Whether anything but a drain makes a difference to them."""
        return self.health.is_checked or self.health.slow_start_ns > 0

    def settle(self) -> bool:
        """Whether it came into panic, or out of it."""
        before = self.is_in_panic
        self.is_in_panic = self.health.is_checked and is_panic(self.usable, self.wanted, self.health.panic_below_ratio)
        return before is not self.is_in_panic


def groups_of(
    snapshot: Snapshot, before: Mapping[str, Group], status: Callable[[str, str], EndpointStatus | None]
) -> dict[str, Group]:
    """By upstream. before: those of the snapshot before; status: of an endpoint that was there already."""
    groups = {}
    for upstream in snapshot.upstreams:
        group = Group(upstream.health, tuple(endpoint.address for endpoint in upstream.endpoints))
        known = before.get(upstream.name)
        group.is_in_panic = known is not None and known.is_in_panic
        group.states = Counter(_states_of(status(upstream.name, address) for address in group.addresses))
        groups[upstream.name] = group
    return groups


def _states_of(found: Iterable[EndpointStatus | None]) -> Iterable[str]:
    return (status.state for status in found if status is not None)
