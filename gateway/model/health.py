"""What an operator declares about the health of endpoints: how it is asked for, and what is made of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.model.clock import SECOND_NS

_MINUTE_NS: Final = 60 * SECOND_NS


class CheckType(StrEnum):
    HTTP = "http"
    TCP = "tcp"


class CheckKind(StrEnum):
    """Where a verdict comes from: questions of our own, or the traffic."""

    ACTIVE = "active"
    PASSIVE = "passive"


class CheckResult(StrEnum):
    """What a check came to. OK to BAD_BODY are of active checks; EJECTED and SPARED of passive ones: SPARED would have
    been ejected, had not enough others been already."""

    OK = "ok"
    CONNECT_ERROR = "connect_error"
    TIMEOUT = "timeout"
    BAD_STATUS = "bad_status"
    BAD_BODY = "bad_body"
    EJECTED = "ejected"
    SPARED = "spared"


ACTIVE_RESULTS: Final = (
    CheckResult.OK,
    CheckResult.CONNECT_ERROR,
    CheckResult.TIMEOUT,
    CheckResult.BAD_STATUS,
    CheckResult.BAD_BODY,
)
PASSIVE_RESULTS: Final = (CheckResult.EJECTED, CheckResult.SPARED)
EJECTION_REASONS: Final = ("passive", "latency")
"""For failures of its traffic; for taking longer than the others."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an active check asks, and which answer is good. host: empty for the endpoint's own address.

    statuses: ranges, both ends included. body: must be found in the first BODY_BYTES of the answer; empty for any.
    """

    type: CheckType = CheckType.HTTP
    path: str = "/healthz"
    method: str = "GET"
    host: str = ""
    statuses: tuple[tuple[int, int], ...] = ((200, 299),)
    body: str = ""


BODY_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ActiveCheck:
    """How often a question is put, and how many answers alike it takes to change the verdict; durations in nanoseconds."""

    question: Question = Question()
    interval_ns: int = 5 * SECOND_NS
    unhealthy_interval_ns: int = 5 * SECOND_NS
    """While the endpoint is unhealthy."""
    timeout_ns: int = 1 * SECOND_NS
    healthy_after: int = 2
    unhealthy_after: int = 3
    jitter_ratio: float = 0.1


@dataclass(frozen=True, slots=True)
class PassiveCheck:
    """When an endpoint is taken out for what comes of its traffic, and for how long; durations in nanoseconds.

    Consecutive failures are counted by each worker; ratio and latency are judged over all of them.
    """

    consecutive_failures: int = 5
    failure_ratio: float | None = None
    latency_factor: float | None = None
    """Times the median of what the other endpoints take."""
    min_requests: int = 20
    """Of an endpoint within the window, before its ratio or latency says anything."""
    window_ns: int = 10 * SECOND_NS
    eject_for_ns: int = 30 * SECOND_NS
    max_eject_for_ns: int = 5 * _MINUTE_NS
    max_ejected_ratio: float = 0.5


@dataclass(frozen=True, slots=True)
class Health:
    """Of the endpoints of one upstream; nothing is judged that is not configured.

    panic_below_ratio: the share of usable endpoints below which all are used. slow_start_ns: over which an endpoint that
    came back gets its whole share again; 0 for at once.
    """

    active: ActiveCheck | None = None
    passive: PassiveCheck | None = None
    panic_below_ratio: float = 0.5
    slow_start_ns: int = 0

    @property
    def is_checked(self) -> bool:
        return self.active is not None or self.passive is not None

    @property
    def checks(self) -> list[CheckKind]:
        """Which are configured."""
        kinds = [(CheckKind.ACTIVE, self.active), (CheckKind.PASSIVE, self.passive)]
        return [kind for kind, check in kinds if check is not None]


UNCHECKED: Final = Health()
