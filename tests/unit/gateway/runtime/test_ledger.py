"""What is written down about workers and configuration."""

from dataclasses import replace

import msgspec
import structlog.testing
from prometheus_client import generate_latest

from gateway.model.breaker import BreakerSettings, CircuitCause, CircuitState
from gateway.model.listener import Listener
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Upstream
from gateway.runtime.changes.revisions import Revisions
from gateway.runtime.incidents import Incidents
from gateway.runtime.intake import Intake
from gateway.runtime.ledger import Ledger
from gateway.runtime.listening import ListeningSockets
from gateway.runtime.live.live import LiveTraffic
from gateway.runtime.sinks import Sinks
from gateway.telemetry.history.history import History
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.telemetry.store import MetricsStore
from gateway.wire.control import CircuitChanged
from gateway.wire.report import Place

EMPTY = Snapshot(revision="", sequence=0, listeners=(), upstreams=(), routes=())


class Scene:
    def __init__(self) -> None:
        store = MetricsStore()
        self.sinks = Sinks(store, {})
        self.instruments = SupervisorInstruments()
        self.sockets = ListeningSockets(2)
        self.sockets.adopt(self.sockets.bind([Listener("a", "127.0.0.1", 0)]))
        self.incidents = Incidents()
        live = LiveTraffic(lambda: EMPTY, lambda _message: None, SupervisorInstruments())
        intake = Intake(store, self.sinks, live, History())
        self.ledger = Ledger(intake, self.instruments, self.sockets, self.incidents, Revisions())

    def metrics(self) -> str:
        return generate_latest(self.instruments.registry).decode()

    def close(self) -> None:
        self.sockets.close()
        self.sinks._lines.close(5.0)


def test_a_worker_that_died_is_counted_and_keeps_its_sockets_for_its_successor() -> None:
    scene = Scene()
    scene.ledger.on_worker_gone(1, "killed")
    assert 'sightline_worker_restarts_total{reason="killed"} 1.0' in scene.metrics()
    assert all(sock.fileno() != -1 for sock in scene.sockets.groups["a"].sockets)
    scene.close()


def test_a_worker_that_was_drained_is_no_restart_and_gives_its_sockets_up() -> None:
    scene = Scene()
    scene.ledger.on_worker_gone(1, "drained")
    assert 'reason="drained"' not in scene.metrics()
    assert [sock.fileno() != -1 for sock in scene.sockets.groups["a"].sockets] == [False, True]
    scene.close()


def nowhere(place: Place) -> bytes:
    raise ValueError(f"nothing can be at {place}")


def test_a_report_that_cannot_be_read_is_dropped() -> None:
    scene = Scene()
    with structlog.testing.capture_logs() as told:
        scene.ledger.on_report(1, msgspec.Raw(b"\xc1"), nowhere)
    assert [entry["event"] for entry in told] == ["report_not_understood"]
    scene.close()


def test_workers_are_shown_by_state() -> None:
    scene = Scene()
    scene.ledger.on_change({"serving": 1, "backing_off": 1})
    assert 'sightline_workers{state="backing_off"} 1.0' in scene.metrics()
    scene.close()


def test_a_death_is_an_incident_and_a_wait_before_the_successor_another() -> None:
    scene = Scene()
    scene.ledger.on_worker_died(2, "killed", "killed by SIGKILL", 0.0)
    scene.ledger.on_worker_serving(2, 4711, 1)
    scene.ledger.on_worker_died(2, "crashed", "exit code 1", 0.4)
    told = [(incident.kind, incident.subject) for incident in scene.incidents.since(0)]
    assert told == [
        ("worker_died", "worker 2"),
        ("worker_serving", "worker 2"),
        ("worker_died", "worker 2"),
        ("worker_back_off", "worker 2"),
    ]
    assert "killed by SIGKILL" in scene.incidents.since(0)[0].text
    scene.close()


def test_a_worker_that_is_gone_leaves_its_circuits_to_the_next() -> None:
    scene = Scene()
    scene.ledger.circuits.follow(replace(EMPTY, upstreams=(Upstream("orders", (), breaker=BreakerSettings()),)))
    scene.ledger.on_circuit(1, CircuitChanged("orders", CircuitState.OPEN, CircuitCause.FAILURE_RATIO, 20, 20))
    scene.ledger.on_worker_gone(1, "killed")
    assert [incident.kind for incident in scene.incidents.newest()] == ["circuit_opened"]
    assert [each.upstream for each in scene.ledger.open_circuits(1)] == ["orders"]
    assert scene.ledger.open_circuits(2) == []
    scene.close()
