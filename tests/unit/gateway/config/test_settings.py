"""The sections there is one of, and what the environment adds to them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import ConfigInvalid, Configuration
from gateway.config.forms.fields import LEAST_INTERVAL_NS
from gateway.config.forms.settings import MAX_WORKERS
from gateway.config.settings import _cgroup_processors, worker_count
from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS
from gateway.model.overload import GROUP_LIMIT, MemoryMarks, OverloadSettings
from gateway.model.snapshot import AccessLogSink, DrainSettings, Keep, LogFormat, OtlpMetricSettings
from gateway.model.tracing import TraceFormat
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
)

Load = Callable[..., Configuration]

FILE = """
telemetry:
  service_name: edge
  access_log: {sink: none, sample: {success: 10%}}
  traces: {propagate: true, endpoint: "http://collector:4318", protocol: http/protobuf, sample: 5%, keep: [error]}
  metrics: {enabled: false, max_routes: 50, otlp: {protocol: http/protobuf, interval: 30s}}
  history: {memory: 64MiB}
  query_allowed: [page]
drain: {delay: 5s, deadline: 1m}
"""
ENVIRONMENT = {
    "OTEL_SERVICE_NAME": "from-environment",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://other:4317",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.25",
}


def test_what_the_file_says_is_what_runs(load: Load) -> None:
    snapshot = load(FILE).snapshot
    telemetry = snapshot.telemetry
    assert (telemetry.service_name, telemetry.query_allowed) == ("edge", ("page",))
    assert (telemetry.access_log.sink, telemetry.access_log.sample_success) == (AccessLogSink.NONE, 0.1)
    assert (telemetry.metrics.enabled, telemetry.metrics.max_routes) == (False, 50)
    assert telemetry.history.memory == 64 << 20
    traces = telemetry.traces
    assert (traces.endpoint, traces.protocol, traces.sample_ratio) == ("http://collector:4318", "http/protobuf", 0.05)
    assert (traces.keep, traces.export, traces.propagate) == ((Keep.ERROR,), True, True)
    assert snapshot.drain == DrainSettings(5 * SECOND_NS, 60 * SECOND_NS)


def test_the_file_wins_over_the_environment(load: Load) -> None:
    assert load(FILE, **ENVIRONMENT, OTEL_PROPAGATORS="none").snapshot.telemetry == load(FILE).snapshot.telemetry


def test_the_environment_counts_where_the_file_is_silent(load: Load) -> None:
    telemetry = load("", **ENVIRONMENT).snapshot.telemetry
    traces = telemetry.traces
    assert telemetry.service_name == "from-environment"
    assert (traces.protocol, traces.sample_ratio, traces.export) == ("grpc", 0.25, True)
    assert traces.endpoint is None


@pytest.mark.parametrize(
    ("environ", "exports"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    ],
)
def test_spans_are_exported_only_where_something_names_a_collector(
    load: Load, environ: dict[str, str], *, exports: bool
) -> None:
    assert load("", **environ).snapshot.telemetry.traces.export is exports


@pytest.mark.parametrize(
    ("sampler", "argument", "ratio"),
    [
        ("always_on", "", 1.0),
        ("parentbased_always_off", "", 0.0),
        ("traceidratio", "0.5", 0.5),
        ("traceidratio", "", 1.0),
        ("traceidratio", "many", 0.01),
        ("traceidratio", "7", 0.01),
        ("jaeger_remote", "", 0.01),
    ],
)
def test_the_standard_samplers_become_a_ratio(load: Load, sampler: str, argument: str, ratio: float) -> None:
    traces = load("", OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument).snapshot.telemetry.traces
    assert traces.sample_ratio == ratio


def test_the_service_name_may_come_from_the_resource_attributes(load: Load) -> None:
    telemetry = load("", OTEL_RESOURCE_ATTRIBUTES="a=b, service.name=edge ,c=d").snapshot.telemetry
    assert telemetry.service_name == "edge"


def test_forms_of_trace_context_are_the_files_or_the_environments(load: Load) -> None:
    in_file = "telemetry: {traces: {formats: [jaeger, b3, jaeger]}}"
    environ = {"OTEL_PROPAGATORS": "tracecontext,baggage,b3multi, b3"}
    assert load("").snapshot.telemetry.traces.formats == ()
    assert load(in_file, **environ).snapshot.telemetry.traces.formats == (TraceFormat.JAEGER, TraceFormat.B3)
    assert load("", **environ).snapshot.telemetry.traces.formats == (TraceFormat.B3_MULTI, TraceFormat.B3)


def test_propagation_can_be_switched_off_by_the_environment(load: Load) -> None:
    assert not load("", OTEL_PROPAGATORS="none").snapshot.telemetry.traces.propagate
    assert load("", OTEL_PROPAGATORS="tracecontext").snapshot.telemetry.traces.propagate


@pytest.mark.parametrize(
    ("content", "processors"),
    [("200000 100000\n", 2), ("150000 100000", 2), ("50000 100000", 1), ("max 100000", MAX_WORKERS), ("", MAX_WORKERS)],
)
def test_a_containers_quota_is_counted_in_whole_processors(tmp_path: Path, content: str, processors: int) -> None:
    (tmp_path / "cpu.max").write_text(content)
    assert _cgroup_processors(tmp_path / "cpu.max") == processors


def test_without_a_quota_affinity_alone_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.config.settings._CPU_MAX", tmp_path / "gone")
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 3, 5})
    assert worker_count("auto") == 3
    assert worker_count(7) == 7


SINKS = """
telemetry:
  access_log:
    sink: none
    format: clf
    sinks:
      - file: {path: /var/log/access.log}
        queue: {lines: 500, bytes: 1MiB}
        batch: {lines: 50, bytes: 64KiB, age: 250ms}
      - {name: search, elasticsearch: {url: "https://es:9200/", index: access, api_key: "${KEY}", gzip: true}}
      - {loki: {url: "http://loki:3100", tenant: blue, token: loki-token, labels: {env: test}}}
      - {splunk: {url: "https://splunk:8088", token: splunk-token, index: main, timeout: 3s}}
      - {logstash: {url: "http://logstash:8080", username: me, password: "pass word"}}
      - {otlp: {url: "http://collector:4318", headers: {X-Key: abc}}, format: json}
