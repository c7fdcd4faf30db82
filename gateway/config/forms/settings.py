"""The forms of what there is one of: `telemetry`, `admin`, `drain`, `overload` and `workers` of the file."""

import re
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from gateway.config.configuration import AdminSettings, Role
from gateway.config.forms.fields import (
    Count,
    CountOrZero,
    Duration,
    Flag,
    Interval,
    Items,
    ListenAddress,
    Name,
    Ratio,
    Secret,
    Size,
    Timeout,
    TraceFormats,
    expected,
    text_matching,
    whole_number,
)
from gateway.config.forms.form import Form
from gateway.config.forms.scalars import SIZE_PATTERN, format_size, parse_size
from gateway.config.forms.sinks import LogSinkForm
from gateway.model.overload import GROUP_LIMIT, MemoryMarks, OverloadSettings
from gateway.model.snapshot import (
    AccessLogSettings,
    AccessLogSink,
    DrainSettings,
    HistorySettings,
    Keep,
    LogFormat,
    MetricSettings,
    TelemetrySettings,
    TraceSettings,
)

MAX_WORKERS: Final = 512

_ACCESS_LOG: Final = AccessLogSettings()
_TRACES: Final = TraceSettings()
_METRICS: Final = MetricSettings()
_HISTORY: Final = HistorySettings()
_DRAIN: Final = DrainSettings()
_OVERLOAD: Final = OverloadSettings()
_MEMORY: Final = MemoryMarks()
_LIMIT_EXPECTED: Final = "auto, none or a size such as 512MiB"
_SERVICE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")


def _collector_url(text: str) -> str:
    what = "a URL such as http://127.0.0.1:4318"
    try:
        url = urlsplit(text)
        valid = url.scheme in {"http", "https"} and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        raise expected(what) from None
    if not valid or url.username is not None or url.fragment or " " in text:
        raise expected(what)
    return text


def _workers(value: object) -> int | Literal["auto"]:
    number = whole_number(value)
    if number == "auto":
        return "auto"
    if type(number) is int and 1 <= number <= MAX_WORKERS:
        return number
    raise expected(f"auto or a whole number from 1 to {MAX_WORKERS}")


def _parse_limit(value: object) -> int | None:
    if value == "auto":
        return GROUP_LIMIT
    if value == "none":
        return None
    try:
        limit = parse_size(value) if isinstance(value, str) else 0
    except ValueError:
        limit = 0
    if not limit:
        raise expected(_LIMIT_EXPECTED)
    return limit


def _format_limit(limit: int | None) -> str:
    return "auto" if limit == GROUP_LIMIT else format_size(limit)


MemoryLimit = Annotated[
    int | None,
    PlainValidator(_parse_limit),
    PlainSerializer(_format_limit),
    WithJsonSchema({"type": "string", "pattern": f"^(auto|none)$|{SIZE_PATTERN}", "description": _LIMIT_EXPECTED}),
]


class SampleForm(Form):
    success: Ratio = Field(
        default=_ACCESS_LOG.sample_success, description="Share of successful exchanges that get a line."
    )


class StillOpenForm(Form):
    """Lines about tunnels and long streams before they end; none of them counts as a request."""

    after: Timeout = Field(default=_ACCESS_LOG.open_after_ns, description="How long one is open before its first.")
    every: Timeout = Field(default=_ACCESS_LOG.open_every_ns, description="Between two about the same exchange.")


class AccessLogForm(Form):
    sink: Annotated[AccessLogSink, Field(strict=False)] = Field(default=_ACCESS_LOG.sink, description="Where lines go.")
    format: Annotated[LogFormat, Field(strict=False)] = Field(
        default=_ACCESS_LOG.format, description="Our JSON, the Elastic Common Schema, or the combined log format."
    )
    sample: SampleForm = Field(default=SampleForm(), description="Which exchanges get a line; failures always do.")
    still_open: StillOpenForm = Field(default=StillOpenForm(), description="Lines about what goes on for long.")
    sinks: Items[LogSinkForm] = Field(
        default=(), description="Further places that lines go to, each with its own queue."
    )


class TracesForm(Form):
    propagate: Flag = Field(default=_TRACES.propagate, description="Read and send trace context.")
    formats: TraceFormats = Field(default=_TRACES.formats, description="Forms of trace context to send besides W3C's.")
    endpoint: Annotated[str, AfterValidator(_collector_url)] | None = Field(
        default=_TRACES.endpoint,
        description="Where spans are exported to; nowhere without it, unless OTEL_* variables say so.",
    )
    protocol: Literal["http/protobuf", "grpc"] = Field(default="http/protobuf", description="The form of OTLP.")
    sample: Ratio = Field(
        default=_TRACES.sample_ratio, description="Share of exchanges whose trace is kept from the start."
    )
    keep: Items[Annotated[Keep, Field(strict=False)]] = Field(
        default=_TRACES.keep, description="Exchanges that are kept although they were not sampled."
    )


