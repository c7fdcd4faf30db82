"""What every exchange of a worker shares: the configuration in force, where records go, and whether we are leaving."""

import asyncio
from email.utils import formatdate

from gateway.model.clock import SECOND_NS, monotonic_ns, wall_ns
from gateway.net.deadlines import Deadlines
from gateway.proxy.overload.shedding import Shedding
from gateway.proxy.plan import ActiveConfig
from gateway.telemetry.recorder import Recorder


class Context:
    """config is replaced as a whole; whoever needs it twice keeps the reference."""

    __slots__ = (
        "_date",
        "config",
        "deadlines",
        "in_flight",
        "is_draining",
        "loop",
        "recorder",
        "shedding",
        "wall_offset_ns",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, recorder: Recorder, config: ActiveConfig) -> None:
        self.loop = loop
        self.recorder = recorder
        self.config = config
        self.deadlines = Deadlines(loop)
        self.in_flight = 0
        """Exchanges between the end of their request head and their record."""
        self.is_draining = False
        self.shedding: Shedding | None = None
        """Who decides which new requests are turned away; None while all is well."""
        self.wall_offset_ns = 0
        """Wall clock minus monotonic clock, renewed every second."""
        self._renew()

    def _renew(self) -> None:
        now_ns = wall_ns()
        self.wall_offset_ns = now_ns - monotonic_ns()
        self._date = formatdate(now_ns // SECOND_NS, usegmt=True).encode("ascii")
        self.loop.call_later(1.0, self._renew)

    def wall_ns(self) -> int:
        """The wall clock, as it was a second ago at most and has gone on since."""
        return monotonic_ns() + self.wall_offset_ns

    def date(self) -> bytes:
        """The value of a Date field (RFC 9110 section 6.6.1), at most a second old."""
        return self._date
