"""Listening sockets passed from the supervisor to a running worker: descriptors as ancillary data, with their tickets.

The socket pair is of type SOCK_SEQPACKET: a packet holds tickets and as many descriptors, so the two cannot drift apart.
"""

import array
import socket
from collections.abc import Mapping
from typing import Final

_PER_PACKET: Final = 200
"""The kernel takes 253 descriptors a packet."""

_TICKET_SIZE: Final = 8


def handover_pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def hand_over(channel: socket.socket, sockets: Mapping[int, socket.socket]) -> None:
    """Send copies of the sockets by ticket; ours stay open. Raises OSError if the worker is gone or takes nothing."""
    items = list(sockets.items())
    for start in range(0, len(items), _PER_PACKET):
        packet = items[start : start + _PER_PACKET]
        tickets = array.array("q", [ticket for ticket, _ in packet])
        descriptors = array.array("i", [sock.fileno() for _, sock in packet])
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)
        channel.sendmsg([tickets], [rights], socket.MSG_DONTWAIT)


def take_over(channel: socket.socket) -> dict[int, socket.socket]:
    """All sockets that were sent and not yet taken, by ticket; never blocks."""
    taken: dict[int, socket.socket] = {}
    space = socket.CMSG_LEN(_PER_PACKET * array.array("i").itemsize)
    while True:
        try:
            data, ancillary, _, _ = channel.recvmsg(
                _PER_PACKET * _TICKET_SIZE, space, socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return taken
        if not data:
            return taken
        tickets, descriptors = array.array("q", data), array.array("i")
        for _, _, rights in ancillary:
            descriptors.frombytes(rights)
        for ticket, descriptor in zip(tickets, descriptors, strict=True):
            taken[ticket] = socket.socket(fileno=descriptor)
