"""One end of a control socket: whole messages in and out. Used by the supervisor for each worker, and by a worker."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable
from typing import Final, cast

from gateway.wire.framing import Deframer, FramingError, length_prefix

_KERNEL_BUFFER: Final = 1024 * 1024


class Channel(asyncio.Protocol):
    """Calls `on_message` for each message, in memory that is not reused, and `on_closed` once, when the peer has gone or spoken nonsense.

    Sending never waits: what the kernel does not take is kept. Whoever sends regularly asks `is_clear` first, so that
    a stalled peer costs no memory.
    """

    def __init__(self, on_message: Callable[[memoryview], None], on_closed: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_closed = on_closed
        self._deframer = Deframer()
        self._transport: asyncio.Transport | None = None
        self._flushed = asyncio.Event()
        self._flushed.set()

    @classmethod
    async def open(
        cls, sock: socket.socket, on_message: Callable[[memoryview], None], on_closed: Callable[[], None]
    ) -> "Channel":
        """Take over a connected stream socket."""
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, _KERNEL_BUFFER)
        sock.setblocking(False)  # noqa: FBT003 - the socket's own signature
        loop = asyncio.get_running_loop()
        _, channel = await loop.create_connection(lambda: cls(on_message, on_closed), sock=sock)
        return channel

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    @property
    def is_clear(self) -> bool:
        """Whether all that was sent is in the kernel's hands and the peer is there."""
        return self._transport is not None and self._flushed.is_set()

    async def flush(self, wait_s: float) -> None:
        """Until all is in the kernel's hands or the peer has gone; at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._flushed.wait()

    def send(self, message: bytes) -> None:
        """Nothing happens when the peer has gone: `on_closed` tells that."""
        if self._transport is not None:
            self._transport.writelines((length_prefix(message), message))

    def send_all(self, messages: Iterable[bytes]) -> None:
        if self._transport is not None:
            self._transport.writelines([part for message in messages for part in (length_prefix(message), message)])

    def close(self) -> None:
        """`on_closed` follows."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # Pause as soon as anything is left over, and resume when nothing is: that is what `is_clear` asks.
        self._transport.set_write_buffer_limits(high=0)

    def pause_writing(self) -> None:
        self._flushed.clear()

    def resume_writing(self) -> None:
        self._flushed.set()

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._deframer.feed(data):
                self._on_message(message)
        except FramingError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._flushed.set()
        self._on_closed()
