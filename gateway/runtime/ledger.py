"""What happens to workers and configuration, written down: reports taken in, restarts and reloads counted and told."""

import time
from collections.abc import Mapping

import msgspec
import structlog

from gateway.model.wording import counted
from gateway.runtime.candidate import Candidate
from gateway.runtime.changes.revisions import Revision, Revisions
from gateway.runtime.incidents import Facts, Incidents
from gateway.runtime.intake import Intake
from gateway.runtime.listening import ListeningSockets
from gateway.runtime.reload import Standing
from gateway.runtime.vitals.circuits import Circuits
from gateway.runtime.vitals.overload import OverloadWatch
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.wire.control import CircuitChanged, LoopBlocked, OpenCircuit, Pressed, Suspect
from gateway.wire.report import TakeLines
from gateway.wire.views import ReloadView

_log = structlog.get_logger("sightline.workers")


class Ledger:
    """Implements FleetObserver and ReloadObserver."""

    def __init__(
        self,
        intake: Intake,
        instruments: SupervisorInstruments,
        sockets: ListeningSockets,
        incidents: Incidents,
        revisions: Revisions,
    ) -> None:
        self._intake = intake
        self._instruments = instruments
        self._sockets = sockets
        self._incidents = incidents
        self._revisions = revisions
        self.circuits = Circuits(intake.store, incidents)
        self.overload = OverloadWatch(intake.store, incidents)
        self._listening: dict[str, str] = {}
        instruments.watch_history(lambda: intake.history.bytes, lambda: intake.history.limit)

    def on_report(self, worker: int, report: msgspec.Raw, take_lines: TakeLines) -> None:
        try:
            self._intake.take(worker, report, take_lines)
        except msgspec.DecodeError as failure:
            _log.error("report_not_understood", worker=worker, error=str(failure))

    def on_circuit(self, worker: int, change: CircuitChanged) -> None:
        self.circuits.changed(worker, change)

    def open_circuits(self, worker: int) -> list[OpenCircuit]:
        return self.circuits.opened_in(worker)

    def on_trouble(self, worker: int, message: Pressed | LoopBlocked) -> None:
        self.overload.take(worker, message)

    def on_suspect(self, suspect: Suspect) -> None:
        self._intake.suspected(suspect)

    def on_worker_gone(self, worker: int, reason: str) -> None:
        self._intake.worker_gone(worker)
        self.overload.worker_gone(worker)
        if reason == "drained":
            # It gets no successor, so the kernel must not give its sockets any more connections.
            self._sockets.close_share(worker - 1)
        else:
            self._instruments.worker_restarted(reason)

    def on_worker_serving(self, worker: int, pid: int, restarts: int) -> None:
        again = f" again (restart {restarts})" if restarts else ""
        detail: Facts = {"worker": worker, "pid": pid, "restarts": restarts}
        self._incidents.add("worker_serving", f"worker {worker}", f"worker {worker} serves{again}", detail=detail)

    def on_worker_died(self, worker: int, reason: str, how: str, restart_in_s: float) -> None:
        subject, wait_s = f"worker {worker}", round(restart_in_s, 2)
        detail: Facts = {"worker": worker, "reason": reason, "how": how, "restart_in_s": wait_s}
        self._incidents.add("worker_died", subject, f"worker {worker} ended: {how} ({reason})", detail=detail)
        if restart_in_s > 0:
            text = f"worker {worker} keeps dying; the next is started in {wait_s:g} s"
            self._incidents.add("worker_back_off", subject, text, detail=detail)

    def on_change(self, states: Mapping[str, int]) -> None:
        self._instruments.workers(states)

    def on_reload(self, reload: ReloadView, standing: Standing) -> None:
        self._instruments.config_read(reload.result, reload.trigger)
        self._instruments.source_differs.set(standing.source_differs)
        self._tell_reload(reload, standing.running)
        if reload.result != "applied":
            return
        self._tell_listeners()
        running, source, now_s = standing.running, standing.source, time.time()
        self.overload.settings = running.configuration.snapshot.overload
        self._intake.history.limit = running.configuration.snapshot.telemetry.history.memory
        revision = Revision(
            running.sequence, running.revision, now_s, reload.trigger, reload.actor, source, running.archive,
            reload.reason,
        )  # fmt: skip
        self._revisions.add(revision)
        objects = running.archive.objects
        self._instruments.config_applied(running.revision, source, objects, reload.duration_ms / 1000, now_s)

    def _tell_reload(self, reload: ReloadView, running: Candidate) -> None:
        """What was unchanged is no incident."""
        actor, sequence = reload.actor or reload.trigger, running.sequence
        detail: Facts = {"trigger": reload.trigger, "sequence": sequence}
        if reload.result == "rejected":
            first = reload.errors[0] if reload.errors else None
            told = f": {first.key or first.file}: {first.message}" if first is not None else ""
            detail["errors"] = len(reload.errors)
            subject = reload.revision or "configuration"
            text = f"a configuration from {actor} was rejected, {counted(len(reload.errors), 'error')}{told}"
            self._incidents.add("config_rejected", subject, text, actor, reload.revision, detail)
        elif reload.result == "applied":
            detail["duration_ms"] = reload.duration_ms
            is_rollback = reload.trigger == "rollback"
            verb = "runs again" if is_rollback else "runs"
            if is_rollback and reload.restores != reload.revision:
                verb = f"runs in place of {reload.restores}, since what that refers to has changed"
            said = f": {reload.reason}" if reload.reason else ""
            self._incidents.add(
                "config_rolled_back" if is_rollback else "config_applied",
                reload.revision,
                f"revision {reload.revision} {verb}, sequence {sequence}, by {actor}{said}",
                actor,
                reload.revision,
                detail,
            )

    def _tell_listeners(self) -> None:
        """Those that are open now and were not, and the other way about."""
        open_now = {name: group.address for name, group in self._sockets.groups.items()}
        for name, address in self._listening.items() - open_now.items():
            self._incidents.add("listener_closed", name, f"listener {name} does not listen on {address} any more")
        for name, address in open_now.items() - self._listening.items():
            self._incidents.add("listener_opened", name, f"listener {name} listens on {address}")
        self._listening = open_now
