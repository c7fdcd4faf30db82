"""The supervisor: builds everything, starts it in order, follows the configuration, and ends it in order.

Start: configuration, sockets, admin API, workers and names, first snapshot. End: readiness, workers, sinks, admin API.
"""

import asyncio
import gc
import os
import signal
import socket
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from gateway.admin.access import AccessRules
from gateway.admin.server import AdminServer
from gateway.admin.state import NotUpgradable
from gateway.config.configuration import Configuration
from gateway.model.snapshot import Snapshot
from gateway.model.wording import counted
from gateway.net.sockets import BindError
from gateway.runtime.actions.actions import build_actions
from gateway.runtime.candidate import Candidate, Loader
from gateway.runtime.changes.changes import Changes
from gateway.runtime.changes.figures import HistoryFigures
from gateway.runtime.changes.revisions import Revisions
from gateway.runtime.changes.sink_trouble import SinkTrouble
from gateway.runtime.fleet.departure import Departure
from gateway.runtime.fleet.distribution import PublishFailed
from gateway.runtime.fleet.fleet import Fleet
from gateway.runtime.fleet.package import build_package
from gateway.runtime.incidents import Incidents
from gateway.runtime.intake import Intake
from gateway.runtime.ledger import Ledger
from gateway.runtime.listening import ListeningSockets, SocketGroup
from gateway.runtime.live.live import LiveTraffic
from gateway.runtime.live.topics import incidents_topic, logs_topic
from gateway.runtime.reload import NotApplied, Reloads
from gateway.runtime.resolver import Resolved, Resolver
from gateway.runtime.sinks import Sinks
from gateway.runtime.state import RunningGateway
from gateway.runtime.succession.estate import Estate
from gateway.runtime.succession.notify import notify
from gateway.runtime.succession.predecessor import Predecessor
from gateway.runtime.succession.takeover import TakeOver
from gateway.runtime.succession.upgrades import Upgrades
from gateway.runtime.vitals.health import build_health
from gateway.runtime.vitals.vitals import Vitals
from gateway.telemetry.background import main_stands_back
from gateway.telemetry.exposition import Exposition
from gateway.telemetry.history.history import History
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.telemetry.log_ring import LogRing
from gateway.telemetry.store import MetricsStore

_BIND_RETRY_S: Final = 2.0
"""An address may still be held by the workers of a supervisor that was killed; they end within moments."""

_READY_S: Final = 30.0
"""For workers that die on their way to serving and are started again, in a program that takes another one's place."""

_SINKS_S: Final = 3.0
_WARNINGS_LOGGED: Final = 20
_INTERRUPTED: Final = 130

_log = structlog.get_logger("sightline")


class StartFailed(Exception):  # noqa: N818 - the name says what is the case
    """The gateway cannot run on this machine as configured; `str()` is a sentence for the operator."""


