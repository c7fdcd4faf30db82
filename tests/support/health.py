"""Endpoint states with a clock that stands still, and what they tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.model.clock import SECOND_NS
from gateway.model.health import ActiveCheck, CheckResult, Health, PassiveCheck
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.health.checking import Finding
from gateway.runtime.health.ejections import EjectionRecord
from gateway.runtime.health.verdict import Verdict
from gateway.runtime.overrides import Key, Overrides
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.telemetry.store import MetricsStore, Value
from tests.unit.gateway.telemetry.samples import make_snapshot

GOOD: Final = Finding(CheckResult.OK, "200", 1000.0, 3.0)
BAD: Final = Finding(CheckResult.BAD_STATUS, "503", 1000.0, 12.0)


@dataclass
class Told:
    """What the time line was told: of endpoints, and of panic."""

    changes: list[tuple[str, str, str]] = field(default_factory=list)
    panics: list[tuple[int, int, bool]] = field(default_factory=list)

    def endpoint_changed(
        self, upstream: str, endpoint: str, to: str, reason: str, evidence: str = "", actor: str = ""
    ) -> None:
        del upstream, actor
        self.changes.append((endpoint, to, f"{reason}: {evidence}"))

    def panic_changed(self, upstream: str, usable: int, wanted: int, *, is_panic: bool) -> None:
        del upstream
        self.panics.append((usable, wanted, is_panic))


def address(number: int) -> str:
    return f"127.0.0.1:{9000 + number}"


def orders(number: int, health: Health, name: str = "orders") -> Upstream:
    """An upstream of so many endpoints."""
    endpoints = tuple(Endpoint(address(each), "127.0.0.1", 9000 + each) for each in range(1, number + 1))
    return Upstream(name, endpoints, health=health)


def running(*upstreams: Upstream) -> Snapshot:
    return replace(make_snapshot(), upstreams=upstreams)


class StatesUnderTest:
    """Of one upstream `orders`, by the numbers of its endpoints, from 1."""

    def __init__(
        self, number: int = 3, ejections: Mapping[Key, EjectionRecord] | None = None, **health: object
    ) -> None:
        """ejections: of the program before this one."""
        self.now_s = 5000.0
        self.store, self.told = MetricsStore(), Told()
        self.news: list[str] = []
        self.states = EndpointStates(
            self.store, self.told, Overrides(lambda _: None), lambda: 1000.0, lambda: self.now_s
        )
        self.states.on_change = self.news.append
        self.verdicts: dict[tuple[str, str], Verdict] = {}
        self.follow(number, ejections, **health)
        self.store.watch((catalog.UPSTREAM_ENDPOINT_UP, catalog.UPSTREAM_PANIC), self.states.readings)

    def follow(self, number: int = 3, ejected: Mapping[Key, EjectionRecord] | None = None, **health: object) -> None:
        upstream = orders(number, replace(Health(), **health))  # type: ignore[arg-type]
        snapshot = running(upstream)
        if upstream.health.active is not None:
            for endpoint in upstream.endpoints:
                self.verdicts.setdefault(("orders", endpoint.address), Verdict(upstream.health.active))
        self.store.configure(snapshot)
        self.states.follow(snapshot, {}, self.verdicts, ejected)
        self.news.clear()

    def check(self, number: int, *findings: Finding) -> None:
        key = ("orders", address(number))
        for finding in findings:
            self.verdicts[key].take(finding)
            self.states.checked(key, self.verdicts[key], finding)

    def state(self, number: int) -> str:
        return self.states.of("orders", address(number)).state

    def series(self, instrument: Instrument) -> dict[tuple[str, ...], Value]:
        (family,) = self.store.families((instrument,))
        return family.series


ACTIVE: Final = ActiveCheck(interval_ns=1 * SECOND_NS, unhealthy_interval_ns=SECOND_NS // 2)
PASSIVE: Final = PassiveCheck(eject_for_ns=10 * SECOND_NS, max_eject_for_ns=60 * SECOND_NS)