"""


def test_sinks_are_what_the_file_says(load: Load) -> None:
    configuration = load(SINKS, KEY="es-key")
    file, search, loki, splunk, logstash, otlp = configuration.log_sinks
    assert file == LogSink(
        "file",
        FileTarget("/var/log/access.log"),
        LogFormat.CLF,
        QueueLimits(500, 1 << 20),
        BatchLimits(50, 64 << 10, 250_000_000),
    )
    access = HttpAccess("https://es:9200", (("Authorization", "ApiKey es-key"),), gzip=True)
    assert search == LogSink("search", ElasticsearchTarget(access, "access"), LogFormat.ECS)
    access = HttpAccess("http://loki:3100", (("Authorization", "Bearer loki-token"), ("X-Scope-OrgID", "blue")))
    assert loki.target == LokiTarget(access, (("env", "test"),))
    access = HttpAccess("https://splunk:8088", (("Authorization", "Splunk splunk-token"),), 3 * SECOND_NS)
    assert splunk.target == SplunkTarget(access, "main")
    access = HttpAccess("http://logstash:8080", (("Authorization", "Basic bWU6cGFzcyB3b3Jk"),))
    assert (logstash.target, logstash.format) == (LogstashTarget(access), LogFormat.ECS)
    assert otlp.target == OtlpTarget(HttpAccess("http://collector:4318", (("X-Key", "abc"),)))


def test_workers_learn_the_names_of_sinks_and_nothing_more(load: Load) -> None:
    configuration = load(SINKS, KEY="es-key")
    access_log = configuration.snapshot.telemetry.access_log
    assert access_log.sinks == ("file", "search", "loki", "splunk", "logstash", "otlp")
    assert access_log.is_wanted
    assert not load("telemetry: {access_log: {sink: none}}\n").snapshot.telemetry.access_log.is_wanted
    secrets = ("es-key", "loki-token", "splunk-token", "pass word", "abc")
    for place in (repr(configuration.snapshot), repr(configuration.log_sinks), configuration.canonical.decode()):
        assert [secret for secret in secrets if secret in place] == []


def test_another_secret_is_another_revision(load: Load) -> None:
    assert load(SINKS, KEY="one").snapshot.revision != load(SINKS, KEY="two").snapshot.revision


def test_a_route_may_have_a_share_of_its_own_in_the_access_log(load: Load) -> None:
    text = """\
