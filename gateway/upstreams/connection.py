"""One HTTP/1.1 connection to an endpoint: it reads responses and says whether it may carry another exchange.

It belongs to a pool while idle and to a receiver (an exchange) while leased. Anything unexpected on it (bytes behind a
message, bytes while idle, a broken head) closes it for good: a poisoned connection is never used again.
"""

import asyncio
from typing import Final, Protocol, cast

from gateway.http1.body import BodyInvalid, BodyReader, ChunkedBody, CloseDelimitedBody, LengthBody, NoBody
from gateway.http1.refusal import ResponseRefused
from gateway.http1.response_head import ResponseHead, ResponseHeadReader
from gateway.model.clock import NEVER_NS, SECOND_NS, monotonic_ns
from gateway.model.outcome import Reason
from gateway.net.deadlines import Deadlines
from gateway.net.pieces import PIECE, read_in_pieces

INTERIM_AT_MOST: Final = 32
LINGER_NS: Final = 2 * SECOND_NS
"""How long an endpoint has to take what was written before its connection was closed."""
_CHUNK_LINE: Final = 16 * 1024
_TRAILER_BYTES: Final = 64 * 1024


class ResponseReceiver(Protocol):
    """Whoever leases a connection. After `response_failed` or a complete response it gets no further call."""

    def response_interim(self, head: ResponseHead) -> None: ...

    def response_begins(self, head: ResponseHead, payload: bytes, *, is_complete: bool) -> None: ...

    def response_continues(self, payload: bytes, *, is_complete: bool) -> None: ...

    def response_failed(self, reason: Reason, detail: str) -> None: ...

    def upstream_pauses(self) -> None: ...

    def upstream_resumes(self) -> None: ...

    def upstream_deadline(self, now_ns: int) -> None: ...


class ConnectionOwner(Protocol):
    """The pool, as its connections see it."""

    def connection_closed(self, connection: "UpstreamConnection", reason: str) -> None: ...

    def connection_free(self, connection: "UpstreamConnection") -> None: ...


