"""Where a signal goes: the file first, then its own variables, then those of all signals; and what switches it off."""

import pytest

from gateway.telemetry.otlp.environment import is_exported, protocol_variable, url_of

ALL = "OTEL_EXPORTER_OTLP_ENDPOINT"
OWN = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"


@pytest.mark.parametrize(
    ("endpoint", "environ", "exported"),
    [
        (None, {}, False),
        ("http://c:4318", {}, True),
        (None, {ALL: "http://c:4318"}, True),
        (None, {OWN: "http://c:4318/m"}, True),
        (None, {ALL: "http://c:4318", "OTEL_METRICS_EXPORTER": "none"}, False),
        (None, {ALL: "http://c:4318", "OTEL_METRICS_EXPORTER": "prometheus, otlp"}, True),
        ("http://c:4318", {"OTEL_METRICS_EXPORTER": "none"}, True),
        ("http://c:4318", {"OTEL_SDK_DISABLED": "True"}, False),
    ],
)
def test_whether_it_goes_anywhere(endpoint: str | None, environ: dict[str, str], *, exported: bool) -> None:
    assert is_exported("METRICS", endpoint, environ) is exported


@pytest.mark.parametrize(
    ("endpoint", "protocol", "environ", "url"),
    [
        ("http://c:4318", "http/protobuf", {OWN: "http://other/x"}, "http://c:4318/v1/metrics"),
        ("http://c:4318/otlp/", "http/protobuf", {}, "http://c:4318/otlp/v1/metrics"),
        ("http://c:4318/v1/metrics", "http/protobuf", {}, "http://c:4318/v1/metrics"),
        (None, "http/protobuf", {ALL: "http://c:4318"}, "http://c:4318/v1/metrics"),
        (None, "http/protobuf", {ALL: "http://c:4318", OWN: "http://other/x"}, "http://other/x"),
        ("http://c:4317", "grpc", {}, "http://c:4317"),
        (None, "grpc", {ALL: "http://c:4317"}, "http://c:4317"),
    ],
)
def test_the_url_of_the_exporter(endpoint: str | None, protocol: str, environ: dict[str, str], url: str) -> None:
    assert url_of("METRICS", endpoint, protocol, environ) == url


def test_the_protocol_of_the_signal_comes_before_that_of_all() -> None:
    both = {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    assert protocol_variable("METRICS", both) == "grpc"
    assert protocol_variable("TRACES", both) == "http/protobuf"
    assert protocol_variable("METRICS", {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}) is None
