"""The record of one exchange: facts and times stamped by the stages, handed over once when it has ended.

Metrics, span, access line, live tail and rolling window are projections of this record, so they cannot disagree.
Stamps are monotonic nanoseconds and 0 while the step has not happened. Defaults stand on the classes, because a record
is made for every request and most of its facts are the usual ones.
"""

from typing import Any

from gateway.model.clock import NEVER_NS
from gateway.model.outcome import Reason, Source
from gateway.model.route import Route


class Attempt:
    """One try at an endpoint."""

    upstream: str
    endpoint: str
    span_id = ""
    status = 0
    """Status of the upstream's answer; 0 while there is none."""
    reason = Reason.NONE
    reused = False
    """Whether the connection had carried an exchange before."""
    started_ns: int
    connecting_ns = 0
    """When opening a connection for it began; 0 on a reused one."""
    connected_ns = 0
    leased_ns = 0
    """When it held a connection."""
    admission: Any = None
    """What the gate of its upstream has let it in with, while it counts there; nobody else's business."""
    waiter: Any = None
    """Its place in the queue for a connection while it has one; `connecting_ns` there says whether one is being opened."""
    sent_ns = 0
    """When the last byte of the request had been handed to the connection."""
    first_byte_ns = 0
    ended_ns = 0
    """When the last byte of the answer arrived, or the attempt failed."""

    def __init__(self, upstream: str, endpoint: str, started_ns: int) -> None:
        self.upstream = upstream
        self.endpoint = endpoint
        self.started_ns = started_ns


class Exchange:
    """One request and its answer."""

    listener: str
    revision: str
    client_address: str
    """The peer, or the client it speaks for when the peer is a trusted proxy. No port."""
    peer_address: str
    method = ""
    host = ""
    path = ""
    """Normalised; the same string was routed, logged and (unless rewritten) forwarded."""
    query: str | None = None
    protocol = "1.1"
    user_agent: str | None = None
    request_id = ""

    trace_id = ""
    """32 hex digits; empty when trace context is switched off."""
    span_id = ""
    parent_span_id = ""
    trace_state = ""
    trace_random = False
    """Whether the trace id is known to be random (W3C Trace Context level 2), as sent on in the trace flags."""
    sampled = False
    """The head decision, also sent on in the trace flags."""
    trace_debug = False
    """Whether the caller asked, in B3 or Jaeger's way, to have the whole trace kept; sent on in those forms."""
    link: tuple[str, str, bool, str] | None = None
    """Trace id, span id, sampled flag and trace state of a caller whose trace is not continued but linked to."""

    route: Route | None = None
    upstream = ""
    forwarded_path: str | None = None
    """The path as a rewrite made it, once a request has been sent with it; None where nothing is rewritten."""
    attempts: list[Attempt]
    upgraded = False

    status = 0
    """Status as the client saw it; 499 if it left before an answer began."""
    source = Source.GATEWAY
    reason = Reason.NONE
    detail = ""
    fault = ""
    """What the route's configuration injected: `delay`, `abort`, or both with a comma; empty for nothing."""
    fault_ns = 0
    """How long it was held back on purpose."""
    suppressed = ""
    """Why a further attempt that the route wants was not made (model.retry.Suppression); empty where none was wanted."""

    started_ns: int
    started_at_ns: int
    """Wall clock at started_ns, nanoseconds since the epoch."""
    head_ns = 0
    """When the request head was complete."""
    deadline_ns = NEVER_NS
    """Until when it may take: by its route, or by a trusted proxy before us that has less time."""
    request_body_ns = 0
    """When the last byte of the request body arrived; 0 for a request without one."""
    write_stall_ns = 0
    """Time at the end of the exchange in which only the client's reading was awaited."""
    ended_ns = 0

    bytes_in = 0
    """Head and payload as read."""
    bytes_out = 0
    """All that was written to the client."""
    in_flight = 0
    """Exchanges running in this worker when it ended, itself included."""
    mark: Any = None
    """The recorder's own: where this exchange is counted. Nobody else reads or writes it."""

    def __init__(self, listener: str, revision: str, client_address: str, started_ns: int, started_at_ns: int) -> None:
        self.listener = listener
        self.revision = revision
        self.client_address = self.peer_address = client_address
        self.started_ns = started_ns
        self.started_at_ns = started_at_ns
        self.attempts = []
