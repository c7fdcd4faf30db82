"""The standard OTEL_* variables, as far as they decide what the configuration file leaves open. The file wins."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from gateway.model.snapshot import TelemetrySettings, TraceSettings

HTTP_PROTOBUF: Final = "http/protobuf"
GRPC: Final = "grpc"

_DEFAULT_SERVICE_NAME: Final = TelemetrySettings().service_name
_TRACES_PATH: Final = "/v1/traces"


def traces_export_enabled(settings: TraceSettings, environ: Mapping[str, str]) -> bool:
    """Whether spans go anywhere: an endpoint is set in the file or by a variable, and nothing switches traces off.

    OTEL_SDK_DISABLED switches off whatever the file says; OTEL_TRACES_EXPORTER=none only what the variables ask for.
    """
    if not settings.propagate or environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if settings.endpoint:
        return True
    exporters = [name.strip() for name in environ.get("OTEL_TRACES_EXPORTER", "otlp").split(",")]
    return bool(_endpoint_variable(environ)) and "otlp" in exporters


def export_protocol(settings: TraceSettings, environ: Mapping[str, str]) -> str:
    """`http/protobuf` or `grpc`: the file's where it names the endpoint, else that of the variables."""
    if settings.endpoint:
        return settings.protocol
    chosen = environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    return chosen or settings.protocol


def export_endpoint(settings: TraceSettings, environ: Mapping[str, str]) -> str:
    """The URL for the exporter of this protocol.

    Over HTTP the file's endpoint and OTEL_EXPORTER_OTLP_ENDPOINT are the base of `/v1/traces`, and
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is the whole URL (OpenTelemetry Protocol Exporter specification).
    """
    protocol = export_protocol(settings, environ)
    if protocol == GRPC:
        return settings.endpoint or _endpoint_variable(environ)
    if settings.endpoint:
        return _with_traces_path(settings.endpoint)
    whole = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return whole or _with_traces_path(environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))


def service_name(settings: TelemetrySettings, environ: Mapping[str, str]) -> str | None:
    """The name given in the file, or None to leave it to OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES."""
    if settings.service_name == _DEFAULT_SERVICE_NAME:
        named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        if named:
            return None
    return settings.service_name


def sample_ratio(environ: Mapping[str, str]) -> float | None:
    """What OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG ask for, 0 to 1; None if they ask for nothing we know.

    The decision follows the parent where there is one, whichever of the two forms is named.
    """
    sampler = environ.get("OTEL_TRACES_SAMPLER", "").strip().lower().removeprefix("parentbased_")
    if sampler == "always_on":
        return 1.0
    if sampler == "always_off":
        return 0.0
    if sampler != "traceidratio":
        return None
    try:
        ratio = float(environ.get("OTEL_TRACES_SAMPLER_ARG", "1.0"))
    except ValueError:
        return 1.0
    return ratio if 0.0 <= ratio <= 1.0 else 1.0


def _endpoint_variable(environ: Mapping[str, str]) -> str:
    return environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")


def _with_traces_path(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    if not path.endswith(_TRACES_PATH):
        path += _TRACES_PATH
    return urlunsplit(parts._replace(path=path))
