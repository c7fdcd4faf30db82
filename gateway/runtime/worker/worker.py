"""The engine of one process, fed and commanded over the control socket."""

import asyncio
import gc
import os
import socket
from collections.abc import Coroutine
from typing import Any, Final

from gateway.model.clock import monotonic_ns
from gateway.model.snapshot import DrainSettings
from gateway.net.sockets import refuse_new_connections
from gateway.proxy.engine import Engine
from gateway.runtime.link.channel import Channel
from gateway.runtime.link.handover import take_over
from gateway.runtime.link.line_memory import LineMemory
from gateway.runtime.vitals.memory_limit import group_memory_limit
from gateway.runtime.vitals.memory_use import private_memory, shrink_heap
from gateway.runtime.vitals.watchdog import Blocked, Watchdog
from gateway.runtime.worker.assembly import BUSY, IDLE, Assembly
from gateway.runtime.worker.faults import FaultNotices
from gateway.runtime.worker.reporter import Reporter
from gateway.telemetry.recorder import Recorder
from gateway.upstreams.gating.breaker import Transition
from gateway.wire.control import (
    VERSION,
    Abort,
    Addresses,
    Applied,
    Attend,
    Begin,
    CircuitChanged,
    Circuits,
    Commit,
    Drain,
    Drained,
    Failed,
    Hello,
    LoopBlocked,
    MemoryUse,
    Overrides,
    Prepared,
    Pressed,
    Share,
    Slice,
    Standings,
    Suspect,
    Up,
    decode_down,
    encode,
)

_LAST_WORDS_S: Final = 1.0
"""How long a worker that is done waits for the supervisor to take its last report."""


