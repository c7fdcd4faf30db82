"""The circuits of the whole gateway, put together from what its workers say: the worst of them, and every change told once."""

from collections.abc import Mapping
from typing import Final

import pytest

from gateway.model.breaker import BreakerSettings, CircuitCause, CircuitState
from gateway.model.clock import SECOND_NS
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Upstream
from gateway.runtime.incidents import Incidents
from gateway.runtime.vitals.circuits import Circuits, CircuitStatus, WorkerCircuit
from gateway.telemetry import catalog
from gateway.telemetry.store import MetricsStore
from gateway.wire.control import CircuitChanged, OpenCircuit

SNAPSHOT: Final = Snapshot(
    "r", 1, (), (Upstream("orders", (), breaker=BreakerSettings()), Upstream("files", ())), routes=()
)
OPENED: Final = CircuitChanged("orders", CircuitState.OPEN, CircuitCause.FAILURE_RATIO, 124, 71)
WORKER: Final = WorkerCircuit(CircuitState.OPEN, 70.0, CircuitCause.FAILURE_RATIO, 124, 71)
HALF_OPENED: Final = CircuitChanged("orders", CircuitState.HALF_OPEN, CircuitCause.WAITED, 0, 0)
REOPENED: Final = CircuitChanged("orders", CircuitState.OPEN, CircuitCause.PROBE_FAILED, 1, 1)
CLOSED: Final = CircuitChanged("orders", CircuitState.CLOSED, CircuitCause.PROBES_PASSED, 3, 0)


class Scene:
    def __init__(self, before: Mapping[str, tuple[CircuitStatus, Mapping[int, WorkerCircuit]]] | None = None) -> None:
        self.now_s = 5000.0
        self.store, self.incidents = MetricsStore(), Incidents()
        self.circuits = Circuits(self.store, self.incidents, lambda: 1000.0, lambda: self.now_s)
        self.circuits.restore(before or {})
        self.store.watch((catalog.CIRCUIT_BREAKER_STATE,), self.circuits.readings)
        self.store.configure(SNAPSHOT)
        self.circuits.follow(SNAPSHOT)

    def status(self) -> CircuitStatus:
        status = self.circuits.of("orders")
        assert status is not None
        return status

    def kinds(self) -> list[str]:
        return [incident.kind for incident in self.incidents.newest()]

    def states(self) -> dict[tuple[str, ...], object]:
        (family,) = self.store.families((catalog.CIRCUIT_BREAKER_STATE,))
        return dict(family.series)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_only_what_has_a_breaker_has_a_circuit_and_it_begins_closed(scene: Scene) -> None:
    assert (scene.status(), scene.circuits.of("files")) == (CircuitStatus(), None)
    assert scene.states() == {("orders", "closed"): 1, ("orders", "open"): 0, ("orders", "half_open"): 0}


def test_a_change_is_counted_and_told_with_its_evidence(scene: Scene) -> None:
    scene.circuits.changed(2, OPENED)
    evidence = "worker 2: 57% of 124 requests failed"
    assert scene.status() == CircuitStatus(CircuitState.OPEN, 1000.0, "failure_ratio", evidence, 1)
    (incident,) = scene.incidents.newest()
    assert (incident.kind, incident.subject) == ("circuit_opened", "orders")
    assert incident.text == f"the circuit of orders is open ({evidence})"
    assert scene.states() == {("orders", "closed"): 0, ("orders", "open"): 1, ("orders", "half_open"): 0}
    (transitions,) = scene.store.families((catalog.CIRCUIT_BREAKER_TRANSITIONS,))
    assert transitions.series["orders", "open", "failure_ratio"] == 1
    assert transitions.series["orders", "closed", "probes_passed"] == 0


def test_it_is_open_while_that_of_any_worker_is(scene: Scene) -> None:
    for worker in (1, 2):
        scene.circuits.changed(worker, OPENED)
    assert scene.status().workers == 2
    scene.circuits.changed(1, HALF_OPENED)
    scene.circuits.changed(1, CLOSED)
    assert (scene.status().state, scene.status().workers) == (CircuitState.OPEN, 1)
    scene.circuits.changed(2, HALF_OPENED)
    scene.circuits.changed(2, CLOSED)
    assert scene.kinds() == ["circuit_opened", "circuit_half_open", "circuit_closed"]
    assert scene.status().reason == "probes_passed"


def test_the_successor_of_a_worker_begins_with_its_circuits_and_what_is_left_of_their_time(scene: Scene) -> None:
    scene.circuits.changed(1, OPENED)
    scene.now_s += 3
    opened = OpenCircuit("orders", CircuitCause.FAILURE_RATIO, 124, 71, 3 * SECOND_NS)
    assert (scene.circuits.opened_in(1), scene.circuits.opened_in(2)) == ([opened], [])
    # Half-open it has been open for long enough, wherever it goes on.
    scene.circuits.changed(1, HALF_OPENED)
    assert scene.circuits.opened_in(1) == [opened]
    scene.circuits.changed(1, REOPENED)
    assert scene.circuits.opened_in(1) == [OpenCircuit("orders", CircuitCause.PROBE_FAILED, 1, 1, 0)]
    scene.circuits.changed(1, CLOSED)
    assert scene.circuits.opened_in(1) == []


def test_the_next_program_has_the_circuits_of_the_one_before_it_and_tells_nobody(scene: Scene) -> None:
    scene.circuits.changed(1, OPENED)
    scene.circuits.changed(2, OPENED)
    scene.circuits.changed(2, HALF_OPENED)
    after = Scene(scene.circuits.standing)
    assert after.status() == scene.status()
    assert after.circuits.opened_in(2) == scene.circuits.opened_in(2) != []
    assert after.kinds() == []
    after.circuits.changed(1, HALF_OPENED)
    assert after.status().state is CircuitState.HALF_OPEN
    status, workers = scene.circuits.standing["orders"]
    fewer = Scene({"orders": (status, {2: workers[2]})})
    assert (fewer.status().state, fewer.status().workers) == (CircuitState.HALF_OPEN, 1)


def test_what_was_made_of_the_circuits_is_made_anew_once_they_are_restored() -> None:
    circuits = Circuits(MetricsStore(), Incidents())
    before = circuits.version
    circuits.restore({"orders": (CircuitStatus(CircuitState.OPEN), {1: WORKER})})
    assert circuits.version > before


def test_a_reload_keeps_the_state_and_one_without_the_breaker_forgets_it(scene: Scene) -> None:
    scene.circuits.changed(1, OPENED)
    scene.circuits.follow(SNAPSHOT)
    assert scene.status().state is CircuitState.OPEN
    scene.circuits.follow(Snapshot("s", 2, (), (), routes=()))
    scene.circuits.changed(1, HALF_OPENED)
    scene.circuits.follow(SNAPSHOT)
    assert scene.status() == CircuitStatus()
