"""Sightline's data plane: an HTTP gateway that can say what it did with every request, and why."""

from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec

__version__ = "0.1.0"


def is_compiled() -> bool:
    """Whether this copy's data path was compiled (`make compiled`) or runs as plain Python, from the same sources."""
    spec = find_spec("gateway.proxy.lifecycle")
    return spec is not None and isinstance(spec.loader, ExtensionFileLoader)
