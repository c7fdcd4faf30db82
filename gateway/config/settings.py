"""The sections there is one of, as the supervisor and its workers use them, with what the environment adds.

The file wins over OpenTelemetry's standard variables; they count where the file is silent.
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.config.configuration import AdminSettings, AdminToken
from gateway.config.forms.addresses import parse_listen_address
from gateway.config.forms.fields import LEAST_INTERVAL_NS, check_secret
from gateway.config.forms.schema import SettingsForm
from gateway.config.forms.settings import (
    MAX_WORKERS,
    AccessLogForm,
    AdminForm,
    DrainForm,
    MetricsForm,
    OverloadForm,
    TelemetryForm,
    TracesForm,
)
from gateway.config.forms.sinks import (
    BasicAuthForm,
    ElasticsearchForm,
    HttpSinkForm,
    LogSinkForm,
    LokiForm,
    SplunkForm,
)
from gateway.config.interpolation import Interpolation, InterpolationError
from gateway.config.sections import Declared
from gateway.model.clock import MILLISECOND_NS
from gateway.model.overload import MemoryMarks, OverloadSettings
from gateway.model.snapshot import (
    AccessLogSettings,
    DrainSettings,
    HistorySettings,
    LogFormat,
    MetricSettings,
    OtlpMetricSettings,
    TelemetrySettings,
    TraceSettings,
)
from gateway.model.tracing import TraceFormat
from gateway.telemetry.otlp import environment
from gateway.telemetry.shipping.settings import (
    BatchLimits,
    ElasticsearchTarget,
    FileTarget,
    HttpAccess,
    LogSink,
    LogstashTarget,
    LokiTarget,
    OtlpTarget,
    QueueLimits,
    SplunkTarget,
    Target,
)
from gateway.telemetry.tracing.environment import traces_export_enabled

_IN_ECS: Final = frozenset({"elasticsearch", "logstash"})
_CPU_MAX: Final = Path("/sys/fs/cgroup/cpu.max")


def telemetry_settings(form: TelemetryForm, environ: Mapping[str, str]) -> TelemetrySettings:
    named = "service_name" in form.model_fields_set
    return TelemetrySettings(
        service_name=form.service_name if named else _service_name(environ) or form.service_name,
        access_log=_access_log(form.access_log),
        traces=_traces(form.traces, environ),
        metrics=_metrics(form.metrics, environ),
        query_allowed=form.query_allowed,
        history=HistorySettings(form.history.memory),
    )


def _access_log(form: AccessLogForm) -> AccessLogSettings:
    names = tuple(sink.name or sink.kind for sink in form.sinks)
    after, every = form.still_open.after, form.still_open.every
    return AccessLogSettings(form.sink, form.sample.success, form.format, after, every, names)


def admin_settings(form: AdminForm, secrets: tuple[str, ...]) -> AdminSettings:
    """`secrets`: the token of each entry of `form.tokens`, in that order."""
    host, port = parse_listen_address(form.address)
    tokens = zip(form.tokens, secrets, strict=True)
    return AdminSettings(host, port, tuple(AdminToken(token.name, token.role, secret) for token, secret in tokens))


def read_tokens(settings: Declared[SettingsForm], interpolation: Interpolation) -> tuple[str, ...]:
    """The token of each entry of `admin.tokens`, from the file it names if need be. Errors are added to `settings`."""
    if settings.form is None:
        return ()
    tokens: list[str] = []
    for index, form in enumerate(settings.form.admin.tokens):
        key = "token" if form.token is not None else "token_file"
        try:
            token = form.token or interpolation.read_secret(form.token_file or "")
            tokens.append(check_secret(token))
        except (InterpolationError, ValueError) as error:
            settings.fail(("admin", "tokens", index, key), str(error))
            tokens.append("")
            continue
        if token in tokens[:-1]:
            message = "the same token as of another entry; expected one of its own"
            settings.fail(("admin", "tokens", index, key), message)
    return tuple(tokens)


def drain_settings(form: DrainForm) -> DrainSettings:
    return DrainSettings(form.delay, form.deadline)


def overload_settings(form: OverloadForm) -> OverloadSettings:
    memory = MemoryMarks(form.memory.limit, form.memory.shed_above, form.memory.refuse_above)
    return OverloadSettings(memory, form.loop_delay, form.file_descriptors.reserve, form.watchdog)


def worker_count(workers: int | str) -> int:
    """`auto` is one for each processor this process may run on."""
    return workers if isinstance(workers, int) else min(usable_processors(), MAX_WORKERS)


def usable_processors() -> int:
    """How many this process may run on, as affinity and the cgroup's quota have it."""
    return min(len(os.sched_getaffinity(0)), _cgroup_processors(_CPU_MAX))


def _cgroup_processors(cpu_max: Path) -> int:
    """The processors a container's quota comes to, rounded up; MAX_WORKERS without one."""
    try:
        quota, period = cpu_max.read_text().split()
        return max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError, ZeroDivisionError):
        return MAX_WORKERS


