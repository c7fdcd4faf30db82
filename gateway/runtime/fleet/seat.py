"""The place of one worker in the fleet: who sits there, what it serves, what is on its way to it."""

import asyncio
import time
from dataclasses import dataclass, field

from gateway.runtime.fleet.backoff import BackOff
from gateway.runtime.fleet.package import Package
from gateway.runtime.fleet.process import WorkerProcess
from gateway.wire.views import WorkerState


@dataclass(eq=False, slots=True)
class Delivery:
    """A package on its way to one worker. The events are set when it is prepared or refused, and when it is served;
    both also when the worker dies."""

    package: Package
    prepared: asyncio.Event = field(default_factory=asyncio.Event)
    applied: asyncio.Event = field(default_factory=asyncio.Event)
    error: str = ""
    goes_alone: bool = False
    """Whether the worker shall serve it without regard to the others, who do so already."""


class Seat:
    """One of the fleet's workers and its successors; `index` counts from 1."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.back_off = BackOff()
        self.restarts = 0
        self.how_ended = ""
        self.first_sign = asyncio.Event()
        """The first worker has said hello, or has died."""
        self.ended = asyncio.Event()
        """No worker shall be started here any more."""
        self.process: WorkerProcess | None = None
        self.state: WorkerState = "starting"
        self.served_s = 0.0
        self.started_at_s = 0.0
        """Unix time at which the process was started that is here, or was here last."""
        self.heard_s = 0.0
        """Monotonic time of the last message of any worker here; 0 before the first."""
        self.refused: tuple[int, str] = (0, "")
        """The sequence that a worker here could not take up last, and why; nothing once one serves another."""
        self.begin()

    def begin(self) -> None:
        """A new worker is about to be started."""
        self.state = "starting"
        self.has_said_hello = False
        self.sequence = 0
        self.revision = ""
        self.serving_since_s = 0.0
        self.kill_reason = ""
        self.needs_addresses = True
        self.needs_overrides = True
        self.has_standings = False
        self.stale_standings: set[str] = set()
        """Upstreams of whose endpoints it does not know the newest, besides all of them while it knows of none."""
        self.delivery: Delivery | None = None

    def end(self, state: WorkerState) -> None:
        """The worker has ended; whoever waits for it stops waiting."""
        self.served_s = time.monotonic() - self.serving_since_s if self.serving_since_s else 0.0
        self.process = None
        self.has_said_hello = False
        self.sequence, self.revision = 0, ""
        self.state = state
        if self.delivery is not None:
            self.delivery.prepared.set()
            self.delivery.applied.set()
            self.delivery = None

    def serves(self, sequence: int, revision: str) -> None:
        """The worker has taken up what was delivered."""
        self.delivery = None
        self.refused = (0, "")
        self.sequence, self.revision = sequence, revision
        if self.state == "starting":
            self.state = "serving"
            self.serving_since_s = time.monotonic()

    @property
    def pid(self) -> int:
        return self.process.pid if self.process is not None else 0

    @property
    def is_serving(self) -> bool:
        return self.state == "serving"

    @property
    def is_settled(self) -> bool:
        """Whether a package can be sent to it now."""
        return self.has_said_hello and self.delivery is None and not self.kill_reason

    @property
    def is_clear(self) -> bool:
        return self.process is not None and self.process.is_clear

    def delivery_of(self, sequence: int) -> Delivery | None:
        """The delivery under way if it is of this sequence; an answer to an older one is of no interest any more."""
        delivery = self.delivery
        return delivery if delivery is not None and delivery.package.sequence == sequence else None

    def send(self, message: bytes) -> None:
        if self.process is not None:
            self.process.send(message)

    def kill(self, reason: str) -> None:
        if self.process is not None:
            self.kill_reason = reason
            self.process.kill()
