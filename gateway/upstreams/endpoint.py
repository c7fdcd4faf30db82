"""One endpoint as it lives in a worker: its pool, its load, and whether it may be chosen."""

from typing import Final, Protocol

from gateway.model.exchange import Attempt
from gateway.model.upstream import Endpoint
from gateway.upstreams.balancing.balancer import Estimate
from gateway.upstreams.pool import Pool
from gateway.wire.control import EndpointStanding

WHOLE: Final = 10
"""Tenths of a weight."""
_FIT: Final = frozenset({"healthy", "unknown"})


class AttemptWatcher(Protocol):
    """Whoever has to know how attempts at an endpoint end: it judges the endpoint, or counts against a limit."""

    def attempt_ended(self, endpoint: "LiveEndpoint", attempt: Attempt) -> None:
        """Called once for each, on the way of the request: it must not wait, and should not allocate.

        Whether the endpoint failed is model.outcome.is_endpoint_failure of the attempt's reason.
        """


class LiveEndpoint:
    """in_flight: attempts that hold or await one of its connections.

    wanted_weight: its operator's; 0 while it is drained. weight: what the balancer weighs it with, against the others of its
    upstream. That and is_available are its upstream's to set (LiveUpstream.settle), from all that is known of all of them.
    standing: what the supervisor knows of it; None while it is healthy. ramp_ns: over which it starts slowly; 0 for not.
    """

    __slots__ = (
        "address",
        "endpoint",
        "in_flight",
        "is_available",
        "is_drained",
        "latency",
        "pool",
        "ramp_began_ns",
        "ramp_ns",
        "standing",
        "upstream",
        "wanted_weight",
        "watchers",
        "weight",
    )

    def __init__(self, upstream: str, endpoint: Endpoint, pool: Pool) -> None:
        self.upstream = upstream
        self.endpoint = endpoint
        self.address = endpoint.address
        self.weight = self.wanted_weight = endpoint.weight
        self.pool = pool
        self.in_flight = 0
        self.is_available = True
        self.is_drained = False
        self.latency: Estimate | None = None
        """Where the upstream is balanced by it."""
        self.standing: EndpointStanding | None = None
        self.ramp_ns = 0
        self.ramp_began_ns = 0
        self.watchers: tuple[AttemptWatcher, ...] = ()
        """Empty where nothing is configured that would judge it: most endpoints pay nothing."""

    def override(self, *, is_drained: bool, weight: int | None) -> None:
        """What an operator wants of it, whatever the configuration says. weight: None for the configured one.

        A drained endpoint is never chosen: attempts under way go on, and connections close as they fall idle.
        """
        configured = self.endpoint.weight if weight is None else weight
        self.wanted_weight = 0 if is_drained else configured
        self.is_drained = is_drained
        if is_drained:
            self.pool.retire("drained")
        else:
            self.pool.reopen()

    @property
    def is_as_configured(self) -> bool:
        """Whether no operator has decided anything about it."""
        return not self.is_drained and self.wanted_weight == self.endpoint.weight

    def stand(self, standing: EndpointStanding | None, now_ns: int) -> None:
        """What the supervisor knows of it from now on."""
        self.standing = standing
        self.ramp_ns = 0
        if standing is not None and standing.ramp_ns:
            self.ramp_ns, self.ramp_began_ns = standing.ramp_ns, now_ns - standing.ramped_ns

    @property
    def is_fit(self) -> bool:
        """Whether nothing but an operator speaks against choosing it."""
        return self.standing is None or self.standing.state in _FIT

    def tenths(self, now_ns: int) -> int:
        """How much of its weight it gets, 1 to 10, while some endpoint of its upstream starts slowly."""
        if not self.ramp_ns:
            return WHOLE
        passed_ns = now_ns - self.ramp_began_ns
        if passed_ns >= self.ramp_ns:
            self.ramp_ns = 0
            return WHOLE
        return 1 + max(0, passed_ns) * WHOLE // self.ramp_ns

    def watch(self, kind: type[AttemptWatcher], watcher: AttemptWatcher | None) -> None:
        """Have this one told of its attempts from now on, and no other of its kind; None: nobody of that kind."""
        others = tuple(each for each in self.watchers if not isinstance(each, kind))
        self.watchers = others if watcher is None else (*others, watcher)

    def attempt_ended(self, attempt: Attempt) -> None:
        """The one place that learns how every attempt ended."""
        self.in_flight -= 1
        for watcher in self.watchers:
            watcher.attempt_ended(self, attempt)
