"""Supervisor, workers and machine as somebody who looks is told of them: what they run, whether they are heard, what they take."""

import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.config.settings import usable_processors
from gateway.runtime.fleet.seat import Seat
from gateway.runtime.intake import WorkerLoad
from gateway.runtime.vitals.memory_limit import memory_limit
from gateway.runtime.vitals.processes import ProcessTable, Usage
from gateway.telemetry.labels import SUPERVISOR, worker_label
from gateway.wire.views import NodeView, ProcessView, SyncWord, WorkerView

_NO_LOAD = WorkerLoad()


class Standing:
    """Read when asked for; nothing is done while nobody asks."""

    def __init__(
        self, seats: Callable[[], Iterable[Seat]], loads: Mapping[int, WorkerLoad], processes: ProcessTable
    ) -> None:
        """loads: by worker."""
        self._seats = seats
        self._loads = loads
        self._processes = processes
        host = socket.gethostname()
        self.node = NodeView(name=host, host=host, cores=usable_processors(), memory_limit_bytes=memory_limit())
        """As it was when the gateway was started."""

    def supervisor(self) -> ProcessView:
        return ProcessView(pid=os.getpid(), **_usage_of(self._processes.usage().get(SUPERVISOR)))

    def workers(self, sequence: int) -> list[WorkerView]:
        """sequence: of the configuration that runs."""
        usage, now_s = self._processes.usage(), time.monotonic()
        return [self._worker(seat, sequence, usage.get(worker_label(seat.index)), now_s) for seat in self._seats()]

    def _worker(self, seat: Seat, sequence: int, usage: Usage | None, now_s: float) -> WorkerView:
        load = self._loads.get(seat.index, _NO_LOAD)
        sync, detail = sync_of(seat, sequence)
        return WorkerView(
            index=seat.index,
            pid=seat.pid,
            state=seat.state,
            revision=seat.revision,
            sequence=seat.sequence,
            restarts=seat.restarts,
            in_flight=load.in_flight,
            connections=load.connections,
            started_at=datetime.fromtimestamp(seat.started_at_s, UTC).isoformat() if seat.started_at_s else "",
            uptime_s=round(max(0.0, time.time() - seat.started_at_s), 3) if seat.pid else None,
            last_seen_s=round(now_s - seat.heard_s, 3) if seat.heard_s else None,
            sync=sync,
            sync_detail=detail,
            rate=_rounded(load.pulse.rate(now_s)),
            loop_lag_p99_ms=load.pulse.loop_lag_p99_ms(now_s),
            **_usage_of(usage),
        )


def sync_of(seat: Seat, sequence: int) -> tuple[SyncWord, str]:
    """Whether a worker serves this sequence, in a word; and why not, where it said so."""
    if seat.sequence >= sequence > 0:
        return "synced", ""
    refused, error = seat.refused
    if refused == sequence:
        return "rejected", error
    return ("stale", "") if seat.sequence or seat.delivery is not None else ("not_sent", "")


def _usage_of(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    return {"cpu_ratio": _rounded(usage.cpu_ratio), "rss_bytes": usage.resident, "fds": usage.descriptors}


def _rounded(value: float | None) -> float | None:
    return round(value, 3) if value is not None else None
