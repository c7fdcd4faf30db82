"""All that is known of one endpoint, and the state that follows from it: pure."""

from dataclasses import dataclass
from typing import Final

from gateway.model.clock import SECOND_NS
from gateway.model.health import CheckKind, CheckResult, Health
from gateway.model.upstream import Endpoint
from gateway.runtime.health.ejections import EjectionRecord
from gateway.runtime.health.verdict import Verdict
from gateway.runtime.overrides import Decision
from gateway.runtime.resolver import needs_lookup
from gateway.wire.views import EndpointState

DNS: Final = "dns"
ADMIN: Final = "admin"
"""Reasons of a transition: names, and operators; the others are those of checks (model.health.CheckResult) and of
ejections: passive, latency."""
IN_ROTATION: Final[frozenset[EndpointState]] = frozenset({"healthy", "unknown"})


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """reason: why it is not healthy, or what it overcame; empty from the start. actor: who did it, where somebody
    did; note: what there is to say about it; brief: the same in two words. since_s: Unix time; None from the start."""

    state: EndpointState
    reason: str = ""
    actor: str = ""
    note: str = ""
    since_s: float | None = None
    brief: str = ""

    @property
    def is_in_rotation(self) -> bool:
        return self.state in IN_ROTATION


HEALTHY: Final = EndpointStatus("healthy")
NOT_CHECKED: Final = EndpointStatus("unknown", note="it has not been checked yet")


@dataclass(slots=True)
class Known:
    """Of one endpoint. verdict: of its active check, where it has one. came_back_s: monotonic time at which it came (back)
    to rotation, while it starts slowly."""

    endpoint: Endpoint
    health: Health
    is_named: bool = False
    """Whether its host is a name."""
    is_addressed: bool = True
    verdict: Verdict | None = None
    ejections: EjectionRecord | None = None
    was_answered: bool = False
    """Whether an attempt at it has had an answer, whatever that was."""
    came_back_s: float | None = None

    @property
    def checks(self) -> list[CheckKind]:
        return self.health.checks

    def slow_start_share(self, now_s: float) -> float | None:
        """Of its weight, as the workers have it; None once it has all of it. now_s: monotonic."""
        whole_s = self.health.slow_start_ns / SECOND_NS
        if self.came_back_s is None or now_s - self.came_back_s >= whole_s:
            return None
        return (1 + int(max(0.0, now_s - self.came_back_s) * 10 / whole_s)) / 10


def carried_over(before: Known | None, endpoint: Endpoint, health: Health, arrived_s: float | None) -> Known:
    """What is known of an endpoint where another configuration runs from now on. before: None where it is new. arrived_s:
    monotonic time at which it begins slowly, if it is new and does. The verdict is not its to keep."""
    if before is None:
        return Known(endpoint, health, is_named=needs_lookup(endpoint), came_back_s=arrived_s)
    return Known(
        endpoint,
        health,
        is_named=before.is_named,
        ejections=None if health.passive is None else before.ejections,
        was_answered=before.was_answered,
        came_back_s=before.came_back_s,
    )


def weigh(known: Known, drained: Decision | None) -> EndpointStatus:
    """Operators first, then names, then checks of our own, then the traffic."""
    if drained is not None:
        return EndpointStatus("draining", ADMIN, drained.actor, drained.reason, brief="drained")
    if not known.is_addressed:
        return EndpointStatus("unhealthy", DNS, note="its name has no address", brief="no address")
    verdict = known.verdict
    if verdict is not None and verdict.is_up is False:
        return _failed(verdict)
    ejection = known.ejections.current if known.ejections is not None else None
    if ejection is not None:
        proof = ejection.proof
        note = f"{proof.evidence}; for {ejection.for_s:g} s"
        return EndpointStatus("ejected", proof.reason, note=note, brief=proof.brief)
    if verdict is not None:
        return HEALTHY if verdict.is_up else NOT_CHECKED
    return HEALTHY if known.was_answered else EndpointStatus("unknown", note="no request has been answered yet")


def overcome(before: EndpointStatus, known: Known, decision: Decision | None) -> EndpointStatus:
    """How it is told that an endpoint came back to rotation: by whom, or by which evidence."""
    if before.state == "draining" and decision is not None:
        return EndpointStatus("healthy", ADMIN, decision.actor, decision.reason)
    if before.reason == DNS:
        return EndpointStatus("healthy", DNS, note="its name has an address")
    if before.state == "ejected":
        return EndpointStatus("healthy", before.reason, note="its ejection is over")
    last = known.verdict.last if known.verdict is not None else None
    is_good = last is not None and last.result is CheckResult.OK
    return EndpointStatus("healthy", before.reason, note=last.evidence if last and is_good else "it is asked otherwise")


def _failed(verdict: Verdict) -> EndpointStatus:
    last = verdict.last
    if last is None or last.result is None:
        return EndpointStatus("unhealthy")
    return EndpointStatus("unhealthy", last.result.value, note=last.evidence, brief=last.brief)