class Worker:
    """Obeys the supervisor until it says Drain, or until it is gone, which means the same without a delay."""

    def __init__(self, index: int, workers: int, handover: socket.socket, lines: LineMemory | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._index = index
        self._handover = handover
        self._recorder = Recorder(index, lines)
        self._engine = Engine(loop, self._recorder, workers)
        self._engine.on_circuit(self._circuit_changed)
        self._engine.on_suspect(lambda *facts: self._send(Suspect(*facts)))
        pressure = self._engine.pressure
        pressure.memory_use, pressure.group_limit = private_memory, group_memory_limit()
        pressure.shrink = shrink_heap
        pressure.told = lambda resources: self._send(Pressed(resources=resources))
        self._watchdog = Watchdog(self._on_blocked)
        self._channel: Channel | None = None
        self._assembly: Assembly | None = None
        self._drain_settings = DrainSettings()
        self._sockets: dict[int, socket.socket] = {}
        self._listening: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_draining = False
        self._is_sharing = False
        self._cut: int | None = None
        self._done = asyncio.Event()
        self._faults = FaultNotices(self._send)
        loop.set_exception_handler(self._faults.on_loop_exception)

    async def run(self, control: socket.socket) -> bool:
        """Until everything is drained and said; False if it ended for a fault of its own."""
        self._channel = channel = await Channel.open(control, self._on_message, self._on_supervisor_gone)
        reporter = Reporter(self._recorder, self._engine.pool_gauges, channel)
        self._send(Hello(version=VERSION, worker=self._index, pid=os.getpid()))
        reporter.start()
        await self._done.wait()
        await reporter.finish(_LAST_WORDS_S)
        if self._cut is not None:
            self._send(Drained(cut=self._cut))
        await channel.flush(_LAST_WORDS_S)
        return self._cut is not None

    def _on_message(self, message: memoryview) -> None:
        match decode_down(message):
            case Begin() | Commit() if self._is_draining:
                return
            case Begin() as begin:
                self._begin(begin)
            case Slice() as part:
                if self._assembly is not None:
                    self._assembly.extend(part)
            case Commit(sequence=sequence):
                self._spawn(self._commit(sequence))
            case Abort():
                self._drop_assembly()
            case Addresses() | Overrides() | Standings() | Circuits() | MemoryUse() | Share() as told:
                self._take_note(told)
            case Attend(tap=tap, in_flight=in_flight):
                self._recorder.attend(tap, in_flight=in_flight)
            case Drain(delay_ns=delay_ns, deadline_ns=deadline_ns):
                self._spawn(self._drain(delay_ns, deadline_ns))

    def _take_note(self, told: Addresses | Overrides | Standings | Circuits | MemoryUse | Share) -> None:
        if isinstance(told, Addresses):
            self._engine.set_addresses(told.resolved)
        elif isinstance(told, Standings):
            self._engine.set_standings(told.upstreams)
        elif isinstance(told, Circuits):
            self._engine.set_circuits(told.opened)
        elif isinstance(told, MemoryUse):
            self._engine.pressure.note_others(told.total)
        elif isinstance(told, Overrides):
            self._engine.set_overrides(told.standing)
        else:
            self._is_sharing = told.is_shared

    def _begin(self, begin: Begin) -> None:
        self._drop_assembly()
        self._sockets.update(take_over(self._handover))
        # A collection would walk the half-built table again and again; see _settle for the other half of this.
        gc.disable()
        pace = BUSY if self._listening else IDLE
        self._assembly = Assembly(begin, self._engine.prepare, self._on_assembled, pace)

    def _on_assembled(self, failure: Exception | None) -> None:
        assembly = self._assembly
        assert assembly is not None
        sequence = assembly.begin.snapshot.sequence
        if failure is not None:
            self._drop_assembly()
            self._send(Failed(sequence=sequence, error=repr(failure)))
            return
        self._send(
            Prepared(sequence=sequence, duration_ns=assembly.duration_ns, longest_step_ns=assembly.longest_step_ns)
        )

    async def _commit(self, sequence: int) -> None:
        assembly, self._assembly = self._assembly, None
        if assembly is None or assembly.preparation is None or assembly.begin.snapshot.sequence != sequence:
            self._settle()
            self._send(Failed(sequence=sequence, error="this snapshot was not prepared"))
            return
        began_ns = monotonic_ns()
        assembly.preparation.activate()
        self._drain_settings = assembly.begin.snapshot.drain
        self._watchdog.configure(assembly.begin.snapshot.overload.watchdog_ns)
        self._settle()
        swap_ns = monotonic_ns() - began_ns
        await self._listen(assembly.begin.sockets)
        revision = assembly.begin.snapshot.revision
        self._send(Applied(sequence=sequence, revision=revision, swap_ns=swap_ns))

    async def _listen(self, wanted: dict[str, int]) -> None:
        """Accept on these sockets and no others. The engine gets copies: a ticket may move from one listener to another."""
        for listener, ticket in list(self._listening.items()):
            if wanted.get(listener) != ticket:
                del self._listening[listener]
                await self._engine.stop_listening(listener)
        for listener, ticket in wanted.items():
            if listener not in self._listening:
                self._listening[listener] = ticket
                await self._engine.listen(listener, self._sockets[ticket].dup())
        for ticket in self._sockets.keys() - wanted.values():
            self._sockets.pop(ticket).close()

    def _drop_assembly(self) -> None:
        if self._assembly is not None:
            self._assembly.cancel()
            self._assembly = None
            self._settle()

    def _settle(self) -> None:
        """A snapshot lives long and has no cycles: keep it out of every later collection, which would stall the loop."""
        gc.freeze()
        gc.enable()

    def _on_supervisor_gone(self) -> None:
        """Nobody would restart this worker or fail its readiness: it ends in order, and its sockets become free."""
        if not self._is_draining and not self._is_sharing:
            for sock in self._sockets.values():
                refuse_new_connections(sock)
        self._spawn(self._drain(0, self._drain_settings.deadline_ns))

    async def _drain(self, delay_ns: int, deadline_ns: int) -> None:
        if self._is_draining:
            return
        self._is_draining = True
        # The engine has copies of its own, which it closes when the time has come; then nobody must hold one.
        for sock in self._sockets.values():
            sock.close()
        self._cut = await self._engine.drain(delay_ns, deadline_ns)
        self._done.set()

    def _circuit_changed(self, upstream: str, change: Transition) -> None:
        self._send(CircuitChanged(upstream, change.to, change.cause, change.requests, change.failures))

    def _on_blocked(self, blocked: Blocked) -> None:
        self._send(LoopBlocked(duration_ns=blocked.duration_ns, cpu_ns=blocked.cpu_ns, frames=list(blocked.frames)))

    def _send(self, message: Up) -> None:
        if self._channel is not None:
            self._channel.send(encode(message))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it; a failure ends the worker, whose replacement starts from a known state."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._faults.on_task_failed(task)
            self._done.set()
