"""How much of what was written has not been taken by the peer yet: in our buffer, and in the kernel's."""

import asyncio
import fcntl
import socket
import struct
import termios


def bytes_not_taken(transport: asyncio.Transport) -> int:
    """Bytes written to the transport that the peer has not acknowledged (tcp(7), SIOCOUTQ).

    The transport's own buffer alone would not do: the kernel takes more from it only when a third of its own is free,
    which a slow reader of a fast link needs many seconds for.
    """
    buffered = transport.get_write_buffer_size()
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is None:
        return buffered
    try:
        answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    except (OSError, ValueError):  # The latter for a socket that is closed.
        return buffered
    queued: int = struct.unpack("i", answer)[0]
    return buffered + queued