class OtlpMetricsForm(Form):
    """Metrics pushed under OpenTelemetry's names, beside what scrapers get."""

    endpoint: Annotated[str, AfterValidator(_collector_url)] | None = Field(
        default=_METRICS.otlp.endpoint,
        description="Where metrics are pushed to; nowhere without it, unless OTEL_* variables say so.",
    )
    protocol: Literal["http/protobuf", "grpc"] = Field(default="http/protobuf", description="The form of OTLP.")
    interval: Interval = Field(default=_METRICS.otlp.interval_ns, description="How often.")


class MetricsForm(Form):
    enabled: Flag = Field(default=_METRICS.enabled, description="Count and measure at all.")
    max_routes: Count = Field(
        default=_METRICS.max_routes, description="Routes with series of their own; others share one."
    )
    native_histograms: Flag = Field(
        default=_METRICS.native_histograms,
        description="Give scrapers that ask for protobuf native histograms beside the classic ones.",
    )
    otlp: OtlpMetricsForm = Field(default=OtlpMetricsForm(), description="Push them to a collector as well.")


class HistoryForm(Form):
    """Rates, failures and percentiles of the last minutes to hours, as the admin API answers them."""

    memory: Size = Field(
        default=_HISTORY.memory,
        description="What it may take; then the longest windows of the quietest series go first.",
    )


class TelemetryForm(Form):
    """What the gateway says about the traffic."""

    service_name: Annotated[str, text_matching(_SERVICE, "printable ASCII text")] = Field(
        default=TelemetrySettings().service_name, description="The name it has in traces and logs."
    )
    access_log: AccessLogForm = Field(default=AccessLogForm(), description="One line for each exchange.")
    traces: TracesForm = Field(default=TracesForm(), description="Trace context and spans.")
    metrics: MetricsForm = Field(default=MetricsForm(), description="What /metrics answers.")
    history: HistoryForm = Field(default=HistoryForm(), description="The recent past, kept in the gateway itself.")
    query_allowed: Items[str] = Field(
        default=(), description="Query parameters whose values may be written down; those of all others are redacted."
    )


class AdminTokenForm(Form):
    """Who may use the admin API, and as what."""

    one_of: ClassVar = ("token", "token_file")

    name: Name = Field(description="Who it is, in the log.")
    role: Annotated[Role, Field(strict=False)] = Field(description="viewer reads, operator also changes.")
    token: Secret | None = Field(default=None, description="The token itself; better ${NAME} or ${file:/path}.")
    token_file: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="A file that holds the token."
    )


class AdminForm(Form):
    """The admin API. An address that is not loopback needs tokens."""

    later: ClassVar = frozenset({"tls"})

    address: ListenAddress = Field(default=AdminSettings().address, description="IP address and port.")
    tokens: Items[AdminTokenForm] = Field(
        default=(), description="Who may use it; on loopback everyone may without any."
    )


class DrainForm(Form):
    """What SIGTERM does."""

    delay: Duration = Field(default=_DRAIN.delay_ns, description="How long to go on accepting once readiness fails.")
    deadline: Duration = Field(default=_DRAIN.deadline_ns, description="How long exchanges in flight may take to end.")


class MemoryForm(Form):
    limit: MemoryLimit = Field(
        default=_MEMORY.limit,
        description="Memory of all processes together; auto is the control group's limit, if it has one.",
    )
    shed_above: Ratio = Field(
        default=_MEMORY.shed_above, description="Share of it above which all but critical requests are turned away."
    )
    refuse_above: Ratio = Field(
        default=_MEMORY.refuse_above, description="Share of it above which all are, and their connections closed."
    )


class DescriptorsForm(Form):
    reserve: CountOrZero = Field(
        default=_OVERLOAD.reserved_descriptors,
        description="File descriptors of each worker that clients do not get, so that upstreams and logs have some.",
    )


class OverloadForm(Form):
    """When requests are turned away because the gateway runs short of something."""

    memory: MemoryForm = Field(default=MemoryForm(), description="Marks below the memory there is.")
    loop_delay: Timeout = Field(
        default=_OVERLOAD.loop_delay_ns,
        description="How late a worker's loop may be, smoothed, before requests and connections are turned away.",
    )
    file_descriptors: DescriptorsForm = Field(default=DescriptorsForm(), description="What clients leave over.")
    watchdog: Timeout = Field(
        default=_OVERLOAD.watchdog_ns,
        description="How long an event loop may stand still before its log says what held it.",
    )


Workers = Annotated[
    int | Literal["auto"],
    PlainValidator(_workers),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": MAX_WORKERS}]}),
]
