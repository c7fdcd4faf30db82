"""Actions on a running gateway: what is asked for, what it would do, and what became of it; and who asks.

A field is only ever added, with a default. Rates are requests per second, shares are parts of 1.
"""

from typing import Literal, TypeAlias

import msgspec

EndpointAction: TypeAlias = Literal["drain", "undrain", "weight"]
ActionOutcome: TypeAlias = Literal["preview", "applied", "unchanged"]


class ActionView(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable. Each class repeats kw_only, which msgspec does not hand down: every field is named when it is built."""


class EndpointActionRequest(ActionView, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an action on an endpoint is given. Only `weight` takes a weight; null is the configured one again."""

    reason: str = ""
    """Why, in the words of who asks; it is kept and shown, and at most 200 characters of it."""
    weight: int | msgspec.UnsetType | None = msgspec.UNSET


class EndpointLoadView(ActionView, frozen=True, kw_only=True):
    """One endpoint before and after an action. Rates after it are estimated: those of now, shared out by the new weights."""

    address: str
    weight_before: int
    weight_after: int
    share_before: float
    share_after: float
    rate_before: float
    rate_after: float


class InverseView(ActionView, frozen=True, kw_only=True):
    """The call that undoes an action."""

    action: EndpointAction
    path: str
    """Below the root of the admin API; POST."""
    weight: int | msgspec.UnsetType | None = msgspec.UNSET


class EndpointEffectView(ActionView, frozen=True, kw_only=True):
    """What an action on an endpoint would do, or did; `tier` is how carefully it is to be confirmed.

    tier 1: it can be undone and the others have room; 2: no endpoint would be left, or more than a quarter of the capacity
    would move or go.
    """

    outcome: ActionOutcome
    action: EndpointAction
    upstream: str
    address: str
    summary: str
    """A sentence for people."""
    tier: Literal[1, 2]
    etag: str
    """Of the configuration and of what stands beside it, for If-Match: what is seen here is then what is acted upon."""
    endpoints: int
    """Of the upstream."""
    available_before: int
    available_after: int
    """Healthy, and of a weight above 0."""
    share_removed: float = 0.0
    """Of the capacity, by weights: how much of it goes; or of the traffic, where a weight changes: how much moves."""
    in_flight: int = 0
    """Attempts at the endpoint now, over all workers."""
    rate: float = 0.0
    """Of the upstream, over the last minute."""
    highest_before: float = 0.0
    highest_after: float = 0.0
    """What the busiest endpoint takes, in requests per second."""
    loads: list[EndpointLoadView] = []
    loads_left_out: int = 0
    undo: InverseView | None = None
    """Null where nothing would change."""


class UpgradeRequest(ActionView, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an upgrade of the program is given."""

    reason: str = ""
    """Why, in the words of who asks; at most 200 characters of it are kept."""


class UpgradeView(ActionView, frozen=True, kw_only=True):
    """An upgrade that has begun. What becomes of it is told as an incident after `incident`: upgrade_ended or
    upgrade_failed."""

    pid: int
    """Of the program that is to be replaced, which is the one that answers."""
    version: str
    incident: int
    """The id of upgrade_began."""
    within_s: float
    """So long after it the old program has ended, or the new one has failed."""


class MeView(ActionView, frozen=True, kw_only=True):
    """Who asks, and what they may do."""

    name: str
    """Of the token; `loopback` where none is configured."""
    role: Literal["viewer", "operator"]
    read_only: bool
    """Whether calls that change something would be refused."""
    because: str = ""
    """Why, if they would."""


class ObjectTextView(ActionView, frozen=True, kw_only=True):
    """One object as the text of the running configuration has it. References such as `${NAME}` stay as they are written;
    other secrets read REDACTED, and may be handed back so."""

    kind: Literal["route", "upstream"]
    name: str
    text: str
    revision: str
    sequence: int
    file: str
    line: int
    """Where the text begins."""
