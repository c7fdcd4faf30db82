"""The upstream's answer on its way to the client: relayed as it comes, at the pace the client takes it."""

from typing import Final

from gateway.http1.response_head import ResponseHead
from gateway.http1.writer import CRLF, field_line
from gateway.model.clock import NEVER_NS, monotonic_ns
from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason, Source
from gateway.proxy.dispatch import session_cookie
from gateway.proxy.hedged import Hedged
from gateway.proxy.relay import encode_interim, encode_response, frame_payload
from gateway.proxy.reply import reply_for
from gateway.proxy.upgrade import Tunnel
from gateway.upstreams.connection import UpstreamConnection

_UPSTREAM: Final = Source.UPSTREAM
_UPSTREAM_STATUS: Final = Reason.UPSTREAM_STATUS


class Relaying(Hedged):
    """What the leased connection calls (upstreams.connection.ResponseReceiver), and the client's back-pressure."""

    def response_interim(self, head: ResponseHead) -> None:
        # 100 is ours to send (RFC 9110 section 10.1.1); HTTP/1.0 knows no interim responses.
        if head.status != 100 and self._head.minor_version == 1:
            self._has_sent_interim = True
            self._supersede_hedge()
            self._write(encode_interim(head))

    def response_begins(self, head: ResponseHead, payload: bytes, *, is_complete: bool) -> None:
        connection, attempt = self._connection, self._attempt
        assert connection is not None
        assert attempt is not None
        if head.status == 101 and not self._is_request_complete:
            # Until the request is whole HTTP framing stays on: what is still to come of it must not go up as tunnel bytes.
            self._fail(reply_for(Reason.UPSTREAM_PROTOCOL_ERROR, "The upstream switched in the middle of the request."))
            return
        plan = self._plan
        retry = plan.retry
        if (
            retry is not None
            and (self._hedge is not None or head.status in retry.statuses)
            and self._leaves_answer(retry, head, is_complete=is_complete)
        ):
            return
        attempt.first_byte_ns = connection.received_ns
        attempt.status = self.exchange.status = head.status
        if head.encoded_for is plan.answer_form and self._is_usual():
            data = head.encoded
            is_chunked = False
        else:
            is_chunked = self._frame(head)
            data = self._encode_head(head, is_chunked=is_chunked)
        if head.status == 101:
            self._become_tunnel(connection, attempt, data + payload)
            return
        if is_chunked:
            data += self._frame_chunk(connection, payload, is_complete=is_complete)
        elif payload:
            data += payload
        self.exchange.bytes_out += len(data)
        self._downstream.write(data)
        if is_complete:
            self._response_ended(connection, attempt)
        elif not self._downstream.is_write_paused:
            connection.deadline_ns = connection.received_ns + self._plan.upstream_idle_ns

    def _is_usual(self) -> bool:
        """Whether the client gets the answer as most do: on a connection that goes on."""
        return (
            self._keep_alive
            and self._is_request_complete
            and not self._context.is_draining
            and self._head.minor_version == 1
            and self._head.upgrade is None
            and not self._plan.is_sticky
        )

    def _encode_head(self, head: ResponseHead, *, is_chunked: bool) -> bytes:
        encoded = self._encode_plain_head(head, is_chunked=is_chunked)
        cookie = None
        if self._plan.is_sticky and self._upstream is not None:
            cookie = session_cookie(self._upstream, self._endpoint, self._head)
        return encoded if cookie is None else encoded.removesuffix(CRLF) + field_line(b"Set-Cookie", cookie) + CRLF

    def _encode_plain_head(self, head: ResponseHead, *, is_chunked: bool) -> bytes:
        return encode_response(
            head,
            self._plan,
            self._head.minor_version,
            keep_alive=self._keep_alive,
            is_chunked=is_chunked,
            date=None if head.has_date else self._context.date(),
        )

    def _frame(self, head: ResponseHead) -> bool:
        """Decide how the body is delimited for this client and whether the connection goes on; True for chunks."""
        is_chunked = False
        if not head.is_bodyless and (head.is_chunked or head.is_close_delimited):
            is_chunked = self._head.minor_version == 1
            self._ends_by_close = not is_chunked
        self._is_response_chunked = is_chunked
        # An answer that comes before the request is whole ends both connections (desync research of 2025).
        if (
            not self._is_request_complete
            or self._ends_by_close
            or self._context.is_draining
            or (self._head.upgrade is not None and head.status != 101)
        ):
            self._keep_alive = False
        return is_chunked

    def response_continues(self, payload: bytes, *, is_complete: bool) -> None:
        connection, attempt = self._connection, self._attempt
        assert connection is not None
        assert attempt is not None
        if self._is_response_chunked:
            payload = self._frame_chunk(connection, payload, is_complete=is_complete)
        if payload:
            self.exchange.bytes_out += len(payload)
            self._downstream.write(payload)
        if is_complete:
            self._response_ended(connection, attempt)
        elif not self._downstream.is_write_paused:
            connection.deadline_ns = connection.received_ns + self._plan.upstream_idle_ns

    def _frame_chunk(self, connection: UpstreamConnection, payload: bytes, *, is_complete: bool) -> bytes:
        trailers = connection.trailers if is_complete and self._plan.forward_trailers else None
        return frame_payload(payload, is_complete=is_complete, trailers=trailers)

    def _become_tunnel(self, connection: UpstreamConnection, attempt: Attempt, data: bytes) -> None:
        self._write(data)
        self._is_ended = True
        if self._is_watched:
            self._context.deadlines.unwatch(self)  # The route's limit is for the answer, which has come.
        self._connection = None
        gate = None if self._upstream is None else self._upstream.gate
        if gate is not None:
            gate.became_tunnel(attempt, connection.received_ns)
        tunnel = Tunnel(
            self._context,
            self.exchange,
            attempt,
            self._downstream,
            connection,
            self._endpoint,
            self._plan.upstream_idle_ns,
        )
        self._downstream.become_tunnel(tunnel)

    def _response_ended(self, connection: UpstreamConnection, attempt: Attempt) -> None:
        attempt.ended_ns = connection.received_ns
        if attempt.status >= 500:
            attempt.reason = _UPSTREAM_STATUS
        self._connection = None
        self._endpoint.attempt_ended(attempt)
        is_client_behind = self._downstream.is_write_paused
        if is_client_behind:
            connection.transport.resume_reading()  # In the pool or with its next receiver, it must be heard again.
        connection.release(is_clean=self._is_request_complete and not self._is_upstream_behind)
        # Answered whole; a 5xx of the upstream's own making is still a failure with a name.
        self.exchange.source = _UPSTREAM
        if attempt.status >= 500:
            self.exchange.reason = _UPSTREAM_STATUS
        if is_client_behind:
            self._flushing_since_ns = monotonic_ns()
        else:
            self._finish()

    def downstream_pauses(self) -> None:
        if self._connection is not None:
            self._connection.transport.pause_reading()
            self._connection.deadline_ns = NEVER_NS

    def downstream_resumes(self) -> None:
        if self._flushing_since_ns:
            self._finish()
        elif self._connection is not None:
            self._connection.transport.resume_reading()
            self._connection.deadline_ns = monotonic_ns() + self._plan.upstream_idle_ns
