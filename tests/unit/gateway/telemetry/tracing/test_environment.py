"""Which of the OTEL_* variables count, and that the file wins."""

from dataclasses import replace
from typing import Final

import pytest

from gateway.model.snapshot import TelemetrySettings, TraceSettings
from gateway.telemetry.tracing.environment import (
    export_endpoint,
    export_protocol,
    sample_ratio,
    service_name,
    traces_export_enabled,
)

BASE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
IN_FILE: Final = TraceSettings(endpoint="http://127.0.0.1:4318")
NO_FILE: Final = TraceSettings()


def test_without_an_endpoint_nothing_is_exported() -> None:
    assert not traces_export_enabled(NO_FILE, {})


@pytest.mark.parametrize(
    ("settings", "environ"),
    [(IN_FILE, {}), (NO_FILE, {BASE: "http://c:4318"}), (NO_FILE, {TRACES: "http://c:4318/v1/traces"})],
)
def test_an_endpoint_anywhere_switches_export_on(settings: TraceSettings, environ: dict[str, str]) -> None:
    assert traces_export_enabled(settings, environ)


@pytest.mark.parametrize("settings", [IN_FILE, NO_FILE])
def test_a_disabled_sdk_exports_nothing(settings: TraceSettings) -> None:
    assert not traces_export_enabled(settings, {BASE: "http://c:4318", "OTEL_SDK_DISABLED": "True"})


def test_without_propagation_nothing_is_exported() -> None:
    assert not traces_export_enabled(replace(IN_FILE, propagate=False), {})


def test_the_exporter_none_holds_for_the_variables_only() -> None:
    environ = {BASE: "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}
    assert not traces_export_enabled(NO_FILE, environ)
    assert traces_export_enabled(IN_FILE, environ)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
        ("http://127.0.0.1:4318/otlp", "http://127.0.0.1:4318/otlp/v1/traces"),
        ("http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"),
    ],
)
def test_the_files_endpoint_is_the_base_over_http(endpoint: str, expected: str) -> None:
    assert export_endpoint(TraceSettings(endpoint=endpoint), {BASE: "http://other:1"}) == expected


def test_the_variable_for_traces_is_the_whole_url() -> None:
    environ = {BASE: "http://c:4318", TRACES: "http://d:9/custom"}
    assert export_endpoint(NO_FILE, environ) == "http://d:9/custom"
    assert export_endpoint(NO_FILE, {BASE: "http://c:4318"}) == "http://c:4318/v1/traces"


def test_the_endpoint_of_grpc_has_no_path() -> None:
    settings = TraceSettings(endpoint="http://127.0.0.1:4317", protocol="grpc")
    assert export_endpoint(settings, {}) == "http://127.0.0.1:4317"
    environ = {BASE: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert export_endpoint(NO_FILE, environ) == "http://c:4317"


def test_the_protocol_goes_with_the_endpoint() -> None:
    environ = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert export_protocol(IN_FILE, environ) == "http/protobuf"
    assert export_protocol(NO_FILE, environ) == "grpc"
    assert (
        export_protocol(NO_FILE, environ | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}) == "http/protobuf"
    )
    assert export_protocol(NO_FILE, {}) == "http/protobuf"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "sightline"),
        ({"OTEL_SERVICE_NAME": "edge"}, None),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=edge,a=b"}, None),
        ({"OTEL_RESOURCE_ATTRIBUTES": "a=b"}, "sightline"),
    ],
)
def test_the_service_name_is_left_to_a_variable_if_the_file_has_none(
    environ: dict[str, str], expected: str | None
) -> None:
    assert service_name(TelemetrySettings(), environ) == expected


def test_the_files_service_name_wins() -> None:
    assert service_name(TelemetrySettings(service_name="public"), {"OTEL_SERVICE_NAME": "edge"}) == "public"


@pytest.mark.parametrize(
    ("sampler", "argument", "expected"),
    [
        ("", "0.5", None),
        ("always_on", "", 1.0),
        ("parentbased_always_off", "", 0.0),
        ("traceidratio", "0.25", 0.25),
        ("parentbased_traceidratio", "0.25", 0.25),
        ("traceidratio", "2", 1.0),
        ("traceidratio", "nan", 1.0),
        ("traceidratio", "often", 1.0),
        ("jaeger_remote", "0.25", None),
    ],
)
def test_the_sampler_variable_gives_a_ratio(sampler: str, argument: str, expected: float | None) -> None:
    assert sample_ratio({"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument}) == expected


def test_a_ratio_sampler_without_argument_takes_all() -> None:
    assert sample_ratio({"OTEL_TRACES_SAMPLER": "traceidratio"}) == 1.0
