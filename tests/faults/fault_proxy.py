"""A TCP proxy that does to connections what networks and peers do to them: it holds bytes back, lets them drip, cuts them
off with FIN or RST, puts garbage in their place, half-closes, or says nothing; and a listener that swallows SYNs.

It knows nothing of HTTP. Each connection gets the fault that is set when it is accepted.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Final, Self

from tests.support.loop_thread import LoopThread

Address = tuple[str, int]

_READ_SIZE: Final = 64 * 1024
_DRIP_S: Final = 0.02
"""At a bounded rate, bytes go out this often."""
_RESET: Final = struct.pack("ii", 1, 0)
_FILLERS: Final = 64


class Ending(StrEnum):
    """What becomes of a connection whose bytes were cut off."""

    FIN = "FIN"
    """Both ways are closed in good order."""
    RST = "RST"
    """Both sides get a reset."""
    HALF_CLOSE = "half-close"
    """This way ends with FIN, the other goes on."""
    SILENCE = "silence"
    """Nothing more is passed on this way, and nobody is told."""


@dataclass(frozen=True, slots=True)
class Way:
    """What befalls the bytes that go one way. delay_s: before each piece. bytes_per_s: None for as fast as it goes.

    cut_after: so many bytes are passed on, then `garbage` is sent and `ending` happens; None for never. With 0 that happens
    when the first byte comes, in its place.
    """

    delay_s: float = 0.0
    bytes_per_s: int | None = None
    cut_after: int | None = None
    garbage: bytes = b""
    ending: Ending = Ending.FIN


@dataclass(frozen=True, slots=True)
class Fault:
    """refuses: a connection is reset as soon as it is accepted, and the upstream never hears of it."""

    to_client: Way = Way()
    to_upstream: Way = Way()
    refuses: bool = False


HARMLESS: Final = Fault()
REFUSING: Final = Fault(refuses=True)


class FaultProxy:
    """Listens, on a port of its own unless told where, while it is entered. `fault` is for the connections accepted from now on: one for
    all, or one for each, chosen by its number from 0.

    accepted: connections so far. open: those not ended yet.
    """

    def __init__(
        self,
        upstream: Address,
        fault: Fault | Callable[[int], Fault] = HARMLESS,
        listen: Address = ("127.0.0.1", 0),
    ) -> None:
        self.fault = fault
        self.accepted = 0
        self._upstream = upstream
        self._listening = socket.create_server(listen, backlog=4096)
        self._listening.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        self.address: Address = self._listening.getsockname()[:2]
        self._thread = LoopThread("fault proxy", asyncio.new_event_loop)
        self._links: set[_Link] = set()

    def __enter__(self) -> Self:
        # Not awaited: who is cancelled while they await the next connection lose the one that has just come, unclosed.
        self._thread.call(lambda: self._thread.loop.add_reader(self._listening, self._accept))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.run(self._close())
        self._thread.stop()

    @property
    def open(self) -> int:
        return len(self._links)

    @property
    def endpoint(self) -> str:
        """The address as a configuration has it."""
        return "{}:{}".format(*self.address)

    def break_all(self, *, with_reset: bool) -> None:
        """End every connection under way, both ways."""

        def end_all() -> None:
            for link in tuple(self._links):
                link.end(with_reset=with_reset)

        self._thread.call(end_all)

    def _accept(self) -> None:
        try:
            client, _ = self._listening.accept()
        except OSError:  # It has gone again.
            return
        fault = self.fault(self.accepted) if callable(self.fault) else self.fault
        self.accepted += 1
        if fault.refuses:
            _reset(client)
            return
        link = _Link(client, self._upstream, fault)
        self._links.add(link)
        link.task = self._thread.loop.create_task(link.run())
        link.task.add_done_callback(partial(self._forget, link))

    def _forget(self, link: "_Link", _task: asyncio.Task[None]) -> None:
        self._links.discard(link)

    async def _close(self) -> None:
        self._thread.loop.remove_reader(self._listening)
        links = tuple(self._links)
        tasks = [link.task for link in links if link.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # One that had not begun, or was just leaving, has been kept from closing anything.
        for link in links:
            link.close()
        self._listening.close()


class _Link:
    """A client's connection and the one made for it."""

    def __init__(self, client: socket.socket, address: Address, fault: Fault) -> None:
        self._client = client
        self._address = address
        self._fault = fault
        self._upstream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.task: asyncio.Task[None] | None = None
        self._pumps: list[asyncio.Task[None]] = []
        self._ends_with_reset = False
        for sock in (self._client, self._upstream):
            sock.setblocking(False)  # noqa: FBT003 - the signature of the standard library
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_connect(self._upstream, self._address)
            self._pumps = [
                loop.create_task(self._pump(self._client, self._upstream, self._fault.to_upstream)),
                loop.create_task(self._pump(self._upstream, self._client, self._fault.to_client)),
            ]
            await asyncio.wait(self._pumps)
        except OSError:
            self._ends_with_reset = True
        finally:
            await self._leave()

    async def _leave(self) -> None:
        # Sockets are closed when nothing waits for them any more: their numbers will belong to others.
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self.close()

    def close(self) -> None:
        """For when nothing waits for the sockets any more; what is closed stays so."""
        for sock in (self._client, self._upstream):
            if self._ends_with_reset:
                _reset(sock)
            else:
                _drop_received(sock)
                sock.close()

    def end(self, *, with_reset: bool) -> None:
        self._ends_with_reset = with_reset
        for pump in self._pumps:
            pump.cancel()

    async def _pump(self, source: socket.socket, sink: socket.socket, way: Way) -> None:
        try:
            if await self._pass_on(source, sink, way) or way.ending is Ending.HALF_CLOSE:
                _shut(sink)
            elif way.ending is Ending.SILENCE:
                await asyncio.get_running_loop().create_future()
            else:
                self.end(with_reset=way.ending is Ending.RST)
        except OSError:
            self.end(with_reset=True)

    async def _pass_on(self, source: socket.socket, sink: socket.socket, way: Way) -> bool:
        """Whether the source came to its end; False when the bytes were cut off."""
        loop = asyncio.get_running_loop()
        left = way.cut_after
        if left == 0 and not await loop.sock_recv(source, _READ_SIZE):
            return True
        while left is None or left > 0:
            data = await loop.sock_recv(source, _READ_SIZE if left is None else min(left, _READ_SIZE))
            if not data:
                return True
            await asyncio.sleep(way.delay_s)
            await _send(sink, data, way.bytes_per_s)
            left = None if left is None else left - len(data)
        if way.garbage:
            await loop.sock_sendall(sink, way.garbage)
        return False


