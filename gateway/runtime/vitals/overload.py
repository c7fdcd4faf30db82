"""What the workers are short of, as the supervisor hears it: metrics, incidents and log lines of it; and the sum of their memory,
which none of them knows alone.
"""

import asyncio
import threading
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from gateway.model.clock import NEVER_NS, SECOND_NS, monotonic_ns
from gateway.model.overload import GROUP_LIMIT, OverloadSettings
from gateway.runtime.fleet.seat import Seat
from gateway.runtime.incidents import Facts, Incidents
from gateway.runtime.vitals.memory_limit import memory_group
from gateway.runtime.vitals.memory_use import private_memory
from gateway.runtime.vitals.watchdog import Blocked, Watchdog
from gateway.telemetry import catalog
from gateway.telemetry.labels import SUPERVISOR, worker_label
from gateway.telemetry.merging.gauges import Reading
from gateway.telemetry.store import MetricsStore
from gateway.wire.control import LoopBlocked, MemoryUse, Pressed, ResourcePressure, encode

FAMILIES: Final = (catalog.OVERLOAD_PRESSURE, catalog.OVERLOAD_LEVEL)

_LOOK_S: Final = 0.25
_LOOK_CLOSELY_S: Final = 0.05
"""Above the first mark of memory: what workers know of each other must not be older than they can afford."""
_TELL_ABOVE: Final = 0.5
"""Of the limit of memory: beneath it workers need not know of each other."""
_FINE: Final = "fine"
_LEVELS: Final = {_FINE: 0, "shed": 1, "refuse": 2}
_WORDS: Final = {"memory": "memory", "loop_delay": "processor time", "file_descriptors": "file descriptors"}

_log = structlog.get_logger("sightline.overload")


class Workers(Protocol):
    """The fleet."""

    @property
    def seats(self) -> Sequence[Seat]: ...

    def tell(self, message: bytes) -> None: ...


