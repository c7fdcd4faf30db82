"""How well the console hears its gateway, in one word that every screen shows."""

from typing import Final, Literal, TypeAlias

import msgspec

from console.state.messages import LinkState

Freshness: TypeAlias = Literal["connecting", "live", "slow", "stale", "disconnected", "denied", "ended"]

_LIVE_S: Final = 3.0
_SLOW_S: Final = 6.0


class Link(msgspec.Struct, frozen=True):
    """The connection as it was told of last. Times are Unix seconds."""

    state: LinkState = "connecting"
    problem: str = ""
    retry_at_s: float = 0.0
    heard_at_s: float = 0.0
    """When anything came last; 0 before the first."""

    def age_s(self, now_s: float) -> float | None:
        """Of the newest data; None before there is any."""
        return max(0.0, now_s - self.heard_at_s) if self.heard_at_s else None

    def freshness(self, now_s: float) -> Freshness:
        """`disconnected` when the connection is known to be gone, `stale` when it is only silent."""
        if self.state in {"ended", "denied"}:
            return self.state
        if self.state == "broken":
            return "disconnected"
        age = self.age_s(now_s)
        if age is None:
            return "connecting"
        return "live" if age < _LIVE_S else "slow" if age < _SLOW_S else "stale"
