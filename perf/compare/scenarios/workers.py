"""What a second worker costs, what it brings, and how evenly the kernel spreads connections over the two."""

import socket
import statistics
import time

import uvloop

from perf.compare.bench import ANSWER, Bench
from perf.compare.pairs import CONNECTIONS as WITH_PAUSES
from perf.compare.pairs import half_of_capacity
from perf.compare.report import Check, Findings, Table
from perf.compare.rounds import Contestant, interleave
from perf.compare.sightline import Settings, Sightline, start_sightline
from perf.compare.sockets import connections_of
from perf.compare.starts import in_starts
from perf.loadgen import OpenLoop, get

RATE = 5000
CONNECTIONS = 64
SPLIT_OVER = 1000
STARTS = 4
_ONE = "1 worker"
_TWO = "2 workers"


def run(bench: Bench) -> Findings:
    """One worker and two, on the same core at the same rate; then the split; then throughput if cores are to spare."""
    findings = Findings("Two workers")
    add_half_of_capacity(bench, findings)
    one = start_sightline(bench, "one-worker", Settings(workers=1))
    two = start_sightline(bench, "two-workers", Settings(workers=2))
    add_calm(bench, findings, one, two)
    add_split(findings, two)
    add_throughput(bench, findings)
    return findings


def add_half_of_capacity(bench: Bench, findings: Findings) -> None:
    """At half of what one worker can do, which is where a second is thought of."""
    think_ms: list[int] = []

    def begin(number: int) -> list[Contestant]:
        gateways = {
            name: start_sightline(bench, f"half-{number}-{workers}", Settings(workers=workers))
            for workers, name in ((1, _ONE), (2, _TWO))
        }
        if not think_ms:  # All starts are asked for the same.
            think_ms.append(half_of_capacity(bench, gateways[_ONE])[1])
        return [Contestant(name, gateway, None, WITH_PAUSES, think_ms[0]) for name, gateway in gateways.items()]

    starts = in_starts(bench, STARTS, begin)
    title = "CPU at half of the capacity of one worker, all on one core"
    findings.tables.append(starts.table(title, "workers", (_ONE, _TWO)))
    findings.checks.append(Check("2 workers / 1 worker, half of the capacity", starts.ratio(_TWO, _ONE), 1.05, 1.0))
    findings.checks.append(Check("failed requests", starts.failures, 0))
    findings.notes.append(f"half of the capacity: {starts.told(_TWO, _ONE)}")
    findings.data = dict(starts.data())


def add_calm(bench: Bench, findings: Findings, one: Sightline, two: Sightline) -> None:
    """At a rate at which each request wakes a process that slept."""
    costs: dict[str, list[float]] = {_ONE: [], _TWO: []}
    failed = 0
    for number in range(bench.rounds):
        bench.say(f"round {number + 1} of {bench.rounds}")
        for name, gateway in ((_ONE, one), (_TWO, two)):
            cost, failures = steady_cost(gateway, bench.round_s)
            costs[name].append(cost)
            failed += failures
    rows = [[name, f"{statistics.median(values):.1f}"] for name, values in costs.items()]
    findings.tables.append(
        Table(f"CPU at {RATE:,} requests a second, all on one core", ["workers", "CPU µs/request"], rows)
    )
    paired = statistics.median(b / a for a, b in zip(costs[_ONE], costs[_TWO], strict=True))
    findings.checks.append(Check(f"2 workers / 1 worker, {RATE:,} requests a second", paired, 1.05, 1.0))
    findings.checks.append(Check("failed requests, open loop", failed, 0))
    findings.data[f"at {RATE}"] = costs


def steady_cost(gateway: Sightline, seconds: float) -> tuple[float, int]:
    """CPU microseconds per request of a fixed-rate run, and the number of failed requests."""
    request = get("/", body=ANSWER.encode())
    load = OpenLoop(gateway.port, RATE, lambda: request, connections=CONNECTIONS)
    before = gateway.process.cpu_ns()
    summary = uvloop.run(load.run(seconds))
    time.sleep(0.3)
    return (gateway.process.cpu_ns() - before) / summary.sent / 1000, summary.failures.total()


def add_split(findings: Findings, gateway: Sightline) -> None:
    """Hold a thousand connections, each after one answered request, and count them by worker in /proc."""
    request = get("/").raw
    held = [socket.create_connection(("127.0.0.1", gateway.port), timeout=5) for _ in range(SPLIT_OVER)]
    try:
        for one in held:
            one.sendall(request)
        for one in held:
            one.recv(4096)
        counts = sorted(len(ports) for ports in connections_of(gateway.worker_pids(), gateway.port).values())
    finally:
        for one in held:
            one.close()
    findings.notes.append(f"split of {SPLIT_OVER:,} connections: {' / '.join(map(str, counts))}")
    findings.checks.append(Check("smallest share of the connections", min(counts) / sum(counts), 0.45, floor=True))
    findings.checks.append(Check("connections held", sum(counts), SPLIT_OVER, floor=True))


def add_throughput(bench: Bench, findings: Findings) -> None:
    """Requests per second of one worker and of two with a core each; says so where there are no cores for it."""
    if not bench.cores.spare:
        findings.notes.append(
            "throughput of two workers: not measured, this machine has no core to spare for the second"
        )
        return
    cores = bench.cores.gateway | {min(bench.cores.spare)}
    one = start_sightline(bench, "one-wide", Settings(workers=1), cores)
    two = start_sightline(bench, "two-wide", Settings(workers=2), cores)
    series = interleave(bench, [Contestant("1 worker", one), Contestant("2 workers", two)])
    rows = [[name, f"{row.per_second:.0f}", f"{row.cpu_us:.1f}"] for name, row in series.items()]
    findings.tables.append(Table("Throughput with a core each", ["workers", "requests/s", "CPU µs/request"], rows))
