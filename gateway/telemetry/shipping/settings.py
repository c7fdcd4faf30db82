"""Where access lines go beside stdout, as compiled from the configuration. Secrets stay out of every representation."""

from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.model.clock import SECOND_NS
from gateway.model.snapshot import LogFormat


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """What may wait for one sink; beyond it lines are dropped and counted."""

    lines: int = 100_000
    bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A batch goes when one of these is reached."""

    lines: int = 1000
    bytes: int = 4 * 1024 * 1024
    age_ns: int = 1 * SECOND_NS


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """`url` is where batches are posted to; `headers` carry the credentials."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout_ns: int = 10 * SECOND_NS
    gzip: bool = False
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class FileTarget:
    path: str


@dataclass(frozen=True, slots=True)
class ElasticsearchTarget:
    """`http.url` is the address of the cluster; `index` an index, alias or data stream."""

    http: HttpAccess
    index: str


@dataclass(frozen=True, slots=True)
class LokiTarget:
    http: HttpAccess
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SplunkTarget:
    """Empty `index`: the token's own."""

    http: HttpAccess
    index: str = ""
    source: str = "sightline"
    sourcetype: str = "sightline:access"


@dataclass(frozen=True, slots=True)
class LogstashTarget:
    http: HttpAccess


@dataclass(frozen=True, slots=True)
class OtlpTarget:
    http: HttpAccess


HttpTarget: TypeAlias = ElasticsearchTarget | LokiTarget | SplunkTarget | LogstashTarget | OtlpTarget
Target: TypeAlias = FileTarget | HttpTarget


@dataclass(frozen=True, slots=True)
class LogSink:
    """One sink; `name` is its label in metrics and its name in the log."""

    name: str
    target: Target
    format: LogFormat = LogFormat.JSON
    queue: QueueLimits = QueueLimits()
    batch: BatchLimits = BatchLimits()