routes:
  - {name: a, match: {path: /a}, upstream: orders, access_log: {sample: {success: 10%}}}
  - {name: b, upstream: orders}
"""
    assert [route.log_sample for route in load(text).snapshot.routes] == [0.1, None]


PUSH = "telemetry: {metrics: {otlp: {endpoint: 'http://collector:4318', protocol: grpc, interval: 5s}}}"


def test_metrics_are_pushed_where_the_file_says(load: Load) -> None:
    otlp = load(PUSH, OTEL_METRIC_EXPORT_INTERVAL="1000", OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf").snapshot
    assert otlp.telemetry.metrics.otlp == OtlpMetricSettings(
        "http://collector:4318", "grpc", 5 * SECOND_NS, export=True
    )


def test_metrics_are_pushed_where_the_environment_says_if_the_file_is_silent(load: Load) -> None:
    otlp = load(
        "",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4317",
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL="grpc",
        OTEL_METRIC_EXPORT_INTERVAL="2500",
    ).snapshot.telemetry.metrics.otlp
    assert otlp == OtlpMetricSettings(None, "grpc", 2500 * MILLISECOND_NS, export=True)


def test_metrics_are_pushed_nowhere_if_nobody_says_where_or_there_are_none(load: Load) -> None:
    assert not load("").snapshot.telemetry.metrics.otlp.export
    off = "telemetry: {metrics: {enabled: false, otlp: {endpoint: 'http://collector:4318'}}}"
    assert not load(off).snapshot.telemetry.metrics.otlp.export


@pytest.mark.parametrize("milliseconds", ["0", "", "soon", "-5"])
def test_an_interval_of_the_environment_that_cannot_be_followed_is_bounded_or_left_aside(
    load: Load, milliseconds: str
) -> None:
    otlp = load("", OTEL_METRIC_EXPORT_INTERVAL=milliseconds).snapshot.telemetry.metrics.otlp
    assert otlp.interval_ns in {LEAST_INTERVAL_NS, OtlpMetricSettings().interval_ns}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", OverloadSettings(), id="the defaults"),
        pytest.param(
            "overload: {memory: {limit: 512MiB, shed_above: 80%, refuse_above: 90%}, loop_delay: 50ms,\n"
            "           file_descriptors: {reserve: 10}, watchdog: none}\n",
            OverloadSettings(MemoryMarks(512 << 20, 0.8, 0.9), 50 * MILLISECOND_NS, 10, NEVER_NS),
            id="everything",
        ),
        pytest.param(
            "overload: {memory: {limit: auto}}\n", OverloadSettings(MemoryMarks(GROUP_LIMIT)), id="the group's limit"
        ),
        pytest.param("overload: {memory: {limit: none}}\n", OverloadSettings(MemoryMarks(None)), id="no limit"),
    ],
)
def test_overload_is_what_was_configured(load: Load, text: str, expected: OverloadSettings) -> None:
    assert load(text).snapshot.overload == expected


@pytest.mark.parametrize("value", ["some", "0B", "95%", "5"])
def test_a_limit_of_memory_is_a_size_or_a_word(load: Load, value: str) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        load(f"overload: {{memory: {{limit: {value}}}}}\n")
    (error,) = invalid.value.errors
    assert error.key == "overload.memory.limit"
    assert "expected auto, none or a size such as 512MiB" in error.message
