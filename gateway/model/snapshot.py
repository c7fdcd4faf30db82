"""One immutable version of the configuration, as every worker runs it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.model.clock import SECOND_NS
from gateway.model.listener import Listener
from gateway.model.overload import OverloadSettings
from gateway.model.route import Route
from gateway.model.tracing import TraceFormat
from gateway.model.upstream import Upstream

_OVERLOAD: Final = OverloadSettings()


class AccessLogSink(StrEnum):
    STDOUT = "stdout"
    NONE = "none"


class LogFormat(StrEnum):
    """How an access line is written: our own JSON, the Elastic Common Schema, or the combined log format and more."""

    JSON = "json"
    ECS = "ecs"
    CLF = "clf"


class Keep(StrEnum):
    """Why an exchange's trace is kept although the head decision was not to sample it."""

    ERROR = "error"
    SLOW = "slow"
    RETRIED = "retried"


@dataclass(frozen=True, slots=True)
class AccessLogSettings:
    sink: AccessLogSink = AccessLogSink.STDOUT
    sample_success: float = 1.0
    """Share of successful exchanges that get a line, 0 to 1, where the route says nothing else; failures always do."""
    format: LogFormat = LogFormat.JSON
    """Of what goes to stdout; made in the supervisor, workers know one form."""
    open_after_ns: int = 10 * SECOND_NS
    """How long an exchange is open before a line says so; NEVER_NS: none ever does."""
    open_every_ns: int = 60 * SECOND_NS
    """Between two such lines about the same exchange; NEVER_NS: there is one."""
    sinks: tuple[str, ...] = ()
    """Names of the sinks beside stdout. How they are reached is known to the supervisor alone, with its secrets."""

    @property
    def is_wanted(self) -> bool:
        """Whether anybody takes access lines."""
        return self.sink is AccessLogSink.STDOUT or bool(self.sinks)


@dataclass(frozen=True, slots=True)
class TraceSettings:
    propagate: bool = True
    """False switches the reading and sending of trace context off altogether."""
    endpoint: str | None = None
    protocol: str = "http/protobuf"
    sample_ratio: float = 0.01
    keep: tuple[Keep, ...] = (Keep.ERROR, Keep.SLOW, Keep.RETRIED)
    export: bool = False
    """Whether anything exports spans: an endpoint is set here or by an `OTEL_*` variable."""
    formats: tuple[TraceFormat, ...] = ()
    """What is sent besides W3C's fields."""


@dataclass(frozen=True, slots=True)
class OtlpMetricSettings:
    """Metrics pushed under OpenTelemetry's names, beside what scrapers get."""

    endpoint: str | None = None
    protocol: str = "http/protobuf"
    interval_ns: int = 60 * SECOND_NS
    export: bool = False
    """Whether anything is pushed: an endpoint is set here or by an `OTEL_*` variable."""


@dataclass(frozen=True, slots=True)
class MetricSettings:
    enabled: bool = True
    max_routes: int = 1000
    native_histograms: bool = False
    """Whether scrapers that ask for protobuf get it, and with it native histograms."""
    otlp: OtlpMetricSettings = OtlpMetricSettings()


@dataclass(frozen=True, slots=True)
class HistorySettings:
    memory: int = 256 << 20
    """Bytes that the rolling windows of the supervisor may take."""


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    service_name: str = "sightline"
    access_log: AccessLogSettings = AccessLogSettings()
    traces: TraceSettings = TraceSettings()
    metrics: MetricSettings = MetricSettings()
    query_allowed: tuple[str, ...] = ()
    """Names of query parameters whose values may appear in access lines and spans; all others read REDACTED."""
    history: HistorySettings = HistorySettings()


@dataclass(frozen=True, slots=True)
class DrainSettings:
    delay_ns: int = 0
    deadline_ns: int = 30 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Snapshot:
    """revision: first 12 hex digits of the SHA-256 of the canonical configuration; sequence: a local number from 1."""

    revision: str
    sequence: int
    listeners: tuple[Listener, ...]
    upstreams: tuple[Upstream, ...]
    routes: tuple[Route, ...]
    telemetry: TelemetrySettings = TelemetrySettings()
    drain: DrainSettings = DrainSettings()
    zone: str = ""
    """Where this gateway runs; empty where that is not said."""
    overload: OverloadSettings = _OVERLOAD
