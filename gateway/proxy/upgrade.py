"""After the upstream's 101 an exchange is a tunnel: bytes both ways, each side closed when it has said its last.

Until then HTTP framing stayed on; nothing here is reached by a request that merely asked for an upgrade.
"""

from gateway.http1.response_head import ResponseHead
from gateway.model.clock import NEVER_NS, monotonic_ns
from gateway.model.exchange import Attempt, Exchange
from gateway.model.outcome import Reason, Source
from gateway.proxy.context import Context
from gateway.proxy.finish import conclude, hand_over
from gateway.proxy.sides import Downstream
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.endpoint import LiveEndpoint


class Tunnel:
    """Takes over both sides of an exchange (sides.Served, upstreams.connection.ResponseReceiver)."""

    __slots__ = (
        "_attempt",
        "_connection",
        "_context",
        "_downstream",
        "_endpoint",
        "_has_client_ended",
        "_has_upstream_ended",
        "_idle_ns",
        "_is_ended",
        "exchange",
    )

    def __init__(
        self,
        context: Context,
        exchange: Exchange,
        attempt: Attempt,
        downstream: Downstream,
        connection: UpstreamConnection,
        endpoint: LiveEndpoint,
        idle_ns: int,
    ) -> None:
        self.exchange = exchange
        self._context = context
        self._attempt = attempt
        self._downstream = downstream
        self._connection = connection
        self._endpoint = endpoint
        self._idle_ns = idle_ns
        self._has_client_ended = False
        self._has_upstream_ended = False
        self._is_ended = False
        exchange.upgraded = True
        connection.receiver = self
        self._used()

    def request_continues(self, payload: bytes, *, is_complete: bool) -> None:
        """From the client; complete when it has closed its side."""
        if payload:
            self.exchange.bytes_in += len(payload)
            self._connection.transport.write(payload)
            self._used()
        if is_complete:
            self._has_client_ended = True
            if self._has_upstream_ended:
                self._end()
            else:
                self._connection.transport.write_eof()

    def response_continues(self, payload: bytes, *, is_complete: bool) -> None:
        """From the upstream; complete when it has closed its side."""
        if payload:
            self.exchange.bytes_out += len(payload)
            self._downstream.write(payload)
            self._used()
        if is_complete:
            self._has_upstream_ended = True
            if self._has_client_ended:
                self._end()
            else:
                self._downstream.end_tunnel()

    def response_interim(self, head: ResponseHead) -> None:
        """Never called: there are no heads in a tunnel."""

    def response_begins(self, head: ResponseHead, payload: bytes, *, is_complete: bool) -> None:
        """Never called: there are no heads in a tunnel."""

    def response_failed(self, _reason: Reason, _detail: str) -> None:
        self._end()

    def client_left(self) -> None:
        self._end()

    def client_stalled(self) -> None:
        conclude(self.exchange, Reason.CLIENT_TIMEOUT, "The client stopped reading.")
        self._end()

    def shut_down(self) -> None:
        conclude(self.exchange, Reason.SHUTTING_DOWN)
        self._end()

    def upstream_deadline(self, _now_ns: int) -> None:
        conclude(self.exchange, Reason.UPSTREAM_IDLE_TIMEOUT, "Nothing moved in the tunnel.")
        self._end()

    def upstream_pauses(self) -> None:
        self._downstream.hold_request()

    def upstream_resumes(self) -> None:
        self._downstream.resume_request()

    def downstream_pauses(self) -> None:
        self._connection.transport.pause_reading()
        self._connection.deadline_ns = NEVER_NS

    def downstream_resumes(self) -> None:
        self._connection.transport.resume_reading()
        self._used()

    def _used(self) -> None:
        if not self._downstream.is_write_paused:
            self._connection.deadline_ns = monotonic_ns() + self._idle_ns

    def _end(self) -> None:
        """Both sides have said their last, or one is gone or silent; what is still buffered is delivered."""
        if self._is_ended:
            return
        self._is_ended = True
        self._attempt.ended_ns = monotonic_ns()
        self._endpoint.attempt_ended(self._attempt)
        self._connection.close("tunnel_ended")
        if self.exchange.reason is Reason.NONE:
            self.exchange.source = Source.UPSTREAM
        hand_over(self.exchange, self._context)
        self._downstream.exchange_ended(keep_alive=False, now_ns=self.exchange.ended_ns)
