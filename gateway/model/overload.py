"""What an operator declares about overload: when a gateway that runs short of something turns requests away, and which."""

from dataclasses import dataclass
from typing import Final

from gateway.model.clock import MILLISECOND_NS, NEVER_NS

GROUP_LIMIT: Final = 0
"""As a limit of memory: that of the control group, or none where there is no such limit."""


@dataclass(frozen=True, slots=True)
class MemoryMarks:
    """Of the memory of all processes together. limit: bytes, GROUP_LIMIT, or None where there shall be none."""

    limit: int | None = GROUP_LIMIT
    shed_above: float = 0.95
    """Share of the limit above which the less critical of the new requests are turned away."""
    refuse_above: float = 0.98
    """Share of the limit above which all of them are, and their connections closed."""


@dataclass(frozen=True, slots=True)
class OverloadSettings:
    memory: MemoryMarks = MemoryMarks()
    loop_delay_ns: int = NEVER_NS
    """The longest that a worker's loop may lag behind, smoothed, before requests are shed; NEVER_NS: however long."""
    reserved_descriptors: int = 64
    """Of each worker, kept free of clients."""
    watchdog_ns: int = 500 * MILLISECOND_NS
    """How long a loop may stand still before it is told what held it; NEVER_NS: it never is."""
