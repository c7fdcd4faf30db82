"""What each kind of user is owed: the share of requests that may fail and the time that 99 of 100 may take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Objective:
    """failures: a share, 0 to 1. p99_ms: of those that are shown under the scenario's name."""

    failures: float
    p99_ms: float


OBJECTIVES: Final[Mapping[str, Objective]] = {
    # Demo services and generator share the machine with the gateway: the times are those of a crowded one.
    "browse": Objective(failures=0.001, p99_ms=300),
    "reports": Objective(failures=0.001, p99_ms=2_000),
    "burst": Objective(failures=0.001, p99_ms=750),
    "abusive": Objective(failures=0.0, p99_ms=500),
    "slow reader": Objective(failures=0.0, p99_ms=30_000),
    "websocket": Objective(failures=0.0, p99_ms=500),
}
"""By scenario. For the abusive, a failure is whatever is not refused as it has to be."""


class Measured(Protocol):
    """The statistics of locust for one name."""

    num_requests: int
    num_failures: int

    def get_response_time_percentile(self, percent: float) -> float: ...


def broken_objectives(measured: Mapping[str, Measured]) -> Iterator[str]:
    """A sentence for each objective that was missed; a scenario that sent nothing has missed its own."""
    for scenario, objective in OBJECTIVES.items():
        seen = measured.get(scenario)
        if seen is None or not seen.num_requests:
            yield f"{scenario}: nothing was sent"
            continue
        failures = seen.num_failures / seen.num_requests
        if failures > objective.failures:
            yield f"{scenario}: {failures:.2%} failed, at most {objective.failures:.2%} may"
        p99_ms = seen.get_response_time_percentile(0.99)
        if p99_ms > objective.p99_ms:
            yield f"{scenario}: p99 {p99_ms:.0f} ms, at most {objective.p99_ms:.0f} ms"
