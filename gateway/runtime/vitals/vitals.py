"""The vitals of one gateway, made known to its metrics and to who looks."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping

from gateway.model.snapshot import Snapshot
from gateway.runtime.fleet.seat import Seat
from gateway.runtime.intake import WorkerLoad
from gateway.runtime.resolver import Resolved
from gateway.runtime.vitals import circuits as circuit_states
from gateway.runtime.vitals import endpoint_states, processes
from gateway.runtime.vitals.circuits import Circuits
from gateway.runtime.vitals.health import Health
from gateway.runtime.vitals.memory_limit import memory_limit
from gateway.runtime.vitals.processes import ProcessTable
from gateway.runtime.vitals.source_reads import SourceReads
from gateway.runtime.vitals.standing import Standing
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.telemetry.labels import SUPERVISOR, worker_label
from gateway.telemetry.log_ring import LogRing
from gateway.telemetry.store import MetricsStore


class Vitals:
    """path: of the configuration file. What is asked for by scrapes alone costs nothing without them."""

    def __init__(
        self,
        store: MetricsStore,
        instruments: SupervisorInstruments,
        seats: Callable[[], Iterable[Seat]],
        loads: Mapping[int, WorkerLoad],
        health: Health,
        path: str,
        logs: LogRing,
        circuits: Circuits,
    ) -> None:
        """loads: by worker."""
        self.endpoints = health.states
        self._health = health
        self.circuits = circuits
        self.logs = logs
        self._seats = seats
        self._source = SourceReads(path, instruments.source_read_at.set)
        instruments.memory_limit.set_function(memory_limit)
        table = ProcessTable(self._processes)
        store.watch(processes.FAMILIES, table.readings)
        self.standing = Standing(seats, loads, table)
        store.watch(endpoint_states.FAMILIES, self.endpoints.readings)
        store.watch(circuit_states.FAMILIES, circuits.readings)

    def follow(self, snapshot: Snapshot, resolved: Resolved) -> None:
        """This snapshot is running, with these addresses of its names."""
        self._health.follow(snapshot, resolved)
        self.circuits.follow(snapshot)

    async def run(self) -> None:
        """What has to be looked at even if nobody asks; until cancelled."""
        await asyncio.gather(self._source.run(), self._health.run())

    def _processes(self) -> dict[str, int]:
        workers = {worker_label(seat.index): seat.pid for seat in self._seats() if seat.pid}
        return {SUPERVISOR: os.getpid(), **workers}
