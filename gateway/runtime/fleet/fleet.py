"""All workers: started, replaced when they die, given the same snapshot at the same time, and ended together.

A snapshot is served only after every worker that can be reached has compiled it, so that either all swap or none does.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, Protocol

import msgspec
import structlog

from gateway.model.clock import SECOND_NS
from gateway.runtime.fleet.package import Package
from gateway.runtime.fleet.process import WorkerProcess, describe_exit
from gateway.runtime.fleet.seat import Delivery, Seat
from gateway.runtime.listening import SocketGroup
from gateway.wire.control import (
    VERSION,
    Abort,
    Addresses,
    Applied,
    Commit,
    Drain,
    Drained,
    Failed,
    Hello,
    Measured,
    Notice,
    Prepared,
    Up,
    decode_up,
    encode,
)

_HELLO_S: Final = 20.0
_PREPARE_S: Final = 10.0
_APPLY_S: Final = 5.0
_DRAIN_GRACE_S: Final = 2.0

_log = structlog.get_logger("sightline.workers")


class FleetObserver(Protocol):
    """Who learns what the workers say and what becomes of them."""

    def on_report(self, worker: int, report: msgspec.Raw) -> None: ...

    def on_worker_gone(self, worker: int, reason: str) -> None:
        """reason: killed, crashed, exited, start_failed or unusable; or drained, which is no fault and has no successor."""
        ...

    def on_change(self, states: Mapping[str, int]) -> None:
        """How many workers are in each state now."""
        ...


class PublishFailed(Exception):  # noqa: N818 - a verdict about a snapshot
    """No worker serves the snapshot; `str()` says why."""


class Fleet:
    """`seats` are for reading only. Workers count from 1."""

    def __init__(self, workers: int, observer: FleetObserver) -> None:
        self.seats = [Seat(index) for index in range(1, workers + 1)]
        self.package: Package | None = None
        """What every worker serves, or is on its way to."""
        self.cut = 0
        """Exchanges still running at the deadline of a drain."""
        self._observer = observer
        self._groups: dict[str, SocketGroup] = {}
        self._addresses = b""
        self._is_ending = False
        self._lives: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all workers; returns when each has said hello, or has died for the first time."""
        self._lives = [asyncio.create_task(self._keep(seat)) for seat in self.seats]
        await asyncio.wait([asyncio.ensure_future(seat.first_sign.wait()) for seat in self.seats])

    async def publish(
        self, package: Package, groups: dict[str, SocketGroup], before_commit: Callable[[], Awaitable[None]]
    ) -> None:
        """Have every worker serve the package on these sockets; workers that start later get it too.

        before_commit: done once all are able to swap, and before any does. Raises PublishFailed if one of them cannot compile it; then all go on with what they serve. A worker that does
        not answer is not waited for beyond a deadline, and serves the package when it comes back.
        """
        targets = {seat.index: seat for seat in self.seats if seat.is_settled}
        deliveries = [self._deliver(seat, package, groups) for seat in targets.values()]
        await _settle((delivery.prepared for delivery in deliveries), _PREPARE_S)
        errors = {delivery.error for delivery in deliveries if delivery.error}
        if errors:
            for seat in targets.values():
                if seat.delivery in deliveries:
                    seat.delivery = None
                    seat.send(encode(Abort(sequence=package.sequence)))
            raise PublishFailed("; ".join(sorted(errors)))
        await before_commit()
        self.package, self._groups = package, groups
        for seat in targets.values():
            self._commit(seat)
        await _settle((delivery.applied for delivery in deliveries if delivery.prepared.is_set()), _APPLY_S)
        for seat in self.seats:
            self._catch_up(seat)

    def set_addresses(self, resolved: dict[str, tuple[str, ...]]) -> None:
        """All of them, for the workers that run and those to come."""
        self._addresses = encode(Addresses(resolved=resolved))
        for seat in self.seats:
            seat.needs_addresses = True
            self._send_addresses(seat)

    async def drain(self, delay_ns: int, deadline_ns: int) -> None:
        """End every worker in order; those that overstay the deadline, or never served, are killed."""
        self._is_ending = True
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
        self._is_ending = True
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
        try:
            process = await WorkerProcess.start(
                seat.index, len(self.seats), lambda worker, message: self._on_message(seat, worker, message)
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

    def _on_message(self, seat: Seat, process: WorkerProcess, data: bytes) -> None:
        if seat.process is not process:
            seat.process = process  # It spoke before the start was awaited to its end.
        try:
            message = decode_up(data)
        except msgspec.DecodeError as failure:
            _log.error("worker_not_understood", worker=seat.index, error=str(failure))
            seat.kill("unusable")
            return
        self._on_up(seat, message)

    def _on_up(self, seat: Seat, message: Up) -> None:
        match message:
            case Measured(report=report):
                self._observer.on_report(seat.index, report)
                self._send_addresses(seat)
            case Hello(version=version):
                self._on_hello(seat, version)
            case Prepared():
                self._on_prepared(seat, message)
            case Applied():
                self._on_applied(seat, message)
            case Failed(sequence=sequence, error=error):
                self._on_failed(seat, sequence, error)
            case Drained(cut=cut):
                self.cut += cut
            case Notice(level=level, event=event, fields=fields):
                _log.log(_LEVELS[level], event, worker=seat.index, **fields)

    def _on_hello(self, seat: Seat, version: int) -> None:
        if version != VERSION:
            _log.error("worker_of_another_version", worker=seat.index, version=version, expected=VERSION)
            seat.kill("unusable")
            return
        seat.has_said_hello = True
        seat.first_sign.set()
        self._send_addresses(seat)
        self._catch_up(seat)

    def _on_prepared(self, seat: Seat, message: Prepared) -> None:
        delivery = seat.delivery_of(message.sequence)
        if delivery is None:
            return
        delivery.duration_ns, delivery.longest_step_ns = message.duration_ns, message.longest_step_ns
        delivery.prepared.set()
        if delivery.goes_alone:
            seat.send(encode(Commit(sequence=message.sequence)))

    def _on_applied(self, seat: Seat, message: Applied) -> None:
        delivery, seat.delivery = seat.delivery_of(message.sequence), None
        seat.sequence, seat.revision = message.sequence, message.revision
        if not seat.is_serving and not self._is_ending:
            seat.state = "serving"
            seat.serving_since_s = time.monotonic()
        if delivery is not None:
            delivery.applied.set()
        self._tell_states()
        self._catch_up(seat)

    def _on_failed(self, seat: Seat, sequence: int, error: str) -> None:
        delivery = seat.delivery_of(sequence)
        if delivery is None:
            return
        if delivery.goes_alone or delivery.prepared.is_set():
            # The others serve it, so this worker must not go on with anything else.
            _log.error("worker_cannot_apply", worker=seat.index, error=error)
            seat.kill("unusable")
        delivery.error = error
        delivery.prepared.set()

    def _deliver(self, seat: Seat, package: Package, groups: dict[str, SocketGroup]) -> Delivery:
        seat.delivery = delivery = Delivery(package)
        assert seat.process is not None
        try:
            seat.process.hand_over({group.ticket: group.sockets[seat.index - 1] for group in groups.values()})
        except OSError as failure:
            _log.error("worker_takes_no_sockets", worker=seat.index, error=str(failure))
            seat.kill("unusable")
        seat.process.send(*package.messages)
        return delivery

    def _commit(self, seat: Seat) -> None:
        """Serve it now if it is compiled, else as soon as it is."""
        if seat.delivery is not None:
            seat.delivery.goes_alone = True
            if seat.delivery.prepared.is_set():
                seat.send(encode(Commit(sequence=seat.delivery.package.sequence)))

    def _catch_up(self, seat: Seat) -> None:
        """Bring a worker that has nothing under way to the package of all."""
        if self.package is not None and seat.is_settled and seat.sequence != self.package.sequence:
            self._deliver(seat, self.package, self._groups).goes_alone = True

    def _tell_states(self) -> None:
        self._observer.on_change(Counter(seat.state for seat in self.seats))

    def _send_addresses(self, seat: Seat) -> None:
        """Unless the worker is behind with its reading; then with its next report."""
        if seat.needs_addresses and self._addresses and seat.has_said_hello and seat.is_clear:
            seat.needs_addresses = False
            seat.send(self._addresses)


_LEVELS: Final = {"info": 20, "warning": 30, "error": 40}


async def _settle(events: Iterable[asyncio.Event], deadline_s: float) -> None:
    tasks = [asyncio.create_task(_wait(event, deadline_s)) for event in events]
    if tasks:
        await asyncio.wait(tasks)


async def _wait(event: asyncio.Event, deadline_s: float) -> bool:
    try:
        async with asyncio.timeout(deadline_s):
            return await event.wait()
    except TimeoutError:
        return False


async def _join(tasks: list[asyncio.Task[None]], deadline_s: float) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=deadline_s)
