"""The engine of one worker: what the runtime builds, configures, listens with and drains."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from gateway.model.clock import monotonic_ns
from gateway.model.exchange import Exchange
from gateway.model.snapshot import Snapshot
from gateway.proxy.accept import ListenerPort
from gateway.proxy.context import Context
from gateway.proxy.downstream import DownstreamConnection
from gateway.proxy.drain import drain
from gateway.proxy.overload.pressure import Pressure
from gateway.proxy.overload.shedding import Shedding
from gateway.proxy.plan import ActiveConfig, Preparation, RoutePlan
from gateway.routing.table import TableBuilder
from gateway.telemetry.propagation.choosing import Propagators
from gateway.telemetry.recorder import Recorder
from gateway.upstreams.directory import Directory
from gateway.upstreams.gating.breaker import Transition
from gateway.upstreams.live_upstream import LiveUpstream
from gateway.upstreams.outlier import SuspectTold
from gateway.upstreams.retry_budget import RetryBudgets
from gateway.wire.control import EndpointOverride, EndpointStanding, OpenCircuit
from gateway.wire.report import BudgetGauge, GateGauge, PoolGauge

_CONNECTIONS_PER_LOOK: Final = 4000
"""Looking at a connection takes a tenth of a microsecond, so the looks of a second take two milliseconds at most."""
_EMPTY = Snapshot(revision="", sequence=0, listeners=(), upstreams=(), routes=())


class Engine:
    """workers: how many share each listener's limit of connections, and the floor of each retry budget."""

    def __init__(self, loop: asyncio.AbstractEventLoop, recorder: Recorder, workers: int) -> None:
        self._loop = loop
        self._workers = workers
        self._context = Context(loop, recorder, _nothing_configured())
        self._directory = Directory(loop, self._context.deadlines, recorder)
        self._budgets = RetryBudgets(workers)
        self._ports: dict[str, ListenerPort] = {}
        self._leaving: list[ListenerPort] = []
        """Ports that have stopped while connections were open."""
        self._looks_left_out = 0
        self.pressure = Pressure(loop, self._ports.values, self._shed)
        recorder.look = self.open_exchanges
        recorder.gates = self.gate_gauges
        recorder.budgets = self.budget_gauges
        self._context.deadlines.start()

    @property
    def revision(self) -> str:
        return self._context.config.revision

    @property
    def sequence(self) -> int:
        return self._context.config.sequence

    def prepare(self, snapshot: Snapshot) -> Preparation:
        """Begin a new configuration; `snapshot` comes without its routes, they are added one by one."""
        return Preparation(snapshot, self._directory, self._budgets, self._activate)

    def _activate(self, config: ActiveConfig, upstreams: list[LiveUpstream]) -> None:
        replaced = self._context.config.table
        self._directory.activate(upstreams)
        self._context.config = config
        self._context.recorder.configure(config.snapshot.telemetry)
        self.pressure.configure(config.snapshot.overload)
        for name, port in self._ports.items():
            port.listener = config.listeners.get(name, port.listener)
        # Exchanges in flight keep their plans; freeing ten thousand routes at once would be felt by everybody else.
        self._loop.call_soon(self._step, replaced.dismantle())

    def _shed(self, shedding: Shedding | None) -> None:
        self._context.shedding = shedding

    def _step(self, steps: Iterator[None]) -> None:
        if next(steps, self) is not self:
            self._loop.call_soon(self._step, steps)

    async def listen(self, listener: str, sock: socket.socket) -> None:
        """Start accepting for a listener of the active configuration on a bound, listening socket."""
        port = self.add_port(listener)
        await port.serve(sock, lambda: DownstreamConnection(self._context, port))

    def add_port(self, listener: str) -> ListenerPort:
        declared = self._context.config.listeners[listener]
        port = self._ports[listener] = ListenerPort(
            declared, self._loop, self._context.recorder, self._workers, self.pressure
        )
        return port

    async def stop_listening(self, listener: str) -> None:
        """Accept what is queued, then no more; open connections are drained as their exchanges end."""
        port = self._ports.pop(listener)
        self._leaving = [*(left for left in self._leaving if left.connections), port]
        await port.stop()

    def set_addresses(self, resolved: Mapping[str, tuple[str, ...]]) -> None:
        """Renew IP addresses by endpoint address; a missing or empty entry keeps the last good."""
        self._directory.set_addresses(resolved)

    def set_overrides(self, standing: Iterable[EndpointOverride]) -> None:
        """What operators want of endpoints from now on; exchanges under way end where they are."""
        self._directory.set_overrides(standing)

    def set_circuits(self, opened: Iterable[OpenCircuit]) -> None:
        """What to begin with, before the first snapshot."""
        self._directory.set_circuits(opened)

    def set_standings(self, changed: Mapping[str, Iterable[EndpointStanding]]) -> None:
        """What is known of the endpoints of these upstreams from now on."""
        self._directory.set_standings(changed)

    async def drain(self, delay_ns: int, deadline_ns: int) -> int:
        """Run the drain to its end; the number of exchanges cut at the deadline."""
        return await drain(self._context, [*self._ports.values(), *self._leaving], delay_ns, deadline_ns)

    def open_exchanges(self) -> list[Exchange] | None:
        """The exchanges under way, for a report; None where looking at every connection so often would cost too much."""
        ports = [*self._ports.values(), *self._leaving]
        self._looks_left_out += 1
        if sum(len(port.connections) for port in ports) > self._looks_left_out * _CONNECTIONS_PER_LOOK:
            return None
        self._looks_left_out = 0
        if not self._context.in_flight:
            return []
        found = [connection.exchange for port in ports for connection in port.connections]
        return [exchange for exchange in found if exchange is not None]

    def budget_gauges(self) -> list[BudgetGauge]:
        """Of every route with retries."""
        return [BudgetGauge(*use) for use in self._budgets.uses(monotonic_ns())]

    def pool_gauges(self) -> list[PoolGauge]:
        return [
            PoolGauge(
                upstream=live.upstream,
                endpoint=live.address,
                active=live.pool.open - live.pool.idle,
                idle=live.pool.idle,
                pending=live.pool.pending,
                in_flight=live.in_flight,
                max=live.pool.limits.max,
            )
            for live in self._directory.endpoints()
        ]

    def gate_gauges(self) -> list[GateGauge]:
        now_ns = monotonic_ns()
        gauges = []
        for gate in self._directory.gates():
            gate.look(now_ns)
            gauges.append(GateGauge(gate.name, gate.in_flight, gate.concurrency_limit or 0, gate.retries))
        return gauges

    def on_circuit(self, told: Callable[[str, Transition], None]) -> None:
        """Have this called with every change of the circuit of an upstream."""
        self._directory.on_circuit = told

    def on_suspect(self, told: SuspectTold) -> None:
        """Have this called when an endpoint fails too often in a row."""
        self._directory.on_suspect = told


def _nothing_configured() -> ActiveConfig:
    builder: TableBuilder[RoutePlan] = TableBuilder()
    for _ in builder.finish():
        pass
    return ActiveConfig(_EMPTY, builder.table, Propagators(_EMPTY.telemetry.traces, ()))
