"""A worker killed, a worker told to end, the gateway told to end, each under load: what fails, and why."""

import asyncio
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass

import uvloop

from perf.compare.bench import Bench
from perf.compare.processes import StartError
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline
from perf.compare.sockets import connections_of
from perf.loadgen import NOT_SENT, OpenLoop, Result, get

RATE = 1000
SLOW_MS = 20
"""The origin takes this long, so that some twenty requests are in flight at any time: a fault meets about half of them."""
CONNECTIONS = 64
BEFORE_S, AFTER_S = 2.0, 5.0
DRAIN_DELAY_NS = 1_000_000_000
UNNOTICED_NS = 20_000_000
"""A request sent this long after the death of its worker may still not have known of it."""


@dataclass(frozen=True)
class Fault:
    """What was done and what followed. ports: local ports of the connections that the victim held. exit_code: of the
    leader, None while it runs. recovered_s: until a successor held connections, or until the leader had ended.
    shrugged_off: the process that got the signal was still there at the end."""

    at_ns: int
    ports: frozenset[int]
    results: list[Result]
    recovered_s: float
    exit_code: int | None = None
    shrugged_off: bool = False


def run(bench: Bench) -> Findings:
    """Three faults, each on a fresh gateway of two workers."""
    findings = Findings("Faults under load")
    rows: list[list[str]] = []
    for name, number, whole in (
        ("kill -9 of a worker", signal.SIGKILL, False),
        ("SIGTERM of a worker", signal.SIGTERM, False),
        ("SIGTERM of the gateway", signal.SIGTERM, True),
    ):
        bench.say(name)
        drain = {"delay": f"{DRAIN_DELAY_NS // 1_000_000_000}s", "deadline": "10s"}
        gateway = start_sightline(bench, name.replace(" ", "-"), Settings(workers=2, bulk=True, drain=drain))
        fault = uvloop.run(load_and_fault(gateway, number, whole=whole))
        causes = Counter(explain(result, fault, whole=whole) for result in fault.results if result.failure)
        rows.append(row(name, fault, causes))
        findings.notes += [f"{name}: {line}" for line in unexplained(fault, whole=whole)]
        findings.checks += checks_of(name, fault, causes, whole=whole)
        if fault.shrugged_off:
            findings.notes.append(f"{name}: ignored, it runs on; that nothing failed says no more than that")
    columns = ["fault", "requests", "failed", "causes", "longest answer ms", "recovered s"]
    findings.tables.append(Table(f"{RATE:,} requests/s over {CONNECTIONS} connections", columns, rows))
    return findings


def checks_of(name: str, fault: Fault, causes: Counter[str], *, whole: bool) -> list[Check]:
    """What must hold after this fault."""
    checks = [Check(f"{name}: unexplained failures", causes["unexplained"], 0)]
    if whole:
        exit_code = 255 if fault.exit_code is None else fault.exit_code
        checks.append(Check(f"{name}: ended after", fault.recovered_s, 10, unit=" s"))
        checks.append(Check(f"{name}: exit code", exit_code, 0))
    elif not fault.shrugged_off:
        checks.append(Check(f"{name}: successor serves after", fault.recovered_s, 1, unit=" s"))
    return checks


def row(name: str, fault: Fault, causes: Counter[str]) -> list[str]:
    """One line of the table."""
    longest = max((result.latency_ns for result in fault.results if not result.failure), default=0)
    said = ", ".join(f"{count} {cause}" for cause, count in causes.most_common()) or "none"
    return [
        name,
        str(len(fault.results)),
        str(causes.total()),
        said,
        f"{longest / 1e6:.1f}",
        f"{'-' if fault.shrugged_off else f'{fault.recovered_s:.2f}'}",
    ]


def unexplained(fault: Fault, *, whole: bool) -> list[str]:
    """The first few failures without a cause, with what is known of each; times are milliseconds after the fault."""
    found = [one for one in fault.results if one.failure and explain(one, fault, whole=whole) == "unexplained"]
    return [
        f"{one.failure}, sent at {_after_ms(one.sent_ns, fault)}, over at {_after_ms(one.ended_ns, fault)}, status {one.status}, "
        f"{'reused' if one.reused else 'fresh'} connection, {'of the victim' if one.local_port in fault.ports else 'of another'}"
        for one in found[:8]
    ]


def _after_ms(at_ns: int, fault: Fault) -> str:
    return f"{(at_ns - fault.at_ns) / 1e6:.1f}" if at_ns else "never"


def explain(result: Result, fault: Fault, *, whole: bool) -> str:
    """Why this request failed, or `unexplained`."""
    if whole and result.failure in NOT_SENT and result.ended_ns >= fault.at_ns + DRAIN_DELAY_NS:
        return "refused, it no longer listened"
    if result.failure == "lost" and result.local_port in fault.ports:
        if result.sent_ns <= fault.at_ns <= result.ended_ns:
            return "in flight in the killed worker"
        if fault.at_ns < result.sent_ns <= fault.at_ns + UNNOTICED_NS:
            return "sent before its end was known"
    return "unexplained"


async def load_and_fault(gateway: Sightline, number: signal.Signals, *, whole: bool) -> Fault:
    """Steady load, the signal in the middle of it, and what was seen until the load's end."""
    request = get(f"/after/{SLOW_MS}")
    load = OpenLoop(gateway.port, RATE, lambda: request, connections=CONNECTIONS)
    running = asyncio.get_running_loop().create_task(load.run(BEFORE_S + AFTER_S), name="load")
    await asyncio.sleep(BEFORE_S)
    workers = gateway.worker_pids()
    victim = gateway.process.pid if whole else workers[0]
    # In a thread: were the load held up meanwhile, nothing would be in flight when the signal comes.
    held = await asyncio.to_thread(connections_of, workers[:1], gateway.port)
    if not whole and not held[workers[0]]:
        raise StartError("the worker to be ended held no connection: nothing would be shown")
    at_ns = time.monotonic_ns()
    os.kill(victim, number)
    recovered_s = await (ended(gateway) if whole else succeeded(gateway, workers))
    took_s = recovered_s - at_ns / 1e9
    await running
    # Only a kill loses what is in flight: after a SIGTERM, no lost request is explained by the port it used.
    ports = frozenset(held[workers[0]]) if number is signal.SIGKILL else frozenset()
    exit_code = gateway.process.popen.poll()
    return Fault(at_ns, ports, load.results, took_s, exit_code, victim in gateway.worker_pids())


async def ended(gateway: Sightline) -> float:
    """Monotonic seconds at which the leader had ended, or infinity."""
    until = time.monotonic() + AFTER_S
    while time.monotonic() < until:
        if gateway.process.popen.poll() is not None:
            return time.monotonic()
        await asyncio.sleep(0.005)
    return float("inf")


async def succeeded(gateway: Sightline, before: list[int]) -> float:
    """Monotonic seconds at which a worker that was not there before held a connection, or infinity."""
    until = time.monotonic() + AFTER_S
    while time.monotonic() < until:
        fresh = [pid for pid in gateway.worker_pids() if pid not in before]
        if fresh and any((await asyncio.to_thread(connections_of, fresh, gateway.port)).values()):
            return time.monotonic()
        await asyncio.sleep(0.01)
    return float("inf")
