"""Where spans go, and whether they go at all: the configuration file, or the standard OTEL_* variables it leaves open.

Protocol, service name and sampling are in the settings already, the variables included: the configuration saw to it.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from gateway.model.snapshot import TraceSettings

GRPC: Final = "grpc"

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


def export_endpoint(settings: TraceSettings, environ: Mapping[str, str]) -> str:
    """The URL for the exporter of this protocol.

    Over HTTP the file's endpoint and OTEL_EXPORTER_OTLP_ENDPOINT are the base of `/v1/traces`, and
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is the whole URL (OpenTelemetry Protocol Exporter specification).
    """
    if settings.protocol == GRPC:
        return settings.endpoint or _endpoint_variable(environ)
    if settings.endpoint:
        return _with_traces_path(settings.endpoint)
    whole = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return whole or _with_traces_path(environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))


def _endpoint_variable(environ: Mapping[str, str]) -> str:
    return environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")


def _with_traces_path(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    if not path.endswith(_TRACES_PATH):
        path += _TRACES_PATH
    return urlunsplit(parts._replace(path=path))
