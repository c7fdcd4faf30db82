"""What lies in buffers, ours and the kernel's: what was written and not taken by the peer yet, what it sent and we did not read."""

import asyncio
import fcntl
import socket
import struct
import termios
from typing import Final

_NOTHING: Final = struct.pack("i", 0)


def bytes_not_taken(transport: asyncio.Transport) -> int:
    """Bytes written to the transport that the peer has not acknowledged (tcp(7), SIOCOUTQ).

    The transport's own buffer alone would not do: the kernel takes more from it only when a third of its own is free,
    which a slow reader of a fast link needs many seconds for.
    """
    return transport.get_write_buffer_size() + _in_the_kernel(transport, termios.TIOCOUTQ)


def bytes_not_read(transport: asyncio.Transport) -> int:
    """Bytes that have come and that the loop has not read from the kernel yet (tcp(7), SIOCINQ).

    A loop runs its timers before it looks for what came meanwhile, so one that was held up may take somebody for silent
    who has spoken.
    """
    return _in_the_kernel(transport, termios.FIONREAD)


def _in_the_kernel(transport: asyncio.Transport, which: int) -> int:
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is None:
        return 0
    try:
        answer = fcntl.ioctl(connection.fileno(), which, _NOTHING)
    except (OSError, ValueError):  # The latter for a socket that is closed.
        return 0
    count: int = struct.unpack("i", answer)[0]
    return count
