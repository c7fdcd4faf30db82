"""What a second worker costs, what it brings, and how evenly the kernel spreads connections over the two."""

import socket
import statistics
import time

import uvloop

from perf.compare.bench import ANSWER, Bench
from perf.compare.report import Check, Findings, Table
from perf.compare.rounds import Contestant, interleave
from perf.compare.sightline import Settings, Sightline, start_sightline
from perf.compare.sockets import connections_of
from perf.loadgen import OpenLoop, get

RATE = 5000
CONNECTIONS = 64
SPLIT_OVER = 1000


def run(bench: Bench) -> Findings:
    """One worker and two, on the same core at the same rate; then the split; then throughput if cores are to spare."""
    one = start_sightline(bench, "one-worker", Settings(workers=1))
    two = start_sightline(bench, "two-workers", Settings(workers=2))
    costs: dict[str, list[float]] = {"1 worker": [], "2 workers": []}
    failed = 0
    for number in range(bench.rounds):
        bench.say(f"round {number + 1} of {bench.rounds}")
        for name, gateway in (("1 worker", one), ("2 workers", two)):
            cost, failures = steady_cost(gateway, bench.round_s)
            costs[name].append(cost)
            failed += failures
    rows = [[name, f"{statistics.median(values):.1f}"] for name, values in costs.items()]
    table = Table(f"CPU at {RATE:,} requests a second, all on one core", ["workers", "CPU µs/request"], rows)
    paired = statistics.median(b / a for a, b in zip(costs["1 worker"], costs["2 workers"], strict=True))
    findings = Findings("Two workers", [table], [Check("2 workers / 1 worker, same rate", paired, 1.05, 1.0)])
    findings.checks.append(Check("failed requests", failed, 0))
    findings.data = dict(costs)
    add_split(findings, two)
    add_throughput(bench, findings)
    return findings


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
