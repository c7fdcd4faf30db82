"""What an action on an endpoint would mean: who is left, what they would carry, and how carefully it is to be confirmed.

Rates are estimated: those of the last minute, shared out anew by the weights. That is what every balancer comes to over
many requests, and more cannot be known beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gateway.wire.actions import EndpointAction, EndpointEffectView, EndpointLoadView

MUCH: Final = 0.25
"""Of the capacity: when more goes or moves at once, whoever does it is to say so twice."""
MAX_LOADS: Final = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """One endpoint before and after. Weights are those in force; 0 where it gets nothing, or cannot be reached.

    rate: attempts per second of the last minute.
    """

    address: str
    weight_before: int
    weight_after: int
    rate: float


@dataclass(frozen=True, slots=True)
class Effect:
    """An action on `target`, one of the upstream's endpoints. in_flight: attempts there now."""

    action: EndpointAction
    upstream: str
    target: Standing
    endpoints: Sequence[Standing]
    in_flight: int

    def view(self, etag: str) -> EndpointEffectView:
        """As a preview that nobody has acted upon, with no way back told."""
        totals = _Totals(
            sum(each.weight_before for each in self.endpoints),
            sum(each.weight_after for each in self.endpoints),
            self._rate,
        )
        loads = [_load(each, totals) for each in self.endpoints]
        return EndpointEffectView(
            outcome="preview",
            action=self.action,
            upstream=self.upstream,
            address=self.target.address,
            summary=self._summary(loads),
            tier=self._tier(),
            etag=etag,
            endpoints=len(self.endpoints),
            available_before=self.available_before,
            available_after=self.available_after,
            share_removed=round(self._share_removed(), 4),
            in_flight=self.in_flight,
            rate=round(totals.rate, 3),
            highest_before=max((load.rate_before for load in loads), default=0.0),
            highest_after=max((load.rate_after for load in loads), default=0.0),
            loads=loads[:MAX_LOADS],
            loads_left_out=max(0, len(loads) - MAX_LOADS),
        )

    @property
    def available_before(self) -> int:
        return sum(each.weight_before > 0 for each in self.endpoints)

    @property
    def available_after(self) -> int:
        return sum(each.weight_after > 0 for each in self.endpoints)

    @property
    def _rate(self) -> float:
        return sum(each.rate for each in self.endpoints)

    def _share_removed(self) -> float:
        before = _share(self.target.weight_before, sum(each.weight_before for each in self.endpoints))
        after = _share(self.target.weight_after, sum(each.weight_after for each in self.endpoints))
        if self.action == "weight":
            return abs(after - before)
        return before if self.action == "drain" else 0.0

    def _tier(self) -> Literal[1, 2]:
        is_last = self.action != "undrain" and not self.available_after
        return 2 if is_last or self._share_removed() > MUCH else 1

    def _summary(self, loads: Sequence[EndpointLoadView]) -> str:
        highest, now = max(load.rate_after for load in loads), max(load.rate_before for load in loads)
        carries = f"the busiest at an estimated {highest:.3g}/s ({now:.3g}/s now)"
        if self.action == "drain" and not self.available_after:
            return f"removes the last available endpoint: requests to {self.upstream} will get 503; {self._running()}"
        if self.action == "drain":
            gone = self.available_before - self.available_after
            left = f"removes {gone} of {self.available_before}; {self.available_after} left"
            return f"{left}, {carries}; {self._running()}"
        load = next(load for load in loads if load.address == self.target.address)
        if self.action == "undrain":
            return f"gives it back: {self.available_after} of {len(self.endpoints)} available, {carries}"
        if not load.weight_before and not load.weight_after:
            return "it gets nothing now, with any weight; this one is kept for when it is available again"
        weights = f"weight {load.weight_before} -> {load.weight_after}"
        return f"{weights}: about {load.share_after:.0%} of the traffic instead of {load.share_before:.0%}, {carries}"

    def _running(self) -> str:
        return f"{self.in_flight} in flight will finish"


@dataclass(frozen=True, slots=True)
class _Totals:
    """Over all endpoints of the upstream."""

    weight_before: int
    weight_after: int
    rate: float


def _load(each: Standing, totals: _Totals) -> EndpointLoadView:
    after = _share(each.weight_after, totals.weight_after)
    return EndpointLoadView(
        address=each.address,
        weight_before=each.weight_before,
        weight_after=each.weight_after,
        share_before=round(_share(each.weight_before, totals.weight_before), 4),
        share_after=round(after, 4),
        rate_before=round(each.rate, 3),
        rate_after=round(after * totals.rate, 3),
    )


def _share(weight: int, total: int) -> float:
    return weight / total if total else 0.0
