"""Whether and where spans go, and that the file wins over the variables."""

from dataclasses import replace
from typing import Final

import pytest

from gateway.model.snapshot import TraceSettings
from gateway.telemetry.tracing.environment import export_endpoint, traces_export_enabled

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
    assert export_endpoint(TraceSettings(protocol="grpc"), {BASE: "http://c:4317"}) == "http://c:4317"
