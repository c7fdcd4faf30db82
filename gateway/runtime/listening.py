"""The listening sockets of the gateway: one for each worker and address, held here as long as the address is wanted.

A worker that dies leaves its queue of connections in the kernel, because the supervisor has the socket open too; its
replacement takes the same socket over. A program that is replaced passes them on to its successor in the same way.
"""

import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.model.listener import Listener
from gateway.net.sockets import BindError, bind_beside, bind_group, refuse_new_connections


@dataclass(frozen=True, slots=True)
class SocketGroup:
    """The sockets of one address, by worker. The ticket stands for them in messages and is never used twice."""

    ticket: int
    key: str
    sockets: tuple[socket.socket, ...]
    address: str
    """As bound, with the port the kernel chose where that was left to it."""

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


class ListeningSockets:
    """`groups` are those in use, by listener. A change is bound first and adopted or given up later, as a whole."""

    def __init__(self, workers: int) -> None:
        self.groups: dict[str, SocketGroup] = {}
        self.shared: dict[str, int] = {}
        """How many of a group's sockets, from its first, another program of this gateway serves too, by key. What is done
        to their queues is done to that program's."""
        self._inherited: dict[str, list[socket.socket]] = {}
        self._workers = workers
        self._next_ticket = 1

    def inherit(self, sockets: Mapping[str, Iterable[socket.socket]]) -> None:
        """Sockets of the program that is replaced, by key, for `bind` to find. It has them open itself until we serve."""
        self._inherited = {key: list(group) for key, group in sockets.items()}

    def bind(self, listeners: Iterable[Listener]) -> dict[str, SocketGroup]:
        """Sockets for these listeners: today's where the address stays, else new ones. A worker makes them listen when it
        accepts from them, so that no connection waits for one that is not ready yet.

        Raises BindError, and then nothing has changed.
        """
        held = {group.key: group for group in self.groups.values()}
        wanted: dict[str, SocketGroup] = {}
        try:
            for listener in listeners:
                key = _key(listener)
                wanted[listener.name] = held.get(key) or self._take_over(key) or self._bind(listener, key)
        except BindError:
            self.give_up(wanted)
            raise
        return wanted

    def give_up(self, wanted: dict[str, SocketGroup]) -> None:
        """Close what `bind` has opened."""
        held = {group.ticket for group in self.groups.values()}
        for group in wanted.values():
            if group.ticket not in held:
                group.close()

    def unused(self, wanted: dict[str, SocketGroup]) -> list[SocketGroup]:
        """The groups of today that would not be in use any more."""
        kept = {group.ticket for group in wanted.values()}
        return list({group.ticket: group for group in self.groups.values() if group.ticket not in kept}.values())

    def adopt(self, wanted: dict[str, SocketGroup]) -> None:
        """These are the ones in use from now on; the others are closed, and should have been retired before."""
        unused = self.unused(wanted)
        self.groups = wanted
        for group in unused:
            group.close()
        for sockets in self._inherited.values():
            _close(sockets)
        self._inherited = {}

    def retire(self, groups: Iterable[SocketGroup]) -> None:
        """Let no new connection into the queues of these; what is queued is still the workers' to accept."""
        for sock in self._own(groups):
            refuse_new_connections(sock)

    def own_groups(self) -> list[SocketGroup]:
        """Those of which no other program serves every socket."""
        return [group for group in self.groups.values() if any(True for _ in self._own([group]))]

    def let_go(self) -> None:
        """Close what another program serves too."""
        for group in self.groups.values():
            _close(group.sockets[: self.shared.get(group.key, 0)])

    def close_share(self, worker: int) -> None:
        """Close one worker's sockets, so that the kernel gives new connections to the other workers."""
        for group in self.groups.values():
            group.sockets[worker].close()

    def close(self) -> None:
        for group in self.groups.values():
            group.close()
        self.groups = {}

    def _own(self, groups: Iterable[SocketGroup]) -> Iterator[socket.socket]:
        for group in groups:
            yield from group.sockets[self.shared.get(group.key, 0) :]

    def _take_over(self, key: str) -> SocketGroup | None:
        """One for each worker. Where there are fewer, more are bound beside them; what is too many stays with the program
        before us, which empties it."""
        sockets = self._inherited.pop(key, None)
        if not sockets:
            return None
        _close(sockets[self._workers :])
        taken = sockets[: self._workers]
        self.shared[key] = len(taken)
        return self._group(key, [*taken, *bind_beside(taken[0], self._workers - len(taken))])

    def _bind(self, listener: Listener, key: str) -> SocketGroup:
        return self._group(key, bind_group(listener.host, listener.port, self._workers))

    def _group(self, key: str, sockets: list[socket.socket]) -> SocketGroup:
        ticket, self._next_ticket = self._next_ticket, self._next_ticket + 1
        host, port = sockets[0].getsockname()[:2]
        return SocketGroup(ticket, key, tuple(sockets), f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _close(sockets: Iterable[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def _key(listener: Listener) -> str:
    """Listeners with the same key can follow each other on one group; a port chosen by the kernel is nobody else's."""
    return listener.address if listener.port else f"{listener.name} {listener.address}"
