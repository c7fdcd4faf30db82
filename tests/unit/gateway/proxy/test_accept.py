"""A listener's port: how many connections it holds, and that a stop loses none that the kernel has taken."""

import asyncio
import os
import resource
import socket

import uvloop

from gateway.model.listener import Listener, ListenerLimits
from gateway.proxy.accept import ListenerPort
from gateway.telemetry.recorder import Recorder
from tests.support.requests import PUBLIC
from tests.support.scripted import Clock, ScriptedLoop


class Enough:
    """Descriptors beneath 1,000 are for clients."""

    ceiling = 1000

    def __init__(self) -> None:
        self.short: list[int] = []

    def short_of_descriptors(self, descriptor: int) -> None:
        self.short.append(descriptor)


class Silent:
    """A connection that does nothing but count what it is told."""

    exchange = None

    def __init__(self) -> None:
        self.drained = 0

    def drain(self) -> None:
        self.drained += 1

    def abandon(self) -> None:
        """Nothing is served."""

    def cut(self, *, with_reset: bool) -> None:
        """Nothing to cut."""


def port_of(limit: int, workers: int) -> ListenerPort:
    loop = ScriptedLoop(Clock())
    loop.end()
    listener = Listener("public", "127.0.0.1", 0, limits=ListenerLimits(connections=limit))
    return ListenerPort(listener, loop, Recorder(1), workers, Enough())


def test_a_worker_holds_its_share_of_the_limit_and_never_less_than_one() -> None:
    for limit, workers, share in ((10, 1, 10), (10, 4, 3), (1, 4, 1)):
        port = port_of(limit, workers)
        assert [port.admit(Silent(), 7) for _ in range(share + 1)] == [True] * share + [False]


def test_a_place_is_given_back_once() -> None:
    port = port_of(1, 1)
    held, turned_away = Silent(), Silent()
    assert port.admit(held, 7)
    assert not port.admit(turned_away, 7)
    port.forget(turned_away)
    assert port.connections == {held}
    port.forget(held)
    port.forget(held)
    assert port.admit(turned_away, 7)


class Greeter(asyncio.Protocol):
    """Says hello and takes part in the port's bookkeeping."""

    exchange = None

    def __init__(self, port: ListenerPort) -> None:
        self._port = port
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert self._port.admit(self, 7)
        self.transport = transport  # type: ignore[assignment]
        assert self.transport is not None
        self.transport.write(b"hello")

    def connection_lost(self, exc: Exception | None) -> None:
        self._port.forget(self)

    def drain(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def abandon(self) -> None:
        self.drain()

    def cut(self, *, with_reset: bool) -> None:
        self.drain()


def test_connections_that_wait_in_the_kernel_are_served_before_the_end() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    clients: list[socket.socket] = []

    async def stop_with_a_queue() -> None:
        port = ListenerPort(PUBLIC, asyncio.get_running_loop(), Recorder(1), 1, Enough())
        await port.serve(listening, lambda: Greeter(port))
        # The loop does not turn between these and the stop, so none of them can have been accepted yet.
        clients.extend(socket.create_connection(listening.getsockname()) for _ in range(20))
        clients.pop().close()
        await port.stop()
        assert port.is_stopped
        await port.stop()
        while port.connections:  # noqa: ASYNC110 - a handful of turns
            await asyncio.sleep(0)

    uvloop.run(asyncio.wait_for(stop_with_a_queue(), 5.0))
    for client in clients:
        with client:
            client.settimeout(5.0)
            assert client.recv(100) == b"hello"
            assert client.recv(100) == b""
    listening.close()


def test_a_port_that_never_served_stops_without_a_word() -> None:
    port = port_of(1, 1)
    asyncio.run(port.stop())
    assert port.is_stopped


def test_a_port_without_a_descriptor_to_accept_with_again_tries_until_there_is_one() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    address = listening.getsockname()

    async def come_back() -> bytes:
        loop = asyncio.get_running_loop()
        port = ListenerPort(PUBLIC, loop, Recorder(1), 1, Enough())
        await port.serve(listening, lambda: Greeter(port))
        port.hold_back()
        await asyncio.sleep(0)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            port.release()
            await asyncio.sleep(0.01)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        reader, writer = await asyncio.open_connection(*address)
        greeting = await reader.read(5)
        writer.close()
        await port.stop()
        return greeting

    assert uvloop.run(asyncio.wait_for(come_back(), 5.0)) == b"hello"
