"""The values in which health is told."""

from typing import Final, Literal, TypeAlias

import msgspec

from console.state.selection import Destination

Health: TypeAlias = Literal["ok", "warn", "crit", "draining", "unknown"]
WORST_FIRST: Final[tuple[Health, ...]] = ("crit", "warn", "draining", "unknown", "ok")

EndpointWord: TypeAlias = Literal["down", "ejected", "failing", "errors", "slow", "draining", "unknown", "up"]
Scope: TypeAlias = Literal["", "only", "all", "alone"]
"""Which of the endpoints of an upstream: nobody knows, this one and not the others, all of them, this one because there is no other."""


class Failures(msgspec.Struct, frozen=True):
    """One kind of failure: a reason of the closed list, or the status an upstream answered with."""

    reason: str
    count: int


class Change(msgspec.Struct, frozen=True):
    """Something somebody did. `sequence` is 0 where it was no revision; then `text` says what it was."""

    at_s: float
    sequence: int
    actor: str = ""
    text: str = ""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why something fails or is slow, as far as it is known. `count`, `share`: how often the reason, how much of the time the phase."""

    reason: str = ""
    count: int = 0
    phase: str = ""
    share: float = 0.0
    upstream: str = ""
    endpoint: str = ""
    scope: Scope = ""
    others_ms: float | None = None
    """The p99 of the other endpoints, where this one is slower."""
    text: str = ""
    """Told by the gateway, where there is more to say than a reason."""


AttentionKind: TypeAlias = Literal[
    "failing",
    "slow",
    "burning",
    "endpoint",
    "no_endpoint",
    "panic",
    "circuit",
    "retries",
    "rejected",
    "differs",
    "not_ready",
    "worker",
    "overload",
    "blocked",
    "sink",
    "unmatched",
]
Trend: TypeAlias = Literal["up", "flat", "down", ""]


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that needs somebody. `score` is burn times traffic; the rank of what is no traffic is above or below all of it."""

    kind: AttentionKind
    severity: Health
    subject: str
    also: tuple[str, ...] = ()
    """Other objects that suffer from the same."""
    score: float = 0.0
    error_ratio: float | None = None
    burn: float = 0.0
    """How many times faster than allowed the error budget goes."""
    p99_ms: float | None = None
    limit_ms: float | None = None
    """What the objective or the time before says it should be."""
    rate: float = 0.0
    cause: Cause = Cause()
    since_s: float | None = None
    is_earlier: bool = False
    """It has been so for longer than is known: `since_s` is when knowledge begins."""
    until_s: float | None = None
    """When it was the case last, where it is over and only the figures of the window still say it."""
    after: Change | None = None
    """What was done shortly before it began."""
    trend: Trend = ""
    leads_to: Destination = Destination("overview")
    """The cause, not the object."""