class OverloadWatch:
    """Fed on the supervisor's loop, read by scrapes from any thread."""

    def __init__(self, store: MetricsStore, incidents: Incidents) -> None:
        self.settings = OverloadSettings()
        """Of the running configuration."""
        self._store = store
        self._incidents = incidents
        self._lock = threading.Lock()
        self._pressures: dict[tuple[int, str], ResourcePressure] = {}
        self._began_ns: dict[str, int] = {}
        """Since when some worker has been short of each resource; those of which none is are left out."""
        self._group = memory_group()
        self._has_told = False
        self.pause_s = _LOOK_S
        """Until it is looked again."""
        store.watch(FAMILIES, self.readings)

    async def run(self, workers: Workers) -> None:
        """Look after memory, and after the loop this runs on; until cancelled."""
        watchdog, after_ns = Watchdog(lambda blocked: self.blocked(SUPERVISOR, blocked)), NEVER_NS
        try:
            while True:
                if self.settings.watchdog_ns != after_ns:
                    after_ns = self.settings.watchdog_ns
                    watchdog.configure(after_ns)
                self.share_memory(workers)
                await asyncio.sleep(self.pause_s)
        finally:
            watchdog.stop()

    def share_memory(self, workers: Workers) -> None:
        """Tell the workers what all take together, once that is much."""
        limit = self.settings.memory.limit
        group = self._group if limit == GROUP_LIMIT else None
        limit = group.limit if group is not None else limit
        if not limit or limit == GROUP_LIMIT:
            self.pause_s = _LOOK_S
            return
        total = private_memory() + sum(private_memory(seat.pid) for seat in workers.seats if seat.pid)
        if group is not None:
            # What sockets take in the kernel is nobody's memory, and counts against the group's limit all the same.
            total = max(total, group.used())
        is_much = total > limit * _TELL_ABOVE
        self.pause_s = _LOOK_CLOSELY_S if total > limit * self.settings.memory.shed_above else _LOOK_S
        if is_much or self._has_told:
            workers.tell(encode(MemoryUse(total=total)))
        self._has_told = is_much

    def take(self, worker: int, message: Pressed | LoopBlocked) -> None:
        """What a worker says of itself."""
        if isinstance(message, Pressed):
            self.pressed(worker, message.resources)
        else:
            blocked = Blocked(message.duration_ns, message.cpu_ns, tuple(message.frames))
            self.blocked(worker_label(worker), blocked)

    def pressed(self, worker: int, resources: list[ResourcePressure]) -> None:
        """How short a worker is of each thing now."""
        for now in resources:
            with self._lock:
                before = self._pressures.get((worker, now.resource))
                self._pressures[worker, now.resource] = now
            if now.level != (before.level if before is not None else _FINE):
                self._changed(worker, now)

    def worker_gone(self, worker: int) -> None:
        """It is short of nothing any more."""
        gone = [now for (index, _), now in self._pressures.items() if index == worker]
        with self._lock:
            self._pressures = {key: now for key, now in self._pressures.items() if key[0] != worker}
        for now in gone:
            if now.level != _FINE:
                self._note_end(worker, now)

    def blocked(self, process: str, blocked: Blocked) -> None:
        """A loop stood still. process: its label in metrics."""
        duration_ms, cpu_ms = round(blocked.duration_ns / 1e6), round(blocked.cpu_ns / 1e6)
        frames = list(blocked.frames)
        self._store.count(catalog.EVENT_LOOP_BLOCKED, (process,), 1)
        _log.warning("loop_blocked", process=process, duration_ms=duration_ms, cpu_ms=cpu_ms, frames=frames)
        text = f"the event loop of {_name(process)} stood still for {duration_ms} ms in {frames[0]}"
        detail: Facts = {"process": process, "duration_ms": duration_ms, "cpu_ms": cpu_ms}
        detail |= {f"frame_{number}": frame for number, frame in enumerate(frames, 1)}
        self._incidents.add("loop_blocked", _name(process), text, detail=detail)

    def readings(self) -> list[Reading]:
        """For a scrape: of each worker that has spoken."""
        with self._lock:
            pressures = list(self._pressures.items())
        found: list[Reading] = []
        for (worker, resource), now in pressures:
            ratio = now.value / now.threshold if now.threshold else 0.0
            found.append((catalog.OVERLOAD_PRESSURE, (str(worker), resource), ratio))
            found.append((catalog.OVERLOAD_LEVEL, (str(worker), resource), _LEVELS.get(now.level, 0)))
        return found

    def _changed(self, worker: int, now: ResourcePressure) -> None:
        value, threshold = _amount(now.resource, now.value), _amount(now.resource, now.threshold)
        _log.warning(
            "overload", worker=worker, resource=now.resource, level=now.level, value=value, threshold=threshold
        )
        if now.level == _FINE:
            self._note_end(worker, now)
        elif now.resource not in self._began_ns:
            self._began_ns[now.resource] = monotonic_ns()
            text = f"worker {worker} is short of {_WORDS[now.resource]}: {value}, and {threshold} is the mark"
            self._incidents.add("overload_began", f"worker {worker}", text, detail=_facts(worker, now))

    def _note_end(self, worker: int, now: ResourcePressure) -> None:
        is_over = any(one.resource == now.resource and one.level != _FINE for one in self._pressures.values())
        began_ns = None if is_over else self._began_ns.pop(now.resource, None)
        if began_ns is None:
            return
        seconds = round((monotonic_ns() - began_ns) / SECOND_NS, 1)
        text = f"no worker is short of {_WORDS[now.resource]} any more, after {seconds:g} s"
        self._incidents.add(
            "overload_ended", f"worker {worker}", text, detail={**_facts(worker, now), "seconds": seconds}
        )


def _facts(worker: int, now: ResourcePressure) -> Facts:
    return {
        "worker": worker, "resource": now.resource, "level": now.level, "value": now.value, "threshold": now.threshold,
    }  # fmt: skip


def _name(process: str) -> str:
    return "the supervisor" if process == SUPERVISOR else process.replace("-", " ")


def _amount(resource: str, value: float) -> str:
    if resource == "memory":
        return f"{value / (1 << 20):.0f} MiB"
    return f"{value * 1000:.0f} ms" if resource == "loop_delay" else f"{value:.0f}"
