"""What stands in for the network in unit tests: a loop whose clock stands still, and transports in the hands of the test,
which decides what happens and in which order, down to what no real network does twice."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

from gateway.model import clock as model_clock
from gateway.model.clock import SECOND_NS

HIGH_WATER: Final = 64 * 1024
_TURNS: Final = 200


class Clock:
    """Nanoseconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * SECOND_NS

    def read(self) -> int:
        return self.now_ns

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Every module of the gateway that reads the monotonic clock reads this one."""
        real = model_clock.monotonic_ns
        modules = [
            module
            for name, module in sys.modules.items()
            if name.startswith("gateway.") and getattr(module, "monotonic_ns", None) is real
        ]
        for module in modules:
            vars(module)["monotonic_ns"] = self.read
        try:
            yield
        finally:
            for module in modules:
                vars(module)["monotonic_ns"] = real


class _NoSelector:
    def select(self, _timeout: float | None) -> list[Any]:
        return []


class ScriptedLoop(asyncio.BaseEventLoop):
    """A loop that has no I/O: connections it is asked to open wait in `dials` for the test to decide about them."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._selector = _NoSelector()
        self.dials: list[Dial] = []
        self.errors: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _loop, context: self.errors.append(context))

    def time(self) -> float:
        return self._clock.now_ns / SECOND_NS

    def _process_events(self, _events: list[Any]) -> None:
        """There are none."""

    def settle(self, turns: int = _TURNS) -> None:
        """Run until nothing is left to do at this moment, which may take so many turns."""
        for _ in range(turns):
            self.run_until_complete(_nothing())
            if not self._ready:  # type: ignore[attr-defined]
                return
        raise AssertionError("the loop does not come to rest")

    def end(self) -> None:
        """Cancel what still runs, and close."""
        for task in asyncio.all_tasks(self):
            task.cancel()
        self.settle()
        self.close()

    async def create_connection(self, build: Any, host: Any = None, port: Any = None, **_: Any) -> Any:  # type: ignore[override]
        return await self._dial(build, f"{host}:{port}")

    async def create_unix_connection(self, build: Any, path: Any = None, **_: Any) -> Any:  # type: ignore[override]
        return await self._dial(build, f"unix:{path}")

    async def _dial(self, build: Callable[[], asyncio.Protocol], address: str) -> Any:
        dial = Dial(self, build(), address)
        self.dials.append(dial)
        await dial.decided
        return dial.transport, dial.protocol


async def _nothing() -> None:
    await asyncio.sleep(0)


class ScriptedTransport(asyncio.Transport):
    """Behaves like uvloop's transports, with the peer in the hands of the test.

    taken: what the peer has read. While `is_peer_reading` is false, what is written stays in the buffer.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000)})
        self._loop = loop
        self._protocol = protocol
        self._buffer = b""
        self._high = HIGH_WATER
        self._is_paused = False
        self._undelivered: list[bytes | None] = []
        self.taken = b""
        self.is_peer_reading = True
        self.is_reading_on = True
        self.has_ended = False
        """Whether our side has said its last."""
        self.was_aborted = False
        self.is_lost = False
        self._is_closing = False

    # What the protocol calls.

    def write(self, data: Any) -> None:
        assert not self.is_lost, "written to a transport that is gone"
        assert not self.has_ended, "written behind the end"
        if self.was_aborted:
            return
        self._buffer += data
        if self.is_peer_reading and not self._is_paused:
            self._flush()
        elif len(self._buffer) > self._high and not self._is_paused:
            self._is_paused = True
            self._protocol.pause_writing()

    def write_eof(self) -> None:
        assert not self.is_lost, "ended although it is gone"
        self.has_ended = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = HIGH_WATER if high is None else high

    def get_write_buffer_size(self) -> int:
        return len(self._buffer)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol  # type: ignore[assignment]

    def pause_reading(self) -> None:
        self.is_reading_on = False

    def resume_reading(self) -> None:
        if not self._is_closing:
            self.is_reading_on = True
            self._loop.call_soon(self._deliver)

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            if not self._buffer:
                self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        self._is_closing = True
        if not self.was_aborted:
            self.was_aborted = True
            self._loop.call_soon(self._lose, None)

    @property
    def written(self) -> bytes:
        """What the peer has taken and what waits for it."""
        return self.taken + self._buffer

    # What the test lets the peer do.

    def deliver(self, data: bytes) -> None:
        """The peer sends; it is read now, or when reading is resumed."""
        self._undelivered.append(data)
        self._deliver()

    def deliver_eof(self) -> None:
        self._undelivered.append(None)
        self._deliver()

    def reset(self) -> None:
        """The peer aborts."""
        self._is_closing = True
        self._lose(ConnectionResetError())

    def take(self, count: int | None = None) -> None:
        """The peer reads so much of what waits for it, or all, and then goes on reading."""
        if count is None:
            self.is_peer_reading = True
            self._flush()
        else:
            self.taken += self._buffer[:count]
            self._buffer = self._buffer[count:]

    def _flush(self) -> None:
        self.taken += self._buffer
        self._buffer = b""
        if self._is_paused:
            self._is_paused = False
            self._protocol.resume_writing()
        if self._is_closing:
            self._loop.call_soon(self._lose, None)

    def _deliver(self) -> None:
        while self._undelivered and self.is_reading_on and not self._is_closing:
            data = self._undelivered.pop(0)
            if data is not None:
                self._receive(data)
                continue
            self.is_reading_on = False
            if not self._protocol.eof_received():
                self.close()

    def _receive(self, data: bytes) -> None:
        if not isinstance(self._protocol, asyncio.BufferedProtocol):
            self._protocol.data_received(data)
            return
        buffer = memoryview(self._protocol.get_buffer(-1))
        count = min(len(buffer), len(data))
        buffer[:count] = data[:count]
        if data[count:]:
            self._undelivered.insert(0, data[count:])
        self._protocol.buffer_updated(count)

    def _lose(self, error: Exception | None) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._protocol.connection_lost(error)


class Dial:
    """A connection that the gateway wants to open; the test accepts or refuses it."""

    def __init__(self, loop: ScriptedLoop, protocol: asyncio.Protocol, address: str) -> None:
        self._loop = loop
        self.protocol = protocol
        self.address = address
        self.transport = ScriptedTransport(loop, protocol)
        self.decided: asyncio.Future[None] = loop.create_future()
        """Also when nobody wants it any more."""
        self.is_accepted = False

    def accept(self) -> ScriptedTransport:
        """The connection is made; whoever asked for it learns that a turn of the loop later, as with real ones."""
        if not self.decided.done():
            self.is_accepted = True
            self.protocol.connection_made(self.transport)
            self.decided.set_result(None)
        return self.transport

    def refuse(self, error: BaseException | None = None) -> None:
        if not self.decided.done():
            self.decided.set_exception(error or ConnectionRefusedError(111, "Connection refused"))
