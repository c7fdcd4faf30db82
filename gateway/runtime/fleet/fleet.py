"""All workers: started, listened to, replaced when they die, and ended together."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec
import structlog

from gateway.model.clock import SECOND_NS
from gateway.runtime.fleet.distribution import Distribution
from gateway.runtime.fleet.launcher import Launcher
from gateway.runtime.fleet.process import WorkerProcess, describe_exit
from gateway.runtime.fleet.seat import Seat
from gateway.wire.control import (
    VERSION,
    Applied,
    CircuitChanged,
    Circuits,
    Drain,
    Drained,
    Failed,
    Hello,
    LoopBlocked,
    Measured,
    Notice,
    OpenCircuit,
    Prepared,
    Pressed,
    Suspect,
    Up,
    decode_up,
    encode,
)
from gateway.wire.report import TakeLines

_HELLO_S: Final = 20.0
_PREPARE_S: Final = 10.0
_APPLY_S: Final = 5.0
_DRAIN_GRACE_S: Final = 2.0

_log = structlog.get_logger("sightline.workers")


class FleetObserver(Protocol):
    """Who learns what the workers say and what becomes of them."""

    def on_report(self, worker: int, report: msgspec.Raw, take_lines: TakeLines) -> None:
        """take_lines: for the access lines that are not in it."""

    def on_circuit(self, worker: int, change: CircuitChanged) -> None:
        """The circuit of an upstream is in another state in this worker."""
        ...

    def open_circuits(self, worker: int) -> list[OpenCircuit]:
        """Those that a worker which is new begins with: its predecessor's."""
        ...

    def on_suspect(self, suspect: Suspect) -> None:
        """A worker holds an endpoint to be failing."""
        ...

    def on_trouble(self, worker: int, message: Pressed | LoopBlocked) -> None:
        """What a worker says it is short of, or was held up by."""
        ...

    def on_worker_serving(self, worker: int, pid: int, restarts: int) -> None:
        """A worker serves for the first time."""
        ...

    def on_worker_gone(self, worker: int, reason: str) -> None:
        """reason: killed, crashed, exited, start_failed or unusable; or drained, which is no fault and has no successor."""
        ...

    def on_worker_died(self, worker: int, reason: str, how: str, restart_in_s: float) -> None:
        """It was not asked to end, and will be replaced. how: in words, such as `killed by SIGKILL`."""
        ...

    def on_change(self, states: Mapping[str, int]) -> None:
        """How many workers are in each state now."""
        ...


