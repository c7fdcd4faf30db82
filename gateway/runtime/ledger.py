"""What happens to workers and configuration, written down: reports taken in, restarts and reloads counted."""

import time
from collections.abc import Mapping

import msgspec
import structlog

from gateway.runtime.candidate import Candidate
from gateway.runtime.intake import Intake
from gateway.runtime.listening import ListeningSockets
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.wire.views import ReloadView

_log = structlog.get_logger("sightline.workers")


class Ledger:
    """Implements FleetObserver and ReloadObserver."""

    def __init__(self, intake: Intake, instruments: SupervisorInstruments, sockets: ListeningSockets) -> None:
        self._intake = intake
        self._instruments = instruments
        self._sockets = sockets

    def on_report(self, worker: int, report: msgspec.Raw) -> None:
        try:
            self._intake.take(worker, report)
        except msgspec.DecodeError as failure:
            _log.error("report_not_understood", worker=worker, error=str(failure))

    def on_worker_gone(self, worker: int, reason: str) -> None:
        self._intake.worker_gone(worker)
        if reason == "drained":
            # It gets no successor, so the kernel must not give its sockets any more connections.
            self._sockets.close_share(worker - 1)
        else:
            self._instruments.worker_restarted(reason)

    def on_change(self, states: Mapping[str, int]) -> None:
        self._instruments.workers(states)

    def on_reload(self, reload: ReloadView, running: Candidate, source: str) -> None:
        self._instruments.config_read(reload.result, is_first=reload.trigger == "start")
        if reload.result != "applied":
            return
        snapshot = running.configuration.snapshot
        objects = {
            "listener": len(snapshot.listeners),
            "upstream": len(snapshot.upstreams),
            "route": len(snapshot.routes),
        }
        self._instruments.config_applied(running.revision, source, objects, reload.duration_ms / 1000, time.time())