async def _send(sink: socket.socket, data: bytes, bytes_per_s: int | None) -> None:
    loop = asyncio.get_running_loop()
    if bytes_per_s is None:
        await loop.sock_sendall(sink, data)
        return
    step = max(1, int(bytes_per_s * _DRIP_S))
    for start in range(0, len(data), step):
        piece = data[start : start + step]
        await loop.sock_sendall(sink, piece)
        await asyncio.sleep(len(piece) / bytes_per_s)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


def _reset(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    sock.close()


def _drop_received(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while sock.recv(_READ_SIZE):
            pass


class Blackhole:
    """An address where a connection is neither accepted nor refused: a listener whose queue is full drops each SYN.

    Needs no privilege, unlike a firewall's rule. Connections made to it time out.
    """

    def __init__(self) -> None:
        self._listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(0)
        self.address: Address = self._listening.getsockname()[:2]
        self._fillers: list[socket.socket] = []

    def __enter__(self) -> Self:
        """Fill the queue until a connection hangs. Raises RuntimeError where the kernel always takes more."""
        for _ in range(_FILLERS):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.settimeout(0.2)
            self._fillers.append(filler)
            try:
                filler.connect(self.address)
            except TimeoutError:
                return self
        raise RuntimeError(f"after {_FILLERS} connections the queue of a listener is still not full")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sock in (*self._fillers, self._listening):
            sock.close()

    @property
    def endpoint(self) -> str:
        """The address as a configuration has it."""
        return "{}:{}".format(*self.address)
