"""Listening sockets: bound once for each worker, refused with a sentence a person can act on, closed without loss."""

import ctypes
import errno
import os
import socket
import struct
from typing import Final

BACKLOG: Final = 4096

_SO_ATTACH_FILTER: Final = 26
_BPF_LOAD_BYTE: Final = 0x30
_BPF_JUMP_IF_SET: Final = 0x45
_BPF_RETURN: Final = 0x06
_TCP_FLAGS_OFFSET: Final = 13
_TCP_SYN: Final = 0x02
_EVERYTHING: Final = 0xFFFFFFFF
_NO_SYN: Final = ctypes.create_string_buffer(
    b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (_BPF_LOAD_BYTE, 0, 0, _TCP_FLAGS_OFFSET),
            (_BPF_JUMP_IF_SET, 0, 1, _TCP_SYN),
            (_BPF_RETURN, 0, 0, 0),
            (_BPF_RETURN, 0, 0, _EVERYTHING),
        )
    ),
    4 * 8,
)
"""For the whole life of the process: the kernel is given its address, which a compiled function's local may not outlive."""


class BindError(Exception):
    """An address cannot be listened on. `in_use` tells the one cause that may pass by itself."""

    def __init__(self, address: str, failure: OSError) -> None:
        super().__init__(f"cannot listen on {address}: {_because(failure)}")
        self.address = address
        self.in_use = failure.errno == errno.EADDRINUSE


def bind_group(host: str, port: int, count: int) -> list[socket.socket]:
    """`count` non-blocking sockets on one IP address and port, not yet listening; the kernel spreads connections.

    With port 0 the kernel chooses one for all of them. An IPv6 address takes IPv6 alone. Raises BindError, also when
    another process listens there with SO_REUSEPORT: sharing an address with a stranger is never meant.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound: list[socket.socket] = []
    try:
        if port:
            _bind(family, host, port, shared=False).close()
        for _ in range(count):
            bound.append(_bind(family, host, port, shared=True))
            port = bound[0].getsockname()[1]
    except OSError as failure:
        for sock in bound:
            sock.close()
        raise BindError(f"[{host}]:{port}" if family == socket.AF_INET6 else f"{host}:{port}", failure) from failure
    return bound


def bind_beside(sock: socket.socket, count: int) -> list[socket.socket]:
    """`count` more sockets on the address of one of `bind_group` that is already served. Raises BindError."""
    host, port = sock.getsockname()[:2]
    bound: list[socket.socket] = []
    try:
        while len(bound) < count:
            bound += [_bind(sock.family, host, port, shared=True)]
    except OSError as failure:
        for one in bound:
            one.close()
        raise BindError(f"{host}:{port}", failure) from failure
    return bound


def _bind(family: int, host: str, port: int, *, shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Accepted sockets inherit it, which saves a system call for each connection.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def refuse_new_connections(sock: socket.socket) -> None:
    """Have the kernel ignore new SYNs to a listening socket, while handshakes under way and the queue go on.

    A socket that is closed with connections in its queue resets them. After this the queue can only shrink, so the
    worker may empty it and close without losing one; a client that comes now is refused when it repeats its SYN. The
    filter belongs to the socket, whichever process set it. Where the kernel forbids it, nothing changes.
    """
    header = struct.pack("@HP", len(_NO_SYN) // 8, ctypes.addressof(_NO_SYN))
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)
    except OSError:
        return


def _because(failure: OSError) -> str:
    match failure.errno:
        case errno.EADDRINUSE:
            return "another process is using this address"
        case errno.EACCES:
            return "the kernel does not let this user have it (ports below 1024 need CAP_NET_BIND_SERVICE)"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have this address"
        case _:
            return os.strerror(failure.errno) if failure.errno else str(failure)
