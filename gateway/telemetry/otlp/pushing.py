"""Metrics pushed to a collector every so often, by the SDK's exporter in a thread of its own."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult
from opentelemetry.sdk.resources import Resource

from gateway.model.clock import SECOND_NS
from gateway.model.snapshot import OtlpMetricSettings, TelemetrySettings
from gateway.telemetry.otlp import environment
from gateway.telemetry.otlp.projection import Projection, count_points
from gateway.telemetry.store import MetricsStore

SIGNAL: Final = "metric"
SINK: Final = "otlp"
_TIMEOUT_MS: Final = 10_000
_COUNTS_SINCE_NS: Final = time.time_ns()
"""The start of this process. A push that replaces another goes on with the same counters: with a start of its own, a
collector would take all they stand at for what has happened since."""

_log = structlog.get_logger("sightline.telemetry")


class MetricPush:
    """One export pipeline for one version of the settings. It pushes after each interval, and once more at its end.

    What a collector does not take is counted as dropped points; since the counters are cumulative, the next push makes good
    for it.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        store: MetricsStore,
        resource: Resource,
        environ: Mapping[str, str] = os.environ,
        exporter: MetricExporter | None = None,
    ) -> None:
        metrics = settings.metrics
        self._store = store
        self._projection = Projection(store, resource, _COUNTS_SINCE_NS, is_exponential=metrics.native_histograms)
        self._exporter = exporter or build_exporter(metrics.otlp, environ)
        self._interval_s = metrics.otlp.interval_ns / SECOND_NS
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics push", daemon=True)
        self._thread.start()

    def close(self, wait_s: float) -> None:
        """Push what was counted last, for at most so many seconds. Blocks; call it in a thread."""
        self._end.set()
        self._thread.join(wait_s)

    def _run(self) -> None:
        while not self._end.wait(self._interval_s):
            self._push()
        self._push()
        self._exporter.shutdown()

    def _push(self) -> None:
        points, began_s = 0, time.perf_counter()
        result = MetricExportResult.FAILURE
        try:
            data = self._projection.read(time.time_ns())
            points, began_s = count_points(data), time.perf_counter()
            result = self._exporter.export(data, timeout_millis=_TIMEOUT_MS)
        except Exception:
            # Whatever is raised costs this push, not the thread; the next one says all of it again.
            _log.exception("metrics_push_failed")
        self._store.export_took(SIGNAL, SINK, time.perf_counter() - began_s)
        if result is MetricExportResult.SUCCESS:
            self._store.count_exported(SIGNAL, SINK, points)
        else:
            self._store.count_dropped(SIGNAL, SINK, "export_failed", points)


def build_exporter(settings: OtlpMetricSettings, environ: Mapping[str, str]) -> MetricExporter:
    """For the protocol and endpoint in force. Headers, timeout, compression and TLS are the exporter's own, from OTEL_*."""
    endpoint = environment.url_of("METRICS", settings.endpoint, settings.protocol, environ)
    if settings.protocol == environment.GRPC:
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (  # noqa: PLC0415 - it takes 20 MiB
            OTLPMetricExporter as GrpcExporter,
        )

        return GrpcExporter(endpoint=endpoint)
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter as HttpExporter,
    )

    return HttpExporter(endpoint=endpoint)


class MetricPushes:
    """The push in force, if there is one; called on the supervisor's loop."""

    def __init__(
        self, store: MetricsStore, resource_of: Callable[[TelemetrySettings], Resource], environ: Mapping[str, str]
    ) -> None:
        self._store = store
        self._resource_of = resource_of
        self._environ = environ
        self._built_from: tuple[object, ...] = ()
        self._push: MetricPush | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def configure(self, settings: TelemetrySettings, wait_s: float) -> None:
        """Take up new settings; the push under the old ones ends with what was counted so far, beside this."""
        wanted = (settings.service_name, settings.metrics.otlp, settings.metrics.native_histograms)
        if wanted == self._built_from:
            return
        self._built_from = wanted
        replaced, self._push = self._push, None
        if settings.metrics.otlp.export:
            await self._open(settings)
        if self._push is None:
            self._store.forget_queue(SIGNAL, SINK)
        if replaced is not None:
            task = asyncio.create_task(asyncio.to_thread(replaced.close, wait_s))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _open(self, settings: TelemetrySettings) -> None:
        try:
            self._push = await asyncio.to_thread(
                MetricPush, settings, self._store, self._resource_of(settings), self._environ
            )
        except Exception:
            # An exporter that cannot be built costs the push; it must not cost the gateway.
            _log.exception("metrics_not_pushed")
            return
        # Nothing waits for long: each push is made of what there is.
        self._store.watch_queue(SIGNAL, SINK, lambda: 0, 1)

    async def close(self, wait_s: float) -> None:
        """Push what was counted last, for at most so many seconds."""
        if self._push is not None:
            await asyncio.to_thread(self._push.close, wait_s)
        if self._closing:
            await asyncio.wait(self._closing, timeout=wait_s)
