"""Sightline's data plane: an HTTP gateway that can say what it did with every request, and why."""

__version__ = "0.1.0"
