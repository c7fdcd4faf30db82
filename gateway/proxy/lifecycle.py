"""The life of one request: the table of contents of this package.

begin -> match -> admit -> dispatch -> forward -> relay -> finish; `reply` where the gateway answers itself, `upgrade` where the
exchange becomes a tunnel. Every step runs to its end when its event comes; there is no task per request. `Lifecycle` is
what the client's connection drives; the steps behind it are its bases: relaying, on hedged, on retrying,
on attempting, on ending.
"""

from typing import Final

from gateway.http1.refusal import RequestRefused
from gateway.http1.response_head import ResponseHead
from gateway.http1.writer import CRLF, field_line, without_field
from gateway.model.clock import SECOND_NS, monotonic_ns
from gateway.model.headers import field_values
from gateway.model.outcome import Reason
from gateway.proxy.admit import admit
from gateway.proxy.causes import cause_fields
from gateway.proxy.faults import FaultPlan
from gateway.proxy.forward import deadline_of
from gateway.proxy.match import begin_trace, describe_request, match_request
from gateway.proxy.relaying import Relaying
from gateway.proxy.reply import Reply, refusal_reply, reply_for

_REQUEST_ID: Final = b"X-Request-Id"


class Lifecycle(Relaying):
    """One exchange, from the end of its request head to its record."""

    def begin(self, payload: bytes, *, is_complete: bool) -> None:
        """The head is here, with as much of the body as came with it."""
        exchange, context, head, config = self.exchange, self._context, self._head, self._config
        context.in_flight += 1
        exchange.bytes_in = head.size + len(payload)
        self._is_request_complete = is_complete
        if head.has_body:
            self._held = payload
            if is_complete:
                exchange.request_body_ns = exchange.head_ns
        describe_request(exchange, head)
        try:
            found = match_request(exchange, head, config, self._listener)
        except RequestRefused as refused:
            found = refusal_reply(refused)
        finally:
            # An exchange has its ids whatever becomes of it, even if something in us raised.
            if exchange.route is None:
                begin_trace(exchange, head.extras, config.propagator_for(self._listener))
        context.recorder.exchange_started(exchange)
        if isinstance(found, Reply):
            self._answer(found)
            return
        self._plan = found
        if context.shedding is not None and (refusal := admit(context.shedding, found)) is not None:
            self._answer(refusal)
            return
        if found.has_deadline:
            self.deadline_ns = exchange.deadline_ns = deadline_of(exchange, head, found, self._peer)
            self._watch()
        if found.faults is not None:
            self._inject(found.faults)
        elif found.retry is not None:
            self._begin_tries(found.retry, exchange.head_ns)
        else:
            self._dispatch(exchange.head_ns, needs_fresh=False)

    def _inject(self, faults: FaultPlan) -> None:
        """The route wants some of its requests to suffer."""
        delay_ns, reply = faults.inject(self.exchange, self._head.fields)
        if not delay_ns:
            self._after_fault(self.exchange.head_ns, reply)
            return
        if not self._is_request_complete:
            self._downstream.hold_request()
        self._delayed_since_ns = monotonic_ns()
        self._context.loop.call_later(delay_ns / SECOND_NS, self._delay_ended, reply)

    def _delay_ended(self, reply: Reply | None) -> None:
        if self._is_ended:
            return
        try:
            self._end_delay()
            if not self._is_request_complete:
                self._downstream.resume_request()
            self._after_fault(monotonic_ns(), reply)
        except Exception as error:
            # Nobody else would tell the client, who has waited for long enough.
            self._context.loop.call_exception_handler({"message": "a request was not sent", "exception": error})
            self.failed_internally()

    def _after_fault(self, begun_ns: int, reply: Reply | None) -> None:
        if reply is not None:
            self._answer(reply)
        elif self._plan.retry is not None:
            self._begin_tries(self._plan.retry, begun_ns)
        else:
            self._dispatch(begun_ns, needs_fresh=False)

    def request_continues(self, payload: bytes, *, is_complete: bool) -> None:
        if self._is_ended:
            return
        exchange, connection, attempt = self.exchange, self._connection, self._attempt
        exchange.bytes_in += len(payload)
        self._is_request_complete = is_complete
        if is_complete:
            exchange.request_body_ns = monotonic_ns()
        if connection is None or attempt is None:
            self._held += payload
            self._downstream.hold_request()
            return
        self._send_payload(connection, payload)
        if is_complete:
            self._request_sent(connection, attempt, exchange.request_body_ns)

    def request_refused(self, refused: RequestRefused) -> None:
        self._fail(refusal_reply(refused))

    def request_timed_out(self) -> None:
        self._fail(reply_for(Reason.CLIENT_TIMEOUT))


class ToldLifecycle(Lifecycle):
    """An exchange whose client is told what the gateway did, or its id. A class of its own: all others pay nothing for it."""

    def _is_usual(self) -> bool:
        return False

    def _encode_head(self, head: ResponseHead, *, is_chunked: bool) -> bytes:
        encoded = super()._encode_head(head, is_chunked=is_chunked).removesuffix(CRLF)
        if self._peer.gets_id:
            encoded = without_field(encoded, b"x-request-id") + field_line(
                _REQUEST_ID, self.exchange.request_id.encode()
            )
        if self._peer.is_told:
            reason = Reason.UPSTREAM_STATUS if head.status >= 500 else Reason.NONE
            fields = cause_fields(self.exchange, reason, is_ours=False)
            encoded += b"".join([field_line(name, value) for name, value in fields])
        return encoded + CRLF

    def _answer(self, reply: Reply) -> None:
        # An answer with a body of its own is one that was configured; the others carry the id in any case.
        if self._peer.gets_id and reply.body is not None and not field_values(reply.fields, b"x-request-id"):
            reply.fields.append((_REQUEST_ID, self.exchange.request_id.encode()))
        super()._answer(reply)
