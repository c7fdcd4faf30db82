"""A worker killed, a worker told to end, the gateway told to end, each under load: what fails, and why."""

import asyncio
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass

import uvloop

from perf.compare.bench import ANSWER, Bench
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline
from perf.compare.sockets import connections_of
from perf.loadgen import NOT_SENT, OpenLoop, Result, get

RATE = 1000
CONNECTIONS = 64
BEFORE_S, AFTER_S = 2.0, 5.0
UNNOTICED_NS = 20_000_000
"""A request sent this long after the death of its worker may still not have known of it."""


@dataclass(frozen=True)
class Fault:
    """What was done and what followed. ports: local ports of the connections that the victim held. exit_code: of the
    leader, None while it runs. recovered_s: until a successor held connections, or until the leader had ended."""

    at_ns: int
    ports: frozenset[int]
    results: list[Result]
    recovered_s: float
    exit_code: int | None = None


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
        gateway = start_sightline(
            bench, name.replace(" ", "-"), Settings(workers=2, drain={"delay": "1s", "deadline": "10s"})
        )
        fault = uvloop.run(load_and_fault(gateway, number, whole=whole))
        causes = Counter(explain(result, fault, whole=whole) for result in fault.results if result.failure)
        rows.append(row(name, fault, causes))
        findings.checks.append(Check(f"{name}: unexplained failures", causes["unexplained"], 0))
        findings.checks.append(
            Check(
                f"{name}: {'ended' if whole else 'successor serves'} after",
                fault.recovered_s,
                10 if whole else 1,
                unit=" s",
            )
        )
        if whole:
            findings.checks.append(
                Check(f"{name}: exit code", fault.exit_code if fault.exit_code is not None else 255, 0)
            )
    columns = ["fault", "requests", "failed", "causes", "longest answer ms", "recovered s"]
    findings.tables.append(Table(f"{RATE:,} requests/s over {CONNECTIONS} connections", columns, rows))
    return findings


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
        f"{fault.recovered_s:.2f}",
    ]


def explain(result: Result, fault: Fault, *, whole: bool) -> str:
    """Why this request failed, or `unexplained`."""
    if (
        whole
        and result.failure in NOT_SENT
        and result.ended_ns >= fault.at_ns + int(fault.recovered_s * 1e9) - UNNOTICED_NS
    ):
        return "refused, the gateway had ended"
    if result.failure == "lost" and result.local_port in fault.ports:
        if result.sent_ns <= fault.at_ns <= result.ended_ns:
            return "in flight in the killed worker"
        if fault.at_ns < result.sent_ns <= fault.at_ns + UNNOTICED_NS:
            return "sent before its end was known"
    return "unexplained"


async def load_and_fault(gateway: Sightline, number: signal.Signals, *, whole: bool) -> Fault:
    """Steady load, the signal in the middle of it, and what was seen until the load's end."""
    request = get("/", body=ANSWER.encode())
    load = OpenLoop(gateway.port, RATE, lambda: request, connections=CONNECTIONS)
    running = asyncio.get_running_loop().create_task(load.run(BEFORE_S + AFTER_S), name="load")
    await asyncio.sleep(BEFORE_S)
    workers = gateway.worker_pids()
    victim = gateway.process.pid if whole else workers[0]
    held = connections_of(workers[:1], gateway.port)
    at_ns = time.monotonic_ns()
    os.kill(victim, number)
    recovered_s = await (ended(gateway) if whole else succeeded(gateway, workers))
    took_s = recovered_s - at_ns / 1e9
    await running
    # Only a kill loses what is in flight: after a SIGTERM, no lost request is explained by the port it used.
    ports = frozenset(held[workers[0]]) if number is signal.SIGKILL else frozenset()
    return Fault(at_ns, ports, load.results, took_s, gateway.process.popen.poll())


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
        if any(connections_of(fresh, gateway.port).values()):
            return time.monotonic()
        await asyncio.sleep(0.01)
    return float("inf")
