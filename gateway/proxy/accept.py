"""Where connections come in: a listener's sockets in this worker, and how many connections it may hold."""

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol

from gateway.model.exchange import Exchange
from gateway.model.listener import Listener
from gateway.net.sockets import BACKLOG
from gateway.telemetry.recorder import Recorder


class AcceptedConnection(Protocol):
    """A client's connection, as its listener sees it."""

    @property
    def exchange(self) -> Exchange | None:
        """What is being served, from the end of a request's head to the end of its answer or tunnel."""

    def drain(self) -> None: ...

    def cut(self, *, with_reset: bool) -> None: ...

    def abandon(self) -> None:
        """End at once, whatever is being served."""


class ListenerPort:
    """A listener as it lives in a worker. `listener` is replaced when the configuration changes."""

    def __init__(self, listener: Listener, loop: asyncio.AbstractEventLoop, recorder: Recorder, workers: int) -> None:
        self.listener = listener
        self._loop = loop
        self._recorder = recorder
        self._workers = workers
        self._connections: set[AcceptedConnection] = set()
        self._server: asyncio.AbstractServer | None = None
        self._socket: socket.socket | None = None
        self._build: Callable[[], asyncio.Protocol] | None = None
        self.is_stopped = False
        """No more requests are wanted: connections end with the exchange they carry."""

    @property
    def connections(self) -> set[AcceptedConnection]:
        return self._connections

    async def serve(self, sock: socket.socket, build: Callable[[], asyncio.Protocol]) -> None:
        """Accept on a bound, listening socket; build makes the protocol of a connection."""
        self._socket = sock.dup()
        self._build = build
        self._server = await self._loop.create_server(build, sock=sock, backlog=BACKLOG)

    async def stop(self) -> None:
        """Accept what the kernel has queued for us already, then no more; open connections end as they fall idle."""
        self.is_stopped = True
        if self._server is None or self._socket is None or self._build is None:
            return
        server, self._server = self._server, None
        listening, self._socket = self._socket, None
        server.close()
        listening.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        try:
            for _ in range(BACKLOG):
                try:
                    accepted, _ = listening.accept()
                    await self._loop.connect_accepted_socket(self._build, accepted)
                except BlockingIOError:
                    break
                except OSError:
                    continue  # One that has left again, or for which there is no descriptor; the next may do better.
        finally:
            listening.close()
        for connection in tuple(self._connections):
            connection.drain()

    def admit(self, connection: AcceptedConnection) -> bool:
        """Count a new connection in; False when the listener's limit (its share of this worker) is reached."""
        limit = -(-self.listener.limits.connections // self._workers)
        if len(self._connections) >= limit:
            self._recorder.connection_rejected(self.listener.name, "limit")
            return False
        self._connections.add(connection)
        self._recorder.connection_accepted(self.listener.name)
        return True

    def forget(self, connection: AcceptedConnection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._recorder.connection_closed(self.listener.name)