def _metrics(form: MetricsForm, environ: Mapping[str, str]) -> MetricSettings:
    given = form.otlp.model_fields_set
    protocol = None if "protocol" in given else environment.protocol_variable("METRICS", environ)
    interval = environ.get("OTEL_METRIC_EXPORT_INTERVAL", "")
    is_usable = "interval" not in given and interval.isdecimal() and len(interval) < 12
    otlp = OtlpMetricSettings(
        endpoint=form.otlp.endpoint,
        protocol=protocol or form.otlp.protocol,
        interval_ns=max(int(interval) * MILLISECOND_NS, LEAST_INTERVAL_NS) if is_usable else form.otlp.interval,
        export=form.enabled and environment.is_exported("METRICS", form.otlp.endpoint, environ),
    )
    return MetricSettings(form.enabled, form.max_routes, form.native_histograms, otlp)


def _traces(form: TracesForm, environ: Mapping[str, str]) -> TraceSettings:
    given = form.model_fields_set
    protocol = environment.protocol_variable("TRACES", environ)
    sample = _sample_ratio(environ)
    silenced = _propagators(environ) == ["none"]
    settings = TraceSettings(
        propagate=form.propagate if "propagate" in given or not silenced else False,
        endpoint=form.endpoint,
        protocol=protocol if "protocol" not in given and protocol else form.protocol,
        sample_ratio=form.sample if "sample" in given or sample is None else sample,
        keep=form.keep,
        formats=tuple(dict.fromkeys(form.formats)) if "formats" in given else _formats(environ),
    )
    return replace(settings, export=traces_export_enabled(settings, environ))


def _propagators(environ: Mapping[str, str]) -> list[str]:
    return [name.strip().lower() for name in environ.get("OTEL_PROPAGATORS", "").split(",")]


def _formats(environ: Mapping[str, str]) -> tuple[TraceFormat, ...]:
    """Those of OTEL_PROPAGATORS that we know besides W3C's, which is always sent."""
    asked_for = dict.fromkeys(_propagators(environ))
    return tuple(TraceFormat(name) for name in asked_for if name in list(TraceFormat))


def _service_name(environ: Mapping[str, str]) -> str | None:
    name = environ.get("OTEL_SERVICE_NAME")
    if name:
        return name
    pairs = (pair.partition("=") for pair in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
    return next((value.strip() for key, _, value in pairs if key.strip() == "service.name" and value.strip()), None)


def _sample_ratio(environ: Mapping[str, str]) -> float | None:
    """What OTEL_TRACES_SAMPLER and its argument come to; None where they say nothing that can be followed."""
    sampler = environ.get("OTEL_TRACES_SAMPLER", "").strip().lower().removeprefix("parentbased_")
    if sampler in {"always_on", "always_off"}:
        return float(sampler == "always_on")
    if sampler != "traceidratio":
        return None
    try:
        ratio = float(environ.get("OTEL_TRACES_SAMPLER_ARG") or 1.0)
    except ValueError:
        return None
    return ratio if 0 <= ratio <= 1 else None


def log_sinks(form: TelemetryForm) -> tuple[LogSink, ...]:
    """In the order of the file."""
    usual = form.access_log.format
    return tuple(_sink(sink, usual) for sink in form.access_log.sinks)


def _sink(form: LogSinkForm, usual: LogFormat) -> LogSink:
    return LogSink(
        name=form.name or form.kind,
        target=_target(form),
        format=form.format or (LogFormat.ECS if form.kind in _IN_ECS else usual),
        queue=QueueLimits(form.queue.lines, form.queue.bytes),
        batch=BatchLimits(form.batch.lines, form.batch.bytes, form.batch.age),
    )


def _target(form: LogSinkForm) -> Target:
    if form.elasticsearch is not None:
        return ElasticsearchTarget(_http(form.elasticsearch), form.elasticsearch.index)
    if form.loki is not None:
        return LokiTarget(_http(form.loki), tuple(form.loki.labels.items()))
    if form.splunk is not None:
        splunk = form.splunk
        return SplunkTarget(_http(splunk), splunk.index or "", splunk.source, splunk.sourcetype)
    if form.logstash is not None:
        return LogstashTarget(_http(form.logstash))
    if form.otlp is not None:
        return OtlpTarget(_http(form.otlp))
    assert form.file is not None
    return FileTarget(form.file.path)


def _http(form: HttpSinkForm) -> HttpAccess:
    headers = {**_credentials(form), **form.headers}
    return HttpAccess(form.url, tuple(headers.items()), form.timeout, form.gzip, form.ca_file)


def _credentials(form: HttpSinkForm) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(form, BasicAuthForm) and form.username is not None:
        pair = f"{form.username}:{form.password}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    if isinstance(form, ElasticsearchForm) and form.api_key is not None:
        headers["Authorization"] = f"ApiKey {form.api_key}"
    if isinstance(form, SplunkForm):
        headers["Authorization"] = f"Splunk {form.token}"
    if isinstance(form, LokiForm):
        if form.token is not None:
            headers["Authorization"] = f"Bearer {form.token}"
        if form.tenant is not None:
            headers["X-Scope-OrgID"] = form.tenant
    return headers
