"""The health of endpoints, from the evidence to the workers: what looks for evidence, and what is told of it."""

import asyncio
import time
from collections.abc import Callable, Mapping

from gateway.model.clock import SECOND_NS
from gateway.model.snapshot import Snapshot
from gateway.runtime.fleet.distribution import Distribution
from gateway.runtime.health.checking import Finding
from gateway.runtime.health.ejections import EjectionRecord
from gateway.runtime.health.news import News
from gateway.runtime.health.prober import Key, Prober
from gateway.runtime.overrides import Overrides
from gateway.runtime.resolver import Resolved
from gateway.runtime.vitals.ejecting import Ejecting
from gateway.runtime.vitals.endpoint_states import EndpointStates, TransitionCounter, TransitionObserver
from gateway.runtime.vitals.weighing import Known, weigh
from gateway.telemetry.labels import NO_STATUS_CLASS
from gateway.wire.control import EndpointStanding, Suspect
from gateway.wire.report import Report


class Health:
    """Of all endpoints of the gateway; to be used on the supervisor's loop."""

    def __init__(self, states: EndpointStates, send: Callable[[dict[str, list[EndpointStanding]]], None]) -> None:
        """send: hands the workers the standings of these upstreams."""
        self.states = states
        self._prober = Prober(states)
        self._ejecting = Ejecting(states)
        self._remembered: Mapping[Key, EjectionRecord] = {}
        states.on_change = News(lambda upstream: standings_of(states, upstream, time.monotonic()), send).changed

    def follow(self, snapshot: Snapshot, resolved: Resolved) -> None:
        """This snapshot is running, with these addresses of its names."""
        self._prober.resolved(resolved)
        remembered, self._remembered = self._remembered, {}
        self.states.follow(snapshot, resolved, self._prober.follow(snapshot), remembered)
        self._ejecting.follow(snapshot)

    @property
    def verdicts(self) -> Mapping[Key, tuple[bool, Finding]]:
        """What active checks have found, each with the last evidence."""
        return self._prober.verdicts

    def restore(self, verdicts: Mapping[Key, tuple[bool, Finding]], ejections: Mapping[Key, EjectionRecord]) -> None:
        """Before the first snapshot: what checks found in the program before this one, and what was ejected."""
        self._prober.remember(verdicts)
        self._remembered = ejections

    def resolved(self, resolved: Resolved) -> None:
        """Names have been looked up."""
        self._prober.resolved(resolved)
        self.states.resolved(resolved)

    def take(self, report: Report) -> None:
        """What a worker tells of attempts."""
        self._ejecting.take(report)
        if not self.states.awaits_answers:
            return
        self.states.answered(
            [
                (delta.upstream, attempts.endpoint)
                for delta in report.upstreams
                for attempts in delta.attempts
                if attempts.status_class != NO_STATUS_CLASS
            ]
        )

    def suspected(self, suspect: Suspect) -> None:
        """A worker has seen an endpoint fail so many times in a row."""
        self._ejecting.suspected(suspect)

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self._prober.run(), self._ejecting.run())


def build_health(counter: TransitionCounter, observer: TransitionObserver, distribution: Distribution) -> Health:
    """With the states it decides."""
    states = EndpointStates(counter, observer, Overrides(distribution.set_overrides))
    return Health(states, distribution.set_standings)


def standings_of(states: EndpointStates, upstream: str, now_s: float) -> list[EndpointStanding]:
    """Of those endpoints that are not simply healthy, drains left aside: the workers know of these by themselves."""
    group = states.group(upstream)
    if group is None or not group.concerns_workers:
        return []
    found = ((address, states.known_of((upstream, address))) for address in group.addresses)
    told = (_standing(address, known, now_s) for address, known in found if known is not None)
    return [standing for standing in told if standing is not None]


def _standing(address: str, known: Known, now_s: float) -> EndpointStanding | None:
    status = weigh(known, None)
    if not status.is_in_rotation:
        return EndpointStanding(address, status.state, status.brief)
    ramp_ns = known.health.slow_start_ns
    if known.came_back_s is None or not ramp_ns:
        return None
    ramped_ns = int((now_s - known.came_back_s) * SECOND_NS)
    return EndpointStanding(address, status.state, "", ramp_ns, ramped_ns) if ramped_ns < ramp_ns else None
