"""What an operator declares about trace context: whose is believed, and in which forms it is sent."""

from enum import StrEnum


class TrustIncoming(StrEnum):
    """What becomes of the trace context that a request brings."""

    ACCEPT = "accept"
    """Its trace is continued, and its decision to sample followed."""
    LINK = "link"
    """A new trace begins, whose server span has a link to the caller's."""
    IGNORE = "ignore"
    """A new trace begins, as if the request had brought nothing."""


class TraceFormat(StrEnum):
    """Forms of trace context that are sent besides W3C's; names as in OTEL_PROPAGATORS."""

    B3 = "b3"
    B3_MULTI = "b3multi"
    JAEGER = "jaeger"
