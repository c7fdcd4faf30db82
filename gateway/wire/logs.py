"""The operational log as the admin API tells it: what the gateway itself said, secrets taken out.

A field is only ever added, with a default. Times are RFC 3339 in UTC.
"""

from typing import Any, Final, Literal, TypeAlias

import msgspec

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error", "critical"]
LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error", "critical")
"""The worst last."""


class LogRecordView(msgspec.Struct, frozen=True, kw_only=True):
    """One record. `id` grows by one with each; it starts anew when the gateway does."""

    id: int
    at: str
    level: LogLevel
    event: str
    """What happened, in one word such as `worker_died`; a sentence where a library says it."""
    logger: str = ""
    node: str = ""
    actor: str = ""
    """Who did it: the name of a token, or `loopback`. With an actor it is a line of the audit log."""
    fields: dict[str, Any] = {}
    """All else, cut to its bounds."""


class LogListView(msgspec.Struct, frozen=True, kw_only=True):
    """Records, oldest first, and how far this answer reaches."""

    records: list[LogRecordView]
    last_id: int
    """Of the newest record there is, whether it was asked for or not; 0 before the first."""
    filter: str = ""
    """As it was understood; empty for none."""
    scanned: int = 0
    """Records that were looked at."""
    kept_since: str | None = None
    """When the oldest came that is still kept."""
    dropped: dict[str, int] = {}
    """How many of each level are not remembered any more."""
    lost: int = 0
    """How many of these came after the id that was asked about."""
