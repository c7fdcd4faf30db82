"""An answer that nobody gets any more, read to its end so that its connection can be used again."""

from typing import Final

from gateway.http1.response_head import ResponseHead
from gateway.model.clock import SECOND_NS, monotonic_ns
from gateway.model.outcome import Reason
from gateway.upstreams.connection import UpstreamConnection

LEFTOVER_BYTES: Final = 64 * 1024
"""Reading more than that costs more than a new connection does."""
LEFTOVER_NS: Final = SECOND_NS


def leave_answer(connection: UpstreamConnection, head: ResponseHead, *, is_complete: bool, is_clean: bool) -> None:
    """Give a connection back whose answer has begun and will not be used. is_clean: the request went through whole."""
    if is_complete:
        connection.release(is_clean=is_clean)
    elif is_clean and head.is_reusable and (head.content_length or 0) <= LEFTOVER_BYTES:
        connection.receiver = Leftover(connection)
        connection.deadline_ns = monotonic_ns() + LEFTOVER_NS
    else:
        connection.abort()


class Leftover:
    """Reads what is left of the answer (upstreams.connection.ResponseReceiver), within its bounds."""

    __slots__ = ("_connection", "_left")

    def __init__(self, connection: UpstreamConnection) -> None:
        self._connection = connection
        self._left = LEFTOVER_BYTES

    def response_continues(self, payload: bytes, *, is_complete: bool) -> None:
        self._left -= len(payload)
        if is_complete:
            self._connection.release(is_clean=True)
        elif self._left < 0:
            self._connection.abort()

    def response_interim(self, head: ResponseHead) -> None:
        """Never called: the head has come."""

    def response_begins(self, head: ResponseHead, payload: bytes, *, is_complete: bool) -> None:
        """Never called: the head has come."""

    def response_failed(self, _reason: Reason, _detail: str) -> None:
        """The connection is gone, and nobody misses it."""

    def upstream_pauses(self) -> None:
        """Nothing is sent any more."""

    def upstream_resumes(self) -> None:
        """Nor was."""

    def upstream_deadline(self, _now_ns: int) -> None:
        self._connection.abort()
