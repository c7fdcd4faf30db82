"""What was learnt is known again after it has been passed on, and what another version says otherwise is left out."""

from typing import Any, Final

import msgspec
import pytest

from gateway.model.breaker import CircuitCause, CircuitState
from gateway.model.health import CheckResult
from gateway.runtime.health.checking import Finding
from gateway.runtime.health.ejections import Ejection, EjectionRecord, Proof
from gateway.runtime.succession.experience import (
    circuits_of,
    ejections_of,
    kept_circuits,
    kept_ejections,
    kept_verdicts,
    verdicts_of,
)
from gateway.runtime.vitals.circuits import CircuitStatus, WorkerCircuit

KEY: Final = ("orders", "127.0.0.1:9")
OTHER: Final = ("orders", "127.0.0.1:7")
FINDING: Final = Finding(CheckResult.CONNECT_ERROR, "refused", 1000.0)
PROOF: Final = Proof("latency", "latency x4.0", "p90 200 ms")
OPEN: Final = WorkerCircuit(CircuitState.OPEN, 70.0, CircuitCause.FAILURE_RATIO, 124, 71)
HALF_OPEN: Final = WorkerCircuit(CircuitState.HALF_OPEN, 60.0, CircuitCause.PROBE_FAILED, 1, 1)
STATUS: Final = CircuitStatus(CircuitState.OPEN, 1000.0, "failure_ratio", "worker 1: 57% of 124 requests failed", 1)


def test_verdicts_but_not_of_a_result_that_is_not_known() -> None:
    kept = kept_verdicts({KEY: (False, FINDING), OTHER: (True, FINDING)})
    assert verdicts_of(kept) == {KEY: (False, FINDING), OTHER: (True, FINDING)}
    assert verdicts_of([msgspec.structs.replace(kept[0], result="tired"), kept[1]]) == {OTHER: (True, FINDING)}


def test_ejections_under_way_and_those_that_are_over() -> None:
    out = EjectionRecord(3, 2, Ejection(PROOF, 40.0, 5040.0), 4900.0, 40.0)
    back = EjectionRecord(1, 0, None, 4950.0, 10.0)
    kept = kept_ejections({KEY: out, OTHER: back})
    assert ejections_of(kept) == {KEY: out, OTHER: back}


def test_ejections_for_a_reason_that_is_not_known_end_but_have_been() -> None:
    [kept] = kept_ejections({KEY: EjectionRecord(3, 2, Ejection(PROOF, 40.0, 5040.0), 4900.0, 40.0)})
    unheard_of = msgspec.structs.replace(kept, reason="tired")
    assert ejections_of([unheard_of]) == {KEY: EjectionRecord(3, 2, None, 4900.0, 40.0)}


def test_circuits_of_the_workers_that_there_still_are() -> None:
    kept = kept_circuits({"orders": (STATUS, {1: OPEN, 3: HALF_OPEN}), "users": (STATUS, {3: OPEN})})
    after = circuits_of(kept, workers=3)
    assert {name: workers for name, (_, workers) in after.items()} == {
        "orders": {1: OPEN, 3: HALF_OPEN},
        "users": {3: OPEN},
    }
    status = after["orders"][0]
    assert (status.since_s, status.reason, status.evidence) == (STATUS.since_s, STATUS.reason, STATUS.evidence)
    assert {name: workers for name, (_, workers) in circuits_of(kept, workers=2).items()} == {"orders": {1: OPEN}}


@pytest.mark.parametrize("odd", [{"cause": "tired"}, {"state": "ajar"}, {"worker": 0}, {"worker": -1}, {"worker": 4}])
def test_circuits_but_not_of_workers_states_or_causes_that_there_are_not(odd: dict[str, Any]) -> None:
    [kept] = kept_circuits({"orders": (STATUS, {1: OPEN})})
    assert circuits_of([kept], workers=3)
    other = msgspec.structs.replace(kept.workers[0], **odd)
    assert circuits_of([msgspec.structs.replace(kept, workers=[other])], workers=3) == {}