class Fleet:
    """`seats` are for reading only. Workers count from 1, and have the priority of the thread that made the fleet."""

    def __init__(self, workers: int, observer: FleetObserver) -> None:
        self.seats = [Seat(index) for index in range(1, workers + 1)]
        self.distribution = Distribution(self.seats)
        self.cut = 0
        """Exchanges still running at the deadline of a drain."""
        self._observer = observer
        self._launcher = Launcher()
        self._is_ending = False
        self._lives: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all workers; returns when each has said hello, or has died for the first time."""
        self._lives = [asyncio.create_task(self._keep(seat)) for seat in self.seats]
        await asyncio.wait([asyncio.ensure_future(seat.first_sign.wait()) for seat in self.seats])

    def tell(self, message: bytes) -> None:
        """Send something to every worker that serves and reads; the others do without it."""
        for seat in self.seats:
            if seat.is_serving and seat.is_clear:
                seat.send(message)

    async def drain(self, delay_ns: int, deadline_ns: int) -> None:
        """End every worker in order; those that overstay the deadline, or never served, are killed."""
        self._end()
        message = encode(Drain(delay_ns=delay_ns, deadline_ns=deadline_ns))
        for seat in self.seats:
            if seat.is_serving:
                seat.state = "draining"
                seat.send(message)
            else:
                seat.ended.set()
                seat.kill("drained")
        self._tell_states()
        await _join(self._lives, (delay_ns + deadline_ns) / SECOND_NS + _DRAIN_GRACE_S)
        await self.kill()

    def kill_now(self) -> None:
        """Send every worker a signal it cannot refuse."""
        self._end()
        for seat in self.seats:
            seat.ended.set()
            seat.kill("drained")

    async def kill(self) -> None:
        """The same, and wait until they have ended."""
        self.kill_now()
        await _join(self._lives, _DRAIN_GRACE_S)

    async def _keep(self, seat: Seat) -> None:
        """The workers of one seat, one after another."""
        while True:
            seat.begin()
            self._tell_states()
            reason = await self._live(seat)
            seat.first_sign.set()
            seat.end("stopped" if self._is_ending else "backing_off")
            self._observer.on_worker_gone(seat.index, "drained" if self._is_ending else reason)
            self._tell_states()
            if self._is_ending:
                return
            delay_s = seat.back_off.after(seat.served_s)
            seat.restarts += 1
            _log.error(
                "worker_died", worker=seat.index, reason=reason, how=seat.how_ended, restart_in_s=round(delay_s, 2)
            )
            self._observer.on_worker_died(seat.index, reason, seat.how_ended, delay_s)
            if await _wait(seat.ended, delay_s):
                seat.state = "stopped"
                return

    async def _live(self, seat: Seat) -> str:
        """One worker from start to end; why it ended."""
        try:
            return await self._live_and_die(seat)
        except Exception:
            # Whatever is wrong here, a seat must never be left without a worker for good.
            _log.exception("worker_not_kept", worker=seat.index)
            seat.kill("unusable")
            return "unusable"

    async def _live_and_die(self, seat: Seat) -> str:
        seat.started_at_s = time.time()
        try:
            process = await WorkerProcess.start(
                self._launcher,
                seat.index,
                len(self.seats),
                lambda worker, message: self._on_message(seat, worker, message),
            )
        except OSError as failure:
            seat.how_ended = str(failure)
            return "start_failed"
        seat.process = process
        if self._is_ending:
            process.kill()
        hello_timer = asyncio.get_running_loop().call_later(_HELLO_S, self._expect_hello, seat, process)
        code = await process.wait()
        hello_timer.cancel()
        seat.how_ended = describe_exit(code)
        return seat.kill_reason or ("killed" if code < 0 else "crashed" if code else "exited")

    def _expect_hello(self, seat: Seat, process: WorkerProcess) -> None:
        if seat.process is process and not seat.has_said_hello:
            seat.kill("unusable")

    def _on_message(self, seat: Seat, process: WorkerProcess, data: memoryview) -> None:
        if seat.process is not process:
            seat.process = process  # It spoke before the start was awaited to its end.
        seat.heard_s = time.monotonic()
        try:
            message = decode_up(data)
        except msgspec.DecodeError as failure:
            _log.error("worker_not_understood", worker=seat.index, error=str(failure))
            seat.kill("unusable")
            return
        self._on_up(seat, process, message)

    def _on_up(self, seat: Seat, process: WorkerProcess, message: Up) -> None:
        match message:
            case Measured(report=report):
                self._observer.on_report(seat.index, report, process.take_lines)
                self.distribution.send_addresses(seat)
                self.distribution.send_overrides(seat)
                self.distribution.send_standings(seat)
            case Hello(version=version):
                self._on_hello(seat, version)
            case Prepared():
                self.distribution.on_prepared(seat, message)
            case Applied(revision=revision):
                is_new = seat.state == "starting"
                self.distribution.on_applied(seat, message)
                if is_new and seat.is_serving:
                    self._observer.on_worker_serving(seat.index, seat.pid, seat.restarts)
                if is_new and seat.restarts > 0:
                    _log.info("worker_serving", worker=seat.index, revision=revision, restarts=seat.restarts)
                self._tell_states()
            case Failed(sequence=sequence, error=error):
                self.distribution.on_failed(seat, sequence, error)
            case _:
                self._on_news(seat, message)

    def _on_news(
        self, seat: Seat, message: Pressed | LoopBlocked | CircuitChanged | Suspect | Notice | Drained
    ) -> None:
        match message:
            case Drained(cut=cut):
                self.cut += cut
            case Pressed() | LoopBlocked():
                self._observer.on_trouble(seat.index, message)
            case CircuitChanged():
                self._observer.on_circuit(seat.index, message)
            case Suspect():
                self._observer.on_suspect(message)
            case Notice(level=level, event=event, fields=fields):
                _log.log(_LEVELS[level], event, worker=seat.index, **fields)

    def _on_hello(self, seat: Seat, version: int) -> None:
        if version != VERSION:
            _log.error("worker_of_another_version", worker=seat.index, version=version, expected=VERSION)
            seat.kill("unusable")
            return
        seat.has_said_hello = True
        seat.first_sign.set()
        # Before anything else: what is drained must not get a request of a worker that was started anew.
        self.distribution.send_overrides(seat)
        self.distribution.send_standings(seat)
        if opened := self._observer.open_circuits(seat.index):
            seat.send(encode(Circuits(opened)))
        self.distribution.send_addresses(seat)
        self.distribution.send_sharing(seat)
        self.distribution.catch_up(seat)

    def _end(self) -> None:
        self._is_ending = True
        self.distribution.close()

    def _tell_states(self) -> None:
        self._observer.on_change(Counter(seat.state for seat in self.seats))


_LEVELS: Final = {"info": 20, "warning": 30, "error": 40}


async def _wait(event: asyncio.Event, deadline_s: float) -> bool:
    try:
        async with asyncio.timeout(deadline_s):
            return await event.wait()
    except TimeoutError:
        return False


async def _join(tasks: list[asyncio.Task[None]], deadline_s: float) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=deadline_s)
