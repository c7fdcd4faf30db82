"""The sinks in force beside stdout: kept while their settings stay the same, replaced when they change."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import structlog

from gateway.telemetry.shipping.building import Outlet, build_outlet
from gateway.telemetry.shipping.losses import Ledger
from gateway.telemetry.shipping.settings import LogSink

_log = structlog.get_logger("sightline.telemetry")
_SIGNAL: Final = "log"


class OutletLedger(Ledger, Protocol):
    """The metrics store."""

    def watch_queue(self, signal: str, sink: str, length: Callable[[], int], capacity: int) -> None: ...

    def forget_queue(self, signal: str, sink: str) -> None: ...


class Outlets:
    """All methods are called on one event loop."""

    def __init__(self, ledger: OutletLedger) -> None:
        self._ledger = ledger
        self._running: dict[str, tuple[LogSink, str, Outlet]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def configure(self, sinks: Iterable[LogSink], service_name: str, wait_s: float) -> None:
        """From now on these. One that is gone or different delivers what waits for it, for at most so many seconds."""
        wanted = {sink.name: sink for sink in sinks}
        for name, (sink, service, outlet) in list(self._running.items()):
            if wanted.get(name) == sink and service == service_name:
                del wanted[name]
                continue
            del self._running[name]
            self._ledger.forget_queue(_SIGNAL, name)
            closing = asyncio.get_running_loop().create_task(outlet.close(wait_s))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        for name, sink in wanted.items():
            outlet = build_outlet(sink, service_name, self._ledger)
            self._running[name] = (sink, service_name, outlet)
            self._ledger.watch_queue(_SIGNAL, name, _size_of(outlet), sink.queue.bytes)
            _log.info("log_sink_added", sink=name, kind=type(sink.target).__name__.removesuffix("Target").lower())

    def put(self, block: bytes, lines: int) -> None:
        """So many whole lines for all of them; never waits."""
        for _, _, outlet in self._running.values():
            outlet.put(block, lines)

    def reopen(self) -> None:
        """Files may have been moved away."""
        for _, _, outlet in self._running.values():
            outlet.reopen()

    async def close(self, wait_s: float) -> None:
        """Deliver what waits, for at most so many seconds."""
        outlets = [outlet for _, _, outlet in self._running.values()]
        self._running.clear()
        await asyncio.gather(*(outlet.close(wait_s) for outlet in outlets), *self._closing)


def _size_of(outlet: Outlet) -> Callable[[], int]:
    return lambda: outlet.queue.size
