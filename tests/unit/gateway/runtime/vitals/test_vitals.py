"""The vitals as metrics: every process by its label, and only those there are."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gateway.runtime.incidents import Incidents
from gateway.runtime.overrides import Overrides
from gateway.runtime.vitals.circuits import Circuits
from gateway.runtime.vitals.endpoint_states import EndpointStates
from gateway.runtime.vitals.health import Health
from gateway.runtime.vitals.vitals import Vitals
from gateway.telemetry import catalog
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.telemetry.log_ring import LogRing
from gateway.telemetry.store import MetricsStore


class Deaf:
    def endpoint_changed(self, *_facts: str) -> None:
        """Nobody is told."""

    def panic_changed(self, upstream: str, usable: int, wanted: int, *, is_panic: bool) -> None:
        """Of this neither."""


def test_each_process_has_its_label(tmp_path: Path) -> None:
    store, instruments = MetricsStore(), SupervisorInstruments()
    seats: Any = [SimpleNamespace(index=1, pid=os.getpid()), SimpleNamespace(index=2, pid=0)]
    states = EndpointStates(store, Deaf(), Overrides(lambda _: None))
    Vitals(
        store,
        instruments,
        lambda: seats,
        {},
        Health(states, lambda _standings: None),
        str(tmp_path / "sightline.yaml"),
        LogRing(),
        Circuits(store, Incidents()),
    )
    (memory,) = store.families((catalog.PROCESS_MEMORY,))
    assert set(memory.series) == {("supervisor",), ("worker-1",)}
    assert (instruments.registry.get_sample_value(catalog.MEMORY_LIMIT.name) or 0) > 0