class Supervisor:
    """One gateway, from its first configuration to its end. `run` is called once."""

    def __init__(
        self,
        loader: Loader,
        first: Candidate,
        environ: Mapping[str, str],
        logs: LogRing,
        predecessor: Predecessor | None = None,
        resumed: Candidate | None = None,
    ) -> None:
        """first: as loaded from the loader's file. logs: of this process, from its start. predecessor: the program whose
        place this one takes. resumed: what was handed in to that one, and runs instead of the file's."""
        configuration = (resumed or first).configuration
        self._loader = loader
        self._stop = asyncio.Event()
        self._store = MetricsStore(workers=configuration.workers)
        self._sinks = Sinks(self._store, environ)
        self._sockets = ListeningSockets(configuration.workers)
        instruments, revisions = SupervisorInstruments(), Revisions()
        self._live = LiveTraffic(lambda: self._snapshot, lambda message: self._fleet.tell(message), instruments)  # noqa: PLW0108 - the fleet is made later
        intake = Intake(self._store, self._sinks, self._live, History())
        self._incidents = Incidents(lambda: self._snapshot.revision)
        self._live.register(incidents_topic(self._incidents), logs_topic(logs))
        ledger = Ledger(intake, instruments, self._sockets, self._incidents, revisions)
        self._overload, self._fleet = ledger.overload, Fleet(configuration.workers, ledger)
        self._health = intake.health = build_health(self._store, self._incidents, self._fleet.distribution)
        self._vitals = Vitals(
            self._store, instruments, lambda: self._fleet.seats, intake.loads, self._health, loader.path, logs,
            ledger.circuits,
        )  # fmt: skip
        self._resolver = Resolver(self._set_addresses, _log_dns_trouble)
        self._reloads = Reloads(loader, first, self._apply, ledger, resumed)
        exposition = Exposition(self._store, instruments)
        changes = Changes(self._incidents, revisions, self._reloads, HistoryFigures(intake.history))
        self._upgrades = Upgrades(self._fleet.distribution, self._incidents, self._stop.set)
        actions = build_actions(self._reloads, intake, self._health.states, self._incidents, self._upgrades)
        self._gateway = RunningGateway(
            self._reloads, self._fleet, self._sockets, self._vitals, intake, exposition, changes, actions
        )
        self._live.register_status(self._gateway.status)
        self._access = AccessRules(configuration.admin.tokens)
        self._admin = AdminServer(self._gateway, self._access, configuration.admin.host, configuration.admin.port)
        estate = Estate(
            self._reloads, self._health, ledger.circuits, self._incidents, revisions, self._sockets, self._admin
        )
        self._upgrades.estate = estate
        self._takeover = TakeOver(predecessor, estate, self._fleet.distribution) if predecessor else None
        self._departure = Departure(self._fleet, self._sockets, self._incidents)
        self._is_told_to_end = self._is_published = False
        self._tasks = _Tasks()

    async def run(self) -> int:
        """The exit code. Raises StartFailed."""
        on_ending, loop = self._on_ending_signal, asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, on_ending)
        loop.add_signal_handler(signal.SIGINT, on_ending)
        loop.add_signal_handler(signal.SIGUSR1, self._reopen_logs)
        loop.add_signal_handler(signal.SIGUSR2, self._upgrade)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._tasks.spawn(self._reloads.reload_file("signal")))
        main_stands_back()
        try:
            if await _unless_stopped(self._stop, self._start()):
                await self._stop.wait()
        finally:
            if self._is_published:
                await self._drain()
            await self._close()
        return 0

    async def _start(self) -> None:
        began_s = time.monotonic()
        inherited = self._takeover.accept() if self._takeover else ()
        running, snapshot = self._reloads.running, self._snapshot
        self._access.tokens = running.configuration.admin.tokens
        groups = await _bind_first(self._sockets, snapshot)
        if self._takeover is None:
            await _open_admin(self._admin, running.configuration.admin.address)
        self._sockets.adopt(groups)
        telemetry = self._sinks.follow(running.configuration, _SINKS_S)
        await asyncio.gather(self._fleet.start(), self._resolver.follow(snapshot), telemetry)
        self._is_published = True
        try:
            await self._publish(running, groups)
        except PublishFailed as failure:
            raise StartFailed(f"no worker can run this configuration: {failure}") from failure
        self._reloads.note_start(time.monotonic() - began_s)
        self._tasks.spawn(self._resolver.run())
        self._tasks.spawn(self._vitals.run())
        self._tasks.spawn(self._overload.run(self._fleet))
        self._tasks.spawn(self._reloads.watch())
        self._tasks.spawn(SinkTrouble(self._store, self._incidents).watch())
        if self._takeover is not None:
            await _until_ready(self._gateway)
            await _open_admin(self._admin, running.configuration.admin.address, inherited)
            self._takeover.serve()
            self._tasks.spawn(self._takeover.see_off())
        _log_start(running.configuration, self._sockets, self._admin.port)
        self._tell_ready()

    async def _apply(self, candidate: Candidate) -> None:
        """Have the workers run another configuration; raises NotApplied, and then all is as it was."""
        snapshot = candidate.configuration.snapshot
        if self._gateway.is_draining or self._upgrades.has_succeeded:
            raise NotApplied("", "the gateway is ending")
        try:
            groups = self._sockets.bind(snapshot.listeners)
        except BindError as failure:
            raise NotApplied("listeners", str(failure)) from failure
        try:
            await self._resolver.follow(snapshot)
            await self._publish(candidate, groups)
        except PublishFailed as failure:
            self._sockets.give_up(groups)
            await self._resolver.follow(self._snapshot)
            raise NotApplied("", f"no worker can run it: {failure}") from failure
        self._sockets.adopt(groups)
        self._access.tokens = candidate.configuration.admin.tokens
        await self._sinks.follow(candidate.configuration, _SINKS_S)

    async def _publish(self, candidate: Candidate, groups: dict[str, SocketGroup]) -> None:
        tickets = {listener: group.ticket for listener, group in groups.items()}
        package = build_package(candidate.configuration.snapshot, candidate.slices, tickets)
        await self._fleet.distribution.publish(
            package, groups, lambda: self._departure.retire(self._sockets.unused(groups))
        )
        self._vitals.follow(candidate.configuration.snapshot, self._resolver.resolved)
        # A configuration lives long and has no cycles. A full collection would walk all of it, with the loop stalled.
        # What is garbage already is not to be kept for ever with it, which concerns the young only: old garbage does not
        # come about. A full collection found the same 124 objects, from imports, after 20 and after 200 reloads of 1,000
        # routes, and after 100 with refused ones and live streams between them.
        gc.collect(1)
        gc.freeze()

    def _set_addresses(self, resolved: Resolved) -> None:
        self._fleet.distribution.set_addresses(resolved)
        self._health.resolved(resolved)

    async def _drain(self) -> None:
        """Readiness fails first; then, after the delay, the sockets close, and what is in flight ends. Where another program
        serves by now, it is ready, and nobody needs to be told."""
        self._tasks.cancel()
        drain = self._snapshot.drain
        if self._upgrades.has_succeeded:
            self._gateway.is_succeeded = True
            self._live.close()
            await self._admin.leave()
            await self._upgrades.leave(await self._departure.drain(0, drain.deadline_ns))
            return
        self._gateway.is_draining = True
        notify(os.environ, "STOPPING=1")
        await self._upgrades.abort()
        await self._departure.drain(drain.delay_ns, drain.deadline_ns)

    async def _close(self) -> None:
        """In the order that loses least, whatever was reached; each step is bounded."""
        self._gateway.is_draining = True
        self._tasks.cancel()
        await self._fleet.kill()
        self._sockets.close()
        self._live.close()
        await self._sinks.close(_SINKS_S)
        await self._admin.close()
        self._loader.close()
        _log.info("stopped")

    def _tell_ready(self) -> None:
        is_ready, reasons = self._gateway.is_ready()
        workers, routes = len(self._fleet.seats), len(self._snapshot.routes)
        event = "ready" if is_ready else "not_ready"
        _log.info(event, revision=self._snapshot.revision, workers=workers, routes=routes, reasons=reasons)
        text = f"the gateway started with {counted(workers, 'worker')} and {counted(routes, 'route')}"
        self._incidents.add("gateway_started", "gateway", text, detail={"workers": workers, "routes": routes})
        self._upgrades.stage = "serving"
        notify(os.environ, "READY=1")

    @property
    def _snapshot(self) -> Snapshot:
        return self._reloads.running.configuration.snapshot

    def _reopen_logs(self) -> None:
        self._sinks.reopen()
        self._incidents.add("log_reopened", "access log", "files of access lines are opened anew", "signal")

    def _upgrade(self) -> None:
        try:
            self._upgrades.begin("signal")
        except NotUpgradable as verdict:
            _log.warning("upgrade_refused", because=str(verdict))

    def _on_ending_signal(self) -> None:
        """The first one drains; whoever sends another does not want to wait."""
        if self._is_told_to_end:
            self._fleet.kill_now()
            os._exit(_INTERRUPTED)
        self._is_told_to_end = True
        self._stop.set()


