"""A scripted origin: a TCP server that records every byte it receives and answers exactly what its script sends, in
form or out of it. What the gateway forwards is read strictly, so a malformed request fails the test by itself."""

import asyncio
import contextlib
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from tests.support.loop_thread import LoopThread
from tests.support.messages import NeedMore, Request, parse_request, parse_request_head
from tests.support.waiting import DEADLINE_S, Overdue, wait_until, wait_until_async

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

_READ_SIZE: Final = 256 * 1024


class PeerGone(Exception):  # noqa: N818 - the ordinary end of a kept-alive connection
    """The gateway ended the connection while the script waited for a request."""


class OriginConnection:
    """One connection from the gateway, in the hands of a script that runs on the origin's loop."""

    def __init__(self, sock: socket.socket, *, reads: bool) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._reads = asyncio.Event()
        self._changed = asyncio.Event()
        if reads:
            self._reads.set()
        self._consumed = 0
        self._pump = self._loop.create_task(self._receive_all())
        self._buffer = bytearray()
        self._keeps = True
        self.received_size = 0
        self.body_checksum = 0
        """CRC-32 of what came behind the head, once nothing is kept any more."""
        self.answered = 0
        """For scripts that count."""
        self.requests: list[Request] = []
        """Every request read whole, in order."""
        self.sent = 0
        """Bytes handed to the kernel."""
        self.ended = ""
        """`FIN` or `RST` once the gateway has ended its side."""
        self.closed = False
        """Whether the script has closed it."""

    @property
    def received(self) -> bytes:
        """Every byte the gateway has sent, also those no script has looked at."""
        return bytes(self._buffer)

    def stop_keeping(self) -> None:
        """From now on only count and sum up what arrives: for bodies too long to be held."""
        self._keeps = False

    def start_reading(self) -> None:
        """For an origin that was made with `reads=False`."""
        self._loop.call_soon_threadsafe(self._reads.set)

    async def read_request(self, deadline_s: float = DEADLINE_S * 4) -> Request:
        """The next whole request; PeerGone if the connection ends first."""
        request = await self._read(parse_request, deadline_s)
        self._consumed += request.size
        self.requests.append(request)
        return request

    async def read_head(self, deadline_s: float = DEADLINE_S) -> Request:
        """The head of the next request; its body stays unread."""
        request = await self._read(parse_request_head, deadline_s)
        self._consumed += request.size
        return request

    async def read_bytes(self, count: int, deadline_s: float = DEADLINE_S) -> bytes:
        """Exactly so many bytes of whatever comes next: for tunnels and bodies under way."""
        end = self._consumed + count
        while len(self._buffer) < end:
            if self.ended:
                raise PeerGone
            await self._await_change(f"{count} bytes at the origin", deadline_s)
        data = bytes(self._buffer[self._consumed : end])
        self._consumed = end
        return data

    async def until(self, condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
        await wait_until_async(condition, what, deadline_s)

    async def until_peer_ends(self, deadline_s: float = DEADLINE_S) -> None:
        while not self.ended:
            await self._await_change("the gateway ends its connection to the origin", deadline_s)

    async def send(self, data: bytes) -> None:
        """All of it, at the pace of the reader; a connection that the gateway has ended raises PeerGone."""
        view = memoryview(data)
        while view:
            piece, view = view[:_READ_SIZE], view[_READ_SIZE:]
            try:
                await self._loop.sock_sendall(self._socket, piece)
            except ConnectionError:
                self.ended = self.ended or "RST"
                raise PeerGone from None
            self.sent += len(piece)

    async def read_some(self, most: int, pause_s: float) -> None:
        """Read once by hand, for an origin that was made with `reads=False` and reads slowly; nothing is kept."""
        try:
            data = await self._loop.sock_recv(self._socket, most)
        except ConnectionError:
            data = b""
        if not data:
            raise PeerGone
        self.received_size += len(data)
        await asyncio.sleep(pause_s)

    async def send_bytewise(self, data: bytes) -> None:
        for offset in range(len(data)):
            await self.send(data[offset : offset + 1])
            await asyncio.sleep(0)

    def half_close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    async def close(self) -> None:
        """An orderly end, provided the script has let the gateway's bytes be read."""
        await self._stop_pump()
        self._socket.close()
        self.closed = True

    async def reset(self) -> None:
        """An abort with RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.close()

    async def _stop_pump(self) -> None:
        self._pump.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._pump

    async def _read(self, parse: Callable[[bytes], Request], deadline_s: float) -> Request:
        while True:
            with contextlib.suppress(NeedMore):
                return parse(bytes(self._buffer[self._consumed :]))
            if self.ended:
                raise PeerGone
            await self._await_change("more of a request at the origin", deadline_s)

    async def _await_change(self, what: str, deadline_s: float) -> None:
        """Return when more has been received or the connection has ended."""
        self._changed.clear()
        try:
            async with asyncio.timeout(deadline_s):
                await self._changed.wait()
        except TimeoutError:
            raise Overdue(f"not within {deadline_s} s: {what}") from None

    async def _receive_all(self) -> None:
        while not self.ended:
            await self._reads.wait()
            try:
                data = await self._loop.sock_recv(self._socket, _READ_SIZE)
            except ConnectionError:
                data, self.ended = b"", "RST"
            else:
                self.ended = "" if data else "FIN"
            self.received_size += len(data)
            if self._keeps:
                self._buffer += data
            else:
                self._sum_up(data)
            self._changed.set()

    def _sum_up(self, data: bytes) -> None:
        if not self._consumed:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._consumed = end + 4
            data = bytes(self._buffer[self._consumed :])
        self.body_checksum = zlib.crc32(data, self.body_checksum)


Script: TypeAlias = Callable[[OriginConnection], Awaitable[None]]


def answering(*answers: bytes) -> Script:
    """Answer the requests of a connection in order; the last answer repeats."""

    async def script(connection: OriginConnection) -> None:
        for answer in answers:
            await connection.read_request()
            await connection.send(answer)
        while True:
            await connection.read_request()
            await connection.send(answers[-1])

    return script


def in_turn(scripts: Sequence[Script]) -> Script:
    """The first connection runs the first script, and so on; the last script serves all further connections."""
    remaining = list(scripts)

    async def script(connection: OriginConnection) -> None:
        chosen = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        await chosen(connection)

    return script


async def say_target(connection: OriginConnection) -> None:
    """A script: answer every request with its own target, so that an answer tells whose it is."""
    while True:
        request = await connection.read_request()
        body = request.target
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        await connection.send(head if request.method == b"HEAD" else head + body)


class Origin:
    """A listening origin. `errors` holds what its scripts raised, among it every malformed request."""

    def __init__(
        self, thread: LoopThread, script: Script, *, reads: bool = True, receive_buffer: int | None = None
    ) -> None:
        self._thread = thread
        self._script = script
        self._reads = reads
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        if receive_buffer is not None:
            self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listening.settimeout(0)
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections: list[OriginConnection] = []
        self.errors: list[BaseException] = []
        host, port = self._listening.getsockname()
        self.address = f"{host}:{port}"
        # Not awaited: who is cancelled while they await the next connection lose the one that has just come, unclosed.
        thread.call(lambda: thread.loop.add_reader(self._listening, self._accept))

    @property
    def requests(self) -> list[Request]:
        """Every request read whole, connection by connection."""
        return [request for connection in self.connections for request in connection.requests]

    @property
    def targets(self) -> list[bytes]:
        return [request.target for request in self.requests]

    @property
    def received_size(self) -> int:
        """Bytes received over all connections."""
        return sum(connection.received_size for connection in self.connections)

    @property
    def sent(self) -> int:
        return sum(connection.sent for connection in self.connections)

    def await_requests(self, count: int) -> list[Request]:
        wait_until(lambda: len(self.requests) >= count, f"{count} requests at the origin")
        return self.requests

    def await_connections(self, count: int) -> list[OriginConnection]:
        wait_until(lambda: len(self.connections) >= count, f"{count} connections at the origin")
        return self.connections

    def await_received(self, part: bytes, connection: int = 0) -> OriginConnection:
        """The connection, once it has received these bytes."""
        found = self.await_connections(connection + 1)[connection]
        wait_until(lambda: part in found.received, f"{part!r} at the origin")
        return found

    def await_sent(self, count: int) -> None:
        wait_until(lambda: self.sent >= count, f"{count} bytes sent by the origin")

    def await_end(self, connection: int = 0, deadline_s: float = DEADLINE_S) -> str:
        """How the gateway ended that connection."""
        found = self.await_connections(connection + 1)[connection]
        return wait_until(lambda: found.ended, "the gateway ends its connection to the origin", deadline_s)

    def close(self) -> None:
        self._thread.run(self._close())

    def _accept(self) -> None:
        try:
            sock, _ = self._listening.accept()
        except OSError:  # It has gone again.
            return
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = OriginConnection(sock, reads=self._reads)
        self.connections.append(connection)
        task = asyncio.get_running_loop().create_task(self._run(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, connection: OriginConnection) -> None:
        try:
            await self._script(connection)
            if not connection.closed:
                await connection.until_peer_ends(3600.0)
        except PeerGone:
            pass
        except (AssertionError, OSError) as error:
            self.errors.append(error)
        finally:
            if not connection.closed:
                await connection.close()

    async def _close(self) -> None:
        if self._listening.fileno() != -1:  # A test may have closed it before its fixture does.
            self._thread.loop.remove_reader(self._listening)
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in self.connections:
            if not connection.closed:  # Its script had not begun, or was just closing it.
                await connection.close()
        self._listening.close()
