"""Where a signal goes, and whether it goes at all: the configuration file, or the standard OTEL_* variables it leaves open.

A signal is TRACES or METRICS, as in the names of the variables (OpenTelemetry Protocol Exporter specification).
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

GRPC: Final = "grpc"
PROTOCOLS: Final = frozenset({"http/protobuf", GRPC})


def is_exported(signal: str, endpoint: str | None, environ: Mapping[str, str]) -> bool:
    """Whether an endpoint is set in the file or by a variable, and nothing switches the signal off.

    OTEL_SDK_DISABLED switches off whatever the file says; OTEL_{signal}_EXPORTER=none only what the variables ask for.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if endpoint:
        return True
    exporters = [name.strip() for name in environ.get(f"OTEL_{signal}_EXPORTER", "otlp").split(",")]
    return bool(_endpoint_variable(signal, environ)) and "otlp" in exporters


def url_of(signal: str, endpoint: str | None, protocol: str, environ: Mapping[str, str]) -> str:
    """The URL for the exporter of this protocol.

    Over HTTP the file's endpoint and OTEL_EXPORTER_OTLP_ENDPOINT are the base of the signal's path, and
    OTEL_EXPORTER_OTLP_{signal}_ENDPOINT is the whole URL.
    """
    if protocol == GRPC:
        return endpoint or _endpoint_variable(signal, environ)
    if endpoint:
        return _with_path(endpoint, signal)
    whole = environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    return whole or _with_path(environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""), signal)


def protocol_variable(signal: str, environ: Mapping[str, str]) -> str | None:
    """What the variables say of the protocol, if it is one of ours."""
    protocol = environ.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    return protocol if protocol in PROTOCOLS else None


def _endpoint_variable(signal: str, environ: Mapping[str, str]) -> str:
    return environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")


def _with_path(endpoint: str, signal: str) -> str:
    wanted = f"/v1/{signal.lower()}"
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    if not path.endswith(wanted):
        path += wanted
    return urlunsplit(parts._replace(path=path))