class _Tasks:
    """What runs beside everything else until the end; a failure is logged, and ends nothing else."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._on_done)

    def cancel(self) -> None:
        for task in self._running:
            task.cancel()

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            _log.error("background_task_failed", exc_info=failure)


async def _unless_stopped(stop: asyncio.Event, start: Coroutine[Any, Any, None]) -> bool:
    """Whether the start came to its end before somebody wanted the gateway to stop."""
    starting, stopping = asyncio.create_task(start), asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        stopping.cancel()
        await starting
        return True
    starting.cancel()
    with suppress(asyncio.CancelledError):
        await starting
    return False


async def _bind_first(sockets: ListeningSockets, snapshot: Snapshot) -> dict[str, SocketGroup]:
    until_s = time.monotonic() + _BIND_RETRY_S
    while True:
        try:
            return sockets.bind(snapshot.listeners)
        except BindError as failure:
            if not failure.in_use or time.monotonic() > until_s:
                raise StartFailed(str(failure)) from failure
        await asyncio.sleep(0.05)


async def _open_admin(admin: AdminServer, address: str, inherited: Sequence[socket.socket] = ()) -> None:
    try:
        await admin.start(inherited)
    except OSError as failure:
        raise StartFailed(str(BindError(f"{address} (admin)", failure))) from failure


async def _until_ready(gateway: RunningGateway) -> None:
    until_s = time.monotonic() + _READY_S
    while not gateway.is_ready()[0]:
        if time.monotonic() > until_s:
            raise StartFailed("; ".join(gateway.is_ready()[1]))
        await asyncio.sleep(0.05)


def _log_start(configuration: Configuration, sockets: ListeningSockets, admin_port: int) -> None:
    for warning in configuration.warnings[:_WARNINGS_LOGGED]:
        _log.warning("config_warning", file=warning.file, line=warning.line, key=warning.key, warning=warning.message)
    for name, group in sockets.groups.items():
        _log.info("listening", listener=name, address=group.address)
    host = configuration.admin.host
    _log.info("admin_listening", address=f"{f'[{host}]' if ':' in host else host}:{admin_port}")


def _log_dns_trouble(name: str, why: str) -> None:
    _log.warning("name_not_resolved", host=name, error=why)
