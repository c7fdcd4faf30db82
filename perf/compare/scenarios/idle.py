"""What ten thousand idle kept-alive connections weigh."""

import asyncio
from functools import partial
from typing import cast

import uvloop

from perf.compare.bench import Bench, Gateway
from perf.compare.peers import start_all, start_envoy, start_nginx
from perf.compare.processes import Memory, descendants, memory_of
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline
from perf.loadgen import get

CONNECTIONS = 10_000
SOURCES = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
AT_ONCE = 200
MIB = 1 << 20


class Idler(asyncio.Protocol):
    """A connection that asks once and then says nothing more."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(get("/").raw)

    def data_received(self, data: bytes) -> None:
        if not self.answered.done():
            self.answered.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if not self.answered.done():
            self.answered.set_exception(ConnectionResetError("closed before it was answered"))


def run(bench: Bench) -> Findings:
    """Memory of the process that serves, before and with the connections; two peers beside it for scale."""
    count = CONNECTIONS // 10 if bench.quick else CONNECTIONS
    patient = Settings(listener={"timeouts": {"idle": "300s"}})
    gateways = start_all(
        bench,
        {
            "nginx": partial(start_nginx, bench, "nginx"),
            "envoy": partial(start_envoy, bench, "envoy"),
            "sightline": partial(start_sightline, bench, "sightline", patient),
        },
    )
    findings = Findings(f"{count:,} idle connections")
    rows: list[list[str]] = []
    for name, gateway in gateways.items():
        pid = serving_pid(gateway)
        before = memory_of(pid)
        after, still_open = uvloop.run(hold(gateway, count, pid))
        rows.append(row(name, before, after, count, still_open))
        if name == "sightline":
            budget, aim = 150.0, 80.0
            findings.checks.append(Check("resident memory of the worker", after.resident / 1e6, budget, aim, " MB"))
            findings.checks.append(Check("connections still open", still_open, count, floor=True))
    columns = [
        "serving process",
        "RSS before MiB",
        "RSS MiB",
        "PSS MiB",
        "USS MiB",
        "KiB/connection",
        "open at the end",
    ]
    findings.tables.append(Table(f"Memory with {count:,} idle kept-alive connections", columns, rows))
    return findings


def row(name: str, before: Memory, after: Memory, count: int, still_open: int) -> list[str]:
    """One line of the table."""
    sizes = [before.resident, after.resident, after.proportional, after.unique]
    each = (after.unique - before.unique) / count / 1024
    return [name, *(f"{size / MIB:.1f}" for size in sizes), f"{each:.2f}", str(still_open)]


def serving_pid(gateway: Gateway) -> int:
    """The one process that holds the connections."""
    if isinstance(gateway, Sightline):
        return gateway.worker_pids()[0]
    return descendants(gateway.process.pid)[-1]


async def hold(gateway: Gateway, count: int, pid: int) -> tuple[Memory, int]:
    """Open the connections, ask once on each, stay silent for some seconds; memory then, and how many are still open."""
    held: list[Idler] = []
    for start in range(0, count, AT_ONCE):
        batch = await asyncio.gather(*(open_one(gateway.port, i) for i in range(start, min(start + AT_ONCE, count))))
        held.extend(batch)
    await asyncio.sleep(3)
    memory, still_open = memory_of(pid), sum(one.transport is not None for one in held)
    for one in held:
        if one.transport is not None:
            one.transport.abort()
    await asyncio.sleep(0.5)
    return memory, still_open


async def open_one(port: int, number: int) -> Idler:
    """A connection from one of four loopback addresses, so that ports do not run out."""
    _, idler = await asyncio.get_running_loop().create_connection(
        Idler, "127.0.0.1", port, local_addr=(SOURCES[number % len(SOURCES)], 0)
    )
    await idler.answered
    return idler
