"""Where spans go, and whether they go at all: the configuration file, or the standard OTEL_* variables it leaves open.

Protocol, service name and sampling are in the settings already, the variables included: the configuration saw to it.
"""

from collections.abc import Mapping
from typing import Final

from gateway.model.snapshot import TraceSettings
from gateway.telemetry.otlp import environment

GRPC: Final = environment.GRPC
_SIGNAL: Final = "TRACES"


def traces_export_enabled(settings: TraceSettings, environ: Mapping[str, str]) -> bool:
    """Whether spans go anywhere; nowhere without trace context."""
    return settings.propagate and environment.is_exported(_SIGNAL, settings.endpoint, environ)


def export_endpoint(settings: TraceSettings, environ: Mapping[str, str]) -> str:
    """The URL for the exporter of this protocol."""
    return environment.url_of(_SIGNAL, settings.endpoint, settings.protocol, environ)
