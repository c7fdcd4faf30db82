"""The record of one exchange: facts and times stamped by the stages, handed over once when it has ended.

Metrics, span, access line, live tail and rolling window are projections of this record, so they cannot disagree.
Stamps are monotonic nanoseconds and 0 while the step has not happened.
"""

from typing import Any, Final

from gateway.model.clock import monotonic_ns
from gateway.model.outcome import Reason, Source
from gateway.model.route import Route

_NONE: Final = Reason.NONE
_GATEWAY: Final = Source.GATEWAY
# Bound once: looking a member up on its enum costs more than the rest of a stamp.


class Attempt:
    """One try at an endpoint."""

    __slots__ = (
        "connected_ns",
        "connecting_ns",
        "ended_ns",
        "endpoint",
        "first_byte_ns",
        "leased_ns",
        "reason",
        "reused",
        "sent_ns",
        "span_id",
        "started_ns",
        "status",
        "upstream",
    )

    def __init__(self, upstream: str, endpoint: str, started_ns: int) -> None:
        self.upstream = upstream
        self.endpoint = endpoint
        self.span_id = ""
        self.status = 0
        """Status of the upstream's answer; 0 while there is none."""
        self.reason = _NONE
        self.reused = False
        """Whether the connection had carried an exchange before."""
        self.started_ns = started_ns
        self.connecting_ns = 0
        """When opening a connection for it began; 0 on a reused one."""
        self.connected_ns = 0
        self.leased_ns = 0
        """When it held a connection."""
        self.sent_ns = 0
        """When the last byte of the request had been handed to the connection."""
        self.first_byte_ns = 0
        self.ended_ns = 0
        """When the last byte of the answer arrived, or the attempt failed."""


class Exchange:
    """One request and its answer."""

    __slots__ = (
        "attempts",
        "bytes_in",
        "bytes_out",
        "client_address",
        "detail",
        "ended_ns",
        "head_ns",
        "host",
        "in_flight",
        "listener",
        "mark",
        "method",
        "parent_span_id",
        "path",
        "peer_address",
        "protocol",
        "query",
        "reason",
        "request_body_ns",
        "request_id",
        "revision",
        "route",
        "sampled",
        "source",
        "span_id",
        "started_at_ns",
        "started_ns",
        "status",
        "trace_id",
        "trace_random",
        "trace_state",
        "upgraded",
        "upstream",
        "user_agent",
        "write_stall_ns",
    )

    def __init__(  # noqa: PLR0915 - one assignment per fact; a record without gaps is the point
        self, listener: str, revision: str, client_address: str, started_ns: int, started_at_ns: int
    ) -> None:
        self.listener = listener
        self.revision = revision
        self.client_address = client_address
        """The peer, or the client it speaks for when the peer is a trusted proxy. No port."""
        self.peer_address = client_address
        self.started_ns = started_ns
        self.started_at_ns = started_at_ns
        """Wall clock at started_ns, nanoseconds since the epoch."""
        self.head_ns = 0
        """When the request head was complete."""
        self.request_body_ns = 0
        """When the last byte of the request body arrived; 0 for a request without one."""
        self.write_stall_ns = 0
        """Time at the end of the exchange in which only the client's reading was awaited."""
        self.ended_ns = 0
        self.method = ""
        self.host = ""
        self.path = ""
        """Normalised; the same string was routed, logged and (unless rewritten) forwarded."""
        self.query: str | None = None
        self.protocol = "1.1"
        self.user_agent: str | None = None
        self.request_id = ""
        self.trace_id = ""
        """32 hex digits; empty when trace context is switched off."""
        self.span_id = ""
        self.parent_span_id = ""
        self.trace_state = ""
        self.trace_random = False
        """Whether the trace id is known to be random (W3C Trace Context level 2), as sent on in the trace flags."""
        self.sampled = False
        """The head decision, also sent on in the trace flags."""
        self.route: Route | None = None
        self.upstream = ""
        self.status = 0
        """Status as the client saw it; 499 if it left before an answer began."""
        self.source = _GATEWAY
        self.reason = _NONE
        self.detail = ""
        self.attempts: list[Attempt] = []
        self.bytes_in = 0
        """Head and body as read, before decoding of the transfer coding is counted out."""
        self.bytes_out = 0
        self.in_flight = 0
        """Exchanges running in this worker when it ended, itself included."""
        self.upgraded = False
        self.mark: Any = None
        """The recorder's own: where this exchange is counted. Nobody else reads or writes it."""

    def age_ns(self) -> int:
        return (self.ended_ns or monotonic_ns()) - self.started_ns
