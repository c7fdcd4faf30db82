"""The supervisor's own metrics, kept by prometheus_client in the ordinary way: they change rarely and cost nothing."""

import platform
from collections.abc import Callable, Mapping
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, Summary, disable_created_metrics

from gateway import __version__, is_compiled
from gateway.telemetry import catalog
from gateway.telemetry.catalog import Instrument
from gateway.wire.views import ReloadResult, ReloadTrigger, WorkerState

RESTART_REASONS: Final = ("killed", "crashed", "exited", "start_failed", "unusable")
"""Why a worker had to be replaced."""


class SupervisorInstruments:
    """Workers and configuration as metrics. `registry` also carries the process metrics of the supervisor."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._workers = _gauge(catalog.WORKERS, registry)
        self._restarts = _counter(catalog.WORKER_RESTARTS, registry)
        self._info = _gauge(catalog.CONFIG_INFO, registry)
        self._reload_success = _gauge(catalog.CONFIG_LAST_RELOAD_SUCCESS, registry)
        self._applied_at = _gauge(catalog.CONFIG_LAST_APPLIED, registry)
        self._reloads = _counter(catalog.CONFIG_RELOADS, registry)
        self._apply_duration = Summary(
            catalog.CONFIG_APPLY_DURATION.name, catalog.CONFIG_APPLY_DURATION.help, registry=registry
        )
        self._objects = _gauge(catalog.CONFIG_OBJECTS, registry)
        self.render_seconds = _gauge(catalog.METRICS_RENDER, registry)
        self.samples = _gauge(catalog.METRICS_SERIES, registry)
        self.scrape_bytes = _gauge(catalog.METRICS_BYTES, registry)
        self.source_read_at = _gauge(catalog.CONFIG_SOURCE_LAST_READ, registry)
        self.source_differs = _gauge(catalog.CONFIG_SOURCE_DIFFERS, registry)
        self.config_hash = _gauge(catalog.CONFIG_HASH, registry)
        self.memory_limit = _gauge(catalog.MEMORY_LIMIT, registry)
        self.history_memory = _gauge(catalog.HISTORY_MEMORY, registry)
        self.history_memory_limit = _gauge(catalog.HISTORY_MEMORY_LIMIT, registry)
        self.tail_subscribers = _gauge(catalog.TAIL_SUBSCRIBERS, registry)
        self.tail_events = _counter(catalog.TAIL_EVENTS, registry)
        _gauge(catalog.BUILD_INFO, registry).labels(
            __version__, platform.python_version(), str(is_compiled()).lower()
        ).set(1)
        for result in get_args(ReloadResult):
            self._reloads.labels(result)
        for reason in RESTART_REASONS:
            self._restarts.labels(reason)
        self.workers({})

    def workers(self, by_state: Mapping[str, int]) -> None:
        """How many workers are in each state; states left out have none."""
        for state in get_args(WorkerState):
            self._workers.labels(state).set(by_state.get(state, 0))

    def worker_restarted(self, reason: str) -> None:
        """A worker was started in place of one that ended; `reason` is one of RESTART_REASONS."""
        self._restarts.labels(reason).inc()

    def config_applied(
        self, revision: str, source: str, objects: Mapping[str, int], took_s: float, at_s: float
    ) -> None:
        """Every worker runs this configuration. objects: number by kind; took_s: since it was read; at_s: Unix time."""
        self._info.clear()
        self._info.labels(revision, source).set(1)
        self.config_hash.set(int(revision, 16))
        self._applied_at.set(at_s)
        self._apply_duration.observe(took_s)
        for kind, count in objects.items():
            self._objects.labels(kind).set(count)

    def watch_history(self, bytes_now: Callable[[], int], limit: Callable[[], int]) -> None:
        """Ask for the memory of the rolling windows at each scrape."""
        self.history_memory.set_function(bytes_now)
        self.history_memory_limit.set_function(limit)

    def config_read(self, result: ReloadResult, trigger: ReloadTrigger) -> None:
        """A configuration was read: applied, unchanged or rejected. The first one is no reload.

        What somebody handed in says nothing about the source: neither a rejected text makes it fail, nor does a good one
        mend a file that cannot be read.
        """
        if trigger in {"start", "file", "signal"}:
            self._reload_success.set(0 if result == "rejected" else 1)
        if trigger != "start":
            self._reloads.labels(result).inc()


def _gauge(instrument: Instrument, registry: CollectorRegistry) -> Gauge:
    return Gauge(instrument.name, instrument.help, instrument.labels, registry=registry)


def _counter(instrument: Instrument, registry: CollectorRegistry) -> Counter:
    return Counter(instrument.name, instrument.help, instrument.labels, registry=registry)