class UpstreamConnection(asyncio.Protocol):
    """Build it with its owner, hand it to `create_connection`; `is_connected` from then until the end.

    received_ns: when the bytes being handled arrived. exchanges: how many it has been leased for. address: the IP address.
    """

    __slots__ = (
        "_body",
        "_deadlines",
        "_is_forgotten",
        "_loop",
        "_reader",
        "address",
        "deadline_ns",
        "exchanges",
        "has_answered",
        "interim_count",
        "is_connected",
        "is_tunnel",
        "last_byte_reusable",
        "owner",
        "received_ns",
        "receiver",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, owner: ConnectionOwner, deadlines: Deadlines, loop: asyncio.AbstractEventLoop) -> None:
        self.owner = owner
        self.address = ""
        self._loop = loop
        self._deadlines = deadlines
        self._reader = ResponseHeadReader()
        self._body: BodyReader | None = None
        self._is_forgotten = False
        self.receiver: ResponseReceiver | None = None
        self.deadline_ns = NEVER_NS
        self.exchanges = self.received_ns = self.interim_count = 0
        self.has_answered = False
        """Whether any byte of the current response has come."""
        self.is_connected = self.is_tunnel = self.last_byte_reusable = False

    def begin(self, receiver: ResponseReceiver, *, to_head: bool, upgrade: bytes | None) -> None:
        """From here on, what comes belongs to this receiver."""
        self.receiver = receiver
        self.deadline_ns = NEVER_NS
        self.exchanges += 1
        self.has_answered = self.last_byte_reusable = False
        self.interim_count = 0
        self._reader.to_head = to_head
        self._reader.allowed_upgrade = upgrade

    def release(self, *, is_clean: bool) -> None:
        """The receiver is done with it; is_clean: request and response both went through to their last byte."""
        self.receiver = None
        self.deadline_ns = NEVER_NS
        self._body = None
        if is_clean and self.last_byte_reusable and not self.transport.is_closing():
            self.owner.connection_free(self)
        else:
            self.close("not_reusable")

    def abort(self) -> None:
        """Give up at once, whatever is still on its way."""
        self.receiver = None
        self._forget("aborted")
        if self.is_connected:
            self.transport.abort()

    def close(self, reason: str) -> None:
        self.receiver = None
        self._forget(reason)
        if self.is_connected:
            # What is buffered still goes out, but not for ever.
            self.deadline_ns = monotonic_ns() + LINGER_NS
            self.transport.close()

    def _forget(self, reason: str) -> None:
        if not self._is_forgotten:
            self._is_forgotten = True
            self.owner.connection_closed(self, reason)

    @property
    def is_ended(self) -> bool:
        """Whether it has been closed, by whomever, and carries nothing any more."""
        return self._is_forgotten

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's transports do not derive from it.
        self.is_connected = True
        self._deadlines.watch(self)

    def data_received(self, data: bytes) -> None:
        receiver = self.receiver
        if receiver is None:
            self.close("unsolicited_bytes")
            return
        self.received_ns = monotonic_ns()
        self.has_answered = True
        if self.is_tunnel:
            receiver.response_continues(data, is_complete=False)
            return
        try:
            if self._body is None:
                self._read_head(receiver, data)
            else:
                self._read_body(receiver, self._body, data)
        except ResponseRefused as refused:
            self._fail(Reason.UPSTREAM_PROTOCOL_ERROR, refused.detail)
        except BodyInvalid as invalid:
            self._fail(Reason.UPSTREAM_PROTOCOL_ERROR, invalid.detail)
        except Exception as error:
            self._loop.call_exception_handler({"message": "an answer could not be relayed", "exception": error})
            self._fail(Reason.INTERNAL_ERROR, "")

    def _read_head(self, receiver: ResponseReceiver, data: bytes) -> None:
        reader = self._reader
        end = reader.feed(data)
        while end >= 0 and (reader.head.status < 200 and reader.head.status != 101):
            self.interim_count += 1
            if self.interim_count > INTERIM_AT_MOST:
                raise ResponseRefused(f"There are more than {INTERIM_AT_MOST} interim responses.")
            receiver.response_interim(reader.head)
            receiver = self.receiver or receiver  # Another may have taken over with that.
            data = data[end:]
            end = reader.feed(data) if data else -1
        if end < 0:
            return
        head = reader.head
        if head.status == 101:
            self.is_tunnel = True
            receiver.response_begins(head, data[end:], is_complete=False)
            return
        if len(data) - end == head.content_length and not head.is_bodyless:
            # The whole answer came in one read, as most do.
            self.last_byte_reusable = head.is_reusable
            receiver.response_begins(head, data[end:], is_complete=True)
            return
        body = self._body = _body_of(head)
        payload = body.read(data[end:]) if end < len(data) else b""
        if body.is_complete:
            self.last_byte_reusable = head.is_reusable and not body.rest
        receiver.response_begins(head, payload, is_complete=body.is_complete)

    def _read_body(self, receiver: ResponseReceiver, body: BodyReader, data: bytes) -> None:
        if len(data) > PIECE:
            read_in_pieces(self.transport, self)
        payload = body.read(data)
        if body.is_complete:
            self.last_byte_reusable = self._reader.head.is_reusable and not body.rest
        receiver.response_continues(payload, is_complete=body.is_complete)

    @property
    def trailers(self) -> list[tuple[bytes, bytes]]:
        return self._body.trailers if self._body is not None else []

    def _fail(self, reason: Reason, detail: str) -> None:
        receiver = self.receiver
        self.abort()
        if receiver is not None:
            receiver.response_failed(reason, detail)

    def eof_received(self) -> bool:
        receiver = self.receiver
        if receiver is None:
            return False
        if self.is_tunnel:
            receiver.response_continues(b"", is_complete=True)
            return True
        if isinstance(self._body, CloseDelimitedBody):
            receiver.response_continues(b"", is_complete=True)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_connected = False
        self._deadlines.unwatch(self)
        receiver = self.receiver
        self.receiver = None
        self._forget("reset" if exc is not None else "closed_by_endpoint")
        if receiver is not None:
            receiver.response_failed(
                Reason.UPSTREAM_RESET, "The upstream closed the connection before its answer was whole."
            )

    def pause_writing(self) -> None:
        if self.receiver is not None:
            self.receiver.upstream_pauses()

    def resume_writing(self) -> None:
        if self.receiver is not None:
            self.receiver.upstream_resumes()

    def on_deadline(self, now_ns: int) -> None:
        if self._is_forgotten:
            self.transport.abort()
        elif self.receiver is None:
            self.close("idle")
        else:
            self.receiver.upstream_deadline(now_ns)


def _body_of(head: ResponseHead) -> BodyReader:
    if head.is_bodyless:
        return NoBody()
    if head.is_chunked:
        return ChunkedBody(_CHUNK_LINE, _TRAILER_BYTES)
    return CloseDelimitedBody() if head.content_length is None else LengthBody(head.content_length)
