"""Endpoints taken out of rotation for a while, each time for longer, and how they come back."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.model.clock import SECOND_NS
from gateway.model.health import PassiveCheck

EjectionReason: TypeAlias = Literal["passive", "latency"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What speaks against an endpoint. brief: such as `passive x5`; evidence: the same as a sentence."""

    reason: EjectionReason
    brief: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Ejection:
    """until_s: monotonic."""

    proof: Proof
    for_s: float
    until_s: float


@dataclass(slots=True)
class EjectionRecord:
    """Of one endpoint. Times are monotonic seconds.

    Each ejection is twice as long as the one before; of the doublings one is taken back for every stretch of quiet as
    long as the last ejection was.
    """

    count: int = 0
    doublings: int = 0
    current: Ejection | None = None
    returned_s: float = 0.0
    last_for_s: float = 0.0

    def eject(self, check: PassiveCheck, proof: Proof, now_s: float) -> Ejection:
        """From now on, for as long as its history asks for."""
        if self.last_for_s:
            self.doublings = max(0, self.doublings + 1 - int((now_s - self.returned_s) / self.last_for_s))
        for_ns = min(check.eject_for_ns << min(self.doublings, 32), check.max_eject_for_ns)
        self.last_for_s = for_ns / SECOND_NS
        self.count += 1
        self.current = Ejection(proof, self.last_for_s, now_s + self.last_for_s)
        return self.current

    def end(self, now_s: float) -> None:
        """It is back."""
        self.current = None
        self.returned_s = now_s
