"""The connections to one endpoint: leased last-in first-out, opened up to a maximum, awaited in a bounded queue."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from gateway.model.clock import monotonic_ns
from gateway.model.outcome import Reason
from gateway.model.upstream import ConnectionLimits, Endpoint
from gateway.net.deadlines import Deadlines
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.dialling import dial
from gateway.upstreams.room import Room

_DISPLACED: Final = "A more critical request has taken its place in the queue."


class PoolObserver(Protocol):
    """Where openings and closings of connections are counted."""

    def upstream_connection_opened(self, upstream: str, result: Reason) -> None: ...

    def upstream_connection_closed(self, upstream: str, reason: str) -> None: ...


class Waiter:
    """Somebody in the queue for a connection. Exactly one of the two callbacks is called, unless it is given up."""

    __slots__ = ("connecting_ns", "failed", "granted", "needs_fresh", "rank")

    def __init__(
        self,
        granted: Callable[[UpstreamConnection, "Waiter"], None],
        failed: Callable[[Reason, str, "Waiter"], None],
        *,
        needs_fresh: bool,
        rank: int = 1,
    ) -> None:
        self.granted = granted
        self.failed = failed
        self.needs_fresh = needs_fresh
        """Only a connection that has carried nothing yet will do."""
        self.rank = rank
        """Those with a lower one go before it, and take its place when there is none left (Route.criticality)."""
        self.connecting_ns = 0
        """When the opening of a connection for it began."""


class Pool:
    """All connections of this worker to one endpoint.

    addresses: IP addresses to connect to, the resolver's to renew; unused for a UNIX socket.
    """

    def __init__(
        self,
        upstream: str,
        endpoint: Endpoint,
        limits: ConnectionLimits,
        loop: asyncio.AbstractEventLoop,
        deadlines: Deadlines,
        observer: PoolObserver,
    ) -> None:
        self._upstream = upstream
        self._endpoint = endpoint
        self._loop = loop
        self._deadlines = deadlines
        self._observer = observer
        self._established: set[UpstreamConnection] = set()
        self._idle: list[UpstreamConnection] = []
        self._waiting: deque[Waiter] = deque()
        self._connecting: set[asyncio.Task[None]] = set()
        self._turn = 0
        self._retired_for = ""
        self.limits = limits
        self.addresses: tuple[str, ...] = ()
        self.room: Room | None = None
        """Shared with the other pools of the upstream, where that has limits of its own."""

    @property
    def open(self) -> int:
        """Established connections, idle ones included."""
        return len(self._established)

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def pending(self) -> int:
        return len(self._waiting)

    @property
    def taken(self) -> int:
        return len(self._established) + len(self._connecting)

    @property
    def queued(self) -> int:
        return len(self._waiting) - len(self._connecting)

    def lease_idle(self) -> UpstreamConnection | None:
        """The connection that was used last, if one is idle."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    def wait(self, waiter: Waiter) -> bool:
        """Queue for a connection, opening one if there is room. False when the queue is full (it was not queued).

        Those for whom a connection is being opened do not count as queueing.
        """
        if waiter.needs_fresh and self._is_full:
            self.make_room()
        if self.room is not None:
            self.room.has_queue = True
            self.room.make()
        if self._is_full and (self.queued >= self.limits.max_pending or (self.room and self.room.is_queue_full)):
            if not self._waiting or self._waiting[-1].rank <= waiter.rank:
                return False
            displaced = self._waiting.pop()
            displaced.failed(Reason.POOL_EXHAUSTED, _DISPLACED, displaced)
        place_by_rank(self._waiting, waiter)
        self.open_if_needed()
        return True

    @property
    def _is_full(self) -> bool:
        return self.taken >= self.limits.max or (self.room is not None and self.room.is_full)

    def make_room(self) -> bool:
        """Close the connection that has been idle for longest; False if none is."""
        if self._idle:
            self._idle[0].close("made_room")
            return True
        return False

    def give_up(self, waiter: Waiter) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    def retire(self, reason: str = "retired") -> None:
        """The endpoint left the configuration, or is drained: idle connections close now, leased ones when they are
        released. reason: of a closed list, as connections are counted by it."""
        self._retired_for = reason
        for connection in tuple(self._idle):
            connection.close(reason)

    def renew(self, addresses: tuple[str, ...]) -> None:
        """The name stands for these from now on. Connections to others are used no more: idle ones close now, leased ones
        when they are released, so that a name that moves is followed also where the old place still answers."""
        self.addresses = addresses
        for connection in tuple(self._established):
            if connection.address in addresses:
                continue
            if connection in self._idle:
                connection.close("address_gone")
            else:
                connection.owner = _LastUse(self)

    def reopen(self) -> None:
        """The endpoint is used again: connections are kept when they fall idle."""
        self._retired_for = ""

    # What connections call.

    def connection_free(self, connection: UpstreamConnection) -> None:
        room = self.room
        if self._waiting:
            is_owed = room is not None and connection.exchanges and room.is_owed(self)
            if not is_owed and self._grant(connection):
                return
            if len(self._connecting) < len(self._waiting):
                connection.close("made_room")
                return
        if room is not None and room.has_queue and connection.exchanges and room.is_wanted_elsewhere(self):
            connection.close("made_room")
            return
        if self._retired_for:
            connection.close(self._retired_for)
            return
        connection.deadline_ns = (connection.received_ns or monotonic_ns()) + self.limits.idle_timeout_ns
        self._idle.append(connection)

    def connection_closed(self, connection: UpstreamConnection, reason: str) -> None:
        if connection not in self._established:
            return  # It was cut while it was being opened, and has been counted as such.
        self._established.remove(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._observer.upstream_connection_closed(self._upstream, reason)
        self._freed()

    def _grant(self, connection: UpstreamConnection) -> bool:
        for waiter in self._waiting:
            if not waiter.needs_fresh or not connection.exchanges:
                self._waiting.remove(waiter)
                waiter.granted(connection, waiter)
                return True
        return False

    def open_if_needed(self) -> None:
        """Open connections for those who wait, as far as there is room."""
        while len(self._connecting) < len(self._waiting) and not self._is_full:
            waiter = self._waiting[len(self._connecting)]
            waiter.connecting_ns = waiter.connecting_ns or monotonic_ns()
            task = self._loop.create_task(self._connect(), name=f"connect {self._endpoint.address}")
            self._connecting.add(task)

    async def _connect(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            self._turn += 1
            connection, reason, detail = await dial(
                self._loop, self._deadlines, self._build, self._endpoint, self.addresses, self._turn, self.limits
            )
        finally:
            self._connecting.discard(task)
        self._observer.upstream_connection_opened(self._upstream, reason)
        if connection is None:
            if reason is not Reason.OVERLOADED or not self._established:
                self._fail_one(reason, detail)
            elif self._waiting:
                # Without a descriptor for one more, the next one that is free is his, or makes room if he needs a fresh one.
                self.make_room()
            return
        self._established.add(connection)
        if connection.address not in self.addresses and self._endpoint.unix_path is None:
            connection.owner = _LastUse(self)  # The name has moved meanwhile.
        self.connection_free(connection)

    def _build(self) -> UpstreamConnection:
        return UpstreamConnection(self, self._deadlines, self._loop)

    def _fail_one(self, reason: Reason, detail: str) -> None:
        """A failed try fails the one who has waited longest for one; the others wait for what else is on its way."""
        if self._waiting:
            waiter = take_first_begun(self._waiting)
            waiter.failed(reason, detail, waiter)
        self._freed()

    def _freed(self) -> None:
        if self.room is None:
            self.open_if_needed()
        else:
            self.room.freed()


class _LastUse:
    """The owner of a leased connection that shall not come back. Its own, so that all others are asked nothing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def connection_free(self, connection: UpstreamConnection) -> None:
        connection.close("address_gone")

    def connection_closed(self, connection: UpstreamConnection, reason: str) -> None:
        self._pool.connection_closed(connection, reason)


def place_by_rank(waiting: deque[Waiter], waiter: Waiter) -> None:
    """Behind all who are as critical, and before those who are less."""
    if not waiting or waiting[-1].rank <= waiter.rank:
        waiting.append(waiter)
        return
    waiting.insert(next(at for at, other in enumerate(waiting) if other.rank > waiter.rank), waiter)


def take_first_begun(waiting: deque[Waiter]) -> Waiter:
    """Take the one out for whom a connection was begun first, whoever stands before him by now."""
    begun = [waiter for waiter in waiting if waiter.connecting_ns]
    taken = min(begun, key=lambda waiter: waiter.connecting_ns, default=waiting[0])
    waiting.remove(taken)
    return taken
