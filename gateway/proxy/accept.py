"""Where connections come in: a listener's sockets in this worker, and how many connections it may hold."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final, Protocol

from gateway.model.exchange import Exchange
from gateway.model.listener import Listener
from gateway.net.sockets import BACKLOG
from gateway.proxy.overload.gate import Gate, Growth, connect
from gateway.telemetry.recorder import Recorder

_TRY_AGAIN_S: Final = 0.1


class AcceptedConnection(Protocol):
    """A client's connection, as its listener sees it."""

    @property
    def exchange(self) -> Exchange | None:
        """What is being served, from the end of a request's head to the end of its answer or tunnel."""

    def drain(self) -> None: ...

    def cut(self, *, with_reset: bool) -> None: ...

    def abandon(self) -> None:
        """End at once, whatever is being served."""


class DescriptorLimit(Protocol):
    """Who knows which descriptors are not for clients; see proxy.overload.pressure."""

    ceiling: int

    def short_of_descriptors(self, descriptor: int) -> None: ...


class ListenerPort:
    """A listener as it lives in a worker. `listener` is replaced when the configuration changes."""

    def __init__(
        self,
        listener: Listener,
        loop: asyncio.AbstractEventLoop,
        recorder: Recorder,
        workers: int,
        pressure: "DescriptorLimit",
    ) -> None:
        self.listener = listener
        self._loop = loop
        self._recorder = recorder
        self._workers = workers
        self._pressure = pressure
        self._gate: Gate | None = None
        self._resuming: asyncio.Task[None] | None = None
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
        self._socket.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        self._build = build
        self._gate = Gate(self._socket, self._let_in, self._turned_away)
        self._server = await self._loop.create_server(build, sock=sock, backlog=BACKLOG)

    def hold_back(self) -> None:
        """Accept no more by ourselves: who comes waits in the kernel until `look`. Without a socket there is nobody."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()

    def release(self) -> None:
        """Accept again as connections come."""
        if self._server is None and self._socket is not None and self._resuming is None:
            self._resuming = self._loop.create_task(self._resume())

    async def _resume(self) -> None:
        """There may be no descriptor for it just then, and nobody else would come back to it."""
        server = None
        while server is None and self._socket is not None:
            try:
                server = await self._accept_on(self._socket.dup())
            except OSError:
                await asyncio.sleep(_TRY_AGAIN_S)
        self._resuming = None
        if server is not None and self._socket is None:  # It was stopped meanwhile.
            server.close()
        else:
            self._server = server

    async def _accept_on(self, listening: socket.socket) -> asyncio.AbstractServer:
        assert self._build is not None
        return await self._loop.create_server(self._build, sock=listening, backlog=BACKLOG)

    def look(self, growth: Growth, ceiling: int) -> bool:
        """Let in who waits, while held back, with descriptors beneath the ceiling. Whether anybody was not let in."""
        if self._gate is None or self._socket is None or self._server is not None:
            return False
        room = min(self._limit - len(self._connections), growth.of(len(self._connections)))
        return self._gate.look(room, ceiling, turns_away=growth.is_none)

    def _let_in(self, accepted: socket.socket) -> None:
        assert self._build is not None
        connect(self._loop, self._build, accepted)

    def _turned_away(self) -> None:
        self._recorder.connection_rejected(self.listener.name, "overload")

    async def stop(self) -> None:
        """Accept what the kernel has queued for us already, then no more; open connections end as they fall idle."""
        self.is_stopped = True
        if self._socket is None or self._build is None:
            return
        self.hold_back()
        listening, self._socket = self._socket, None
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

    @property
    def _limit(self) -> int:
        """This worker's share of what the listener allows."""
        return -(-self.listener.limits.connections // self._workers)

    def admit(self, connection: AcceptedConnection, descriptor: int) -> bool:
        """Count a new connection in; False when the listener's limit (its share of this worker) is reached, or its
        descriptor is one of those that are kept for others. The kernel gives the lowest there is, so that tells."""
        if len(self._connections) >= self._limit:
            self._recorder.connection_rejected(self.listener.name, "limit")
            return False
        if descriptor >= self._pressure.ceiling:
            self._pressure.short_of_descriptors(descriptor)
            self._recorder.connection_rejected(self.listener.name, "file_descriptors")
            return False
        self._connections.add(connection)
        self._recorder.connection_accepted(self.listener.name)
        return True

    def forget(self, connection: AcceptedConnection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._recorder.connection_closed(self.listener.name)
