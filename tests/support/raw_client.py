"""A client that speaks bytes: it sends what it is told, whole or one byte at a time, reads answers strictly, and can
tell an orderly end of the connection (FIN) from an abort (RST). Every wait has a deadline."""

import contextlib
import socket
import struct
import time
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from tests.support.messages import NeedMore, Response, parse_response
from tests.support.waiting import DEADLINE_S, Overdue

Address = tuple[str, int]

_READ_SIZE: Final = 256 * 1024


class Delivery(StrEnum):
    WHOLE = "whole"
    BYTEWISE = "byte by byte"


class End(StrEnum):
    """How the peer ended the connection."""

    FIN = "FIN"
    RST = "RST"


class Truncated(AssertionError):  # noqa: N818 - what was read, not what went wrong in here
    """The connection ended within an answer, so that a client knows it has not received all of it."""

    def __init__(self, end: End, received: bytes) -> None:
        super().__init__(f"{end} after {len(received)} bytes: {received[:200]!r}")
        self.end = end
        self.received = received


class RawClient:
    """One connection to the gateway. It is used by one thread and closed by whoever opened it."""

    def __init__(self, address: Address, *, source: str | None = None, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.after_byte: Callable[[], None] | None = None
        """Called after each byte of a delivery byte by byte; one that waits for the reader makes each a read of its own."""
        self.end: End | None = None
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes, delivery: Delivery = Delivery.WHOLE) -> None:
        """Send all of it. One byte at a time means one segment for each."""
        if delivery is Delivery.WHOLE:
            self.socket.sendall(data)
            return
        for offset in range(len(data)):
            self.socket.sendall(data[offset : offset + 1])
            if self.after_byte is not None:
                self.after_byte()

    def send_until_refused(self, data: bytes, delivery: Delivery = Delivery.WHOLE) -> None:
        """The same for input so long that the gateway may have had enough of it before its end."""
        with contextlib.suppress(ConnectionError):
            self.send(data, delivery)

    def request(self, data: bytes, method: str = "GET", delivery: Delivery = Delivery.WHOLE) -> Response:
        """Send one request and read its final answer."""
        self.send(data, delivery)
        return self.read_final(method)

    def read_response(self, method: str = "GET", deadline_s: float = DEADLINE_S) -> Response:
        """The next answer, interim or final; Truncated if the connection ends within or before it."""
        ends_s = time.monotonic() + deadline_s
        while True:
            with contextlib.suppress(NeedMore):
                response = parse_response(bytes(self._buffer), method, ended=self.end is End.FIN)
                del self._buffer[: response.size]
                return response
            if self.end is not None:
                raise Truncated(self.end, bytes(self._buffer))
            self._receive(ends_s, "an answer")

    def read_final(self, method: str = "GET", deadline_s: float = DEADLINE_S) -> Response:
        """The next answer that is not interim; those before it are dropped."""
        while True:
            response = self.read_response(method, deadline_s)
            if response.status >= 200:
                return response

    def read_until(self, marker: bytes, deadline_s: float = DEADLINE_S) -> bytes:
        """All bytes up to and including the marker, in no form at all: for tunnels and partial answers."""
        ends_s = time.monotonic() + deadline_s
        while marker not in self._buffer:
            if self.end is not None:
                raise Truncated(self.end, bytes(self._buffer))
            self._receive(ends_s, repr(marker))
        size = self._buffer.index(marker) + len(marker)
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def read_to_end(self, deadline_s: float = DEADLINE_S) -> tuple[bytes, End]:
        """All bytes until the peer ends the connection, and how it did."""
        ends_s = time.monotonic() + deadline_s
        while self.end is None:
            self._receive(ends_s, "the end of the connection")
        data = bytes(self._buffer)
        self._buffer.clear()
        return data, self.end

    def take_buffered(self) -> bytes:
        """What was read beyond the last answer."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Abort the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def _receive(self, ends_s: float, what: str) -> None:
        self.socket.settimeout(max(ends_s - time.monotonic(), 0.001))
        try:
            data = self.socket.recv(_READ_SIZE)
        except TimeoutError:
            raise Overdue(f"the client waited in vain for {what}; it has {bytes(self._buffer[:300])!r}") from None
        except ConnectionResetError:
            self.end = End.RST
            return
        finally:
            if self.socket.fileno() >= 0:
                self.socket.settimeout(DEADLINE_S)
        if data:
            self._buffer += data
        else:
            self.end = End.FIN
