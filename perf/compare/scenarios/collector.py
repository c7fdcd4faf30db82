"""What an unwell collector of spans costs those who are served: down, slow, hanging and refusing, each against a well one.

Runs at half of the capacity in turns, one exchange in ten sampled; differences of p99 are taken within a turn. The spread of the runs
with the well one is printed beside.
"""

import json
import statistics
import time
import urllib.request
from itertools import pairwise

from perf.compare.bench import Bench
from perf.compare.pairs import CONNECTIONS, PAIRS, half_of_capacity
from perf.compare.processes import free_port
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline
from perf.compare.wrk import Load, run_wrk

WELL = "well"
SAMPLED = "10%"


def run(bench: Bench) -> Findings:
    """One gateway for each kind of collector; all of them once in a turn."""
    backend = f"http://127.0.0.1:{bench.backend.bulk_port}"
    collectors = {WELL: backend, "down": f"http://127.0.0.1:{free_port()}"}
    collectors |= {kind: f"{backend}/{kind}" for kind in ("slow", "hanging", "refusing")}
    gateways = {
        kind: start_sightline(bench, f"collector-{kind}", Settings(collector=url, sampled=SAMPLED))
        for kind, url in collectors.items()
    }
    capacity, think_ms = half_of_capacity(bench, gateways[WELL])
    loads: dict[str, list[Load]] = {kind: [] for kind in gateways}
    turns = bench.rounds if bench.quick else max(PAIRS, bench.rounds)
    for number in range(turns):
        bench.say(f"turn {number + 1} of {turns}")
        kinds = list(gateways) if number % 2 else list(reversed(gateways))
        for kind in kinds:
            port = gateways[kind].port
            loads[kind].append(
                run_wrk(port, bench.round_s, bench.cores.load, connections=CONNECTIONS, think_ms=think_ms)
            )
    time.sleep(1.0)
    return report(capacity, loads, {kind: fate_of_spans(gateway) for kind, gateway in gateways.items()})


def fate_of_spans(gateway: Sightline) -> dict[str, int]:
    """Spans by what became of them: exported, queued, or given up with the reason."""
    fates: dict[str, int] = {}
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.admin_port}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            name, _, value = line.rpartition(" ")
            if 'signal="span"' not in name:
                continue
            if name.startswith("sightline_telemetry_exported_total"):
                fates["exported"] = int(float(value))
            elif name.startswith("sightline_telemetry_queue_length"):
                fates["queued"] = int(float(value))
            elif name.startswith("sightline_telemetry_dropped_total") and float(value):
                reason = name.split('reason="')[1].split('"')[0]
                fates[reason] = int(float(value))
    return fates


def report(capacity: float, loads: dict[str, list[Load]], fates: dict[str, dict[str, int]]) -> Findings:
    """Medians, differences within turns, what became of the spans, and the budget for each kind."""
    rows = []
    checks = []
    allowed_ms = max(0.2, 0.05 * statistics.median(load.p99_us for load in loads[WELL]) / 1000)
    for kind, of_kind in loads.items():
        differences_ms = [(one.p99_us - other.p99_us) / 1000 for one, other in zip(of_kind, loads[WELL], strict=True)]
        rows.append(
            [
                kind,
                f"{statistics.median(load.per_second for load in of_kind):.0f}",
                f"{statistics.median(load.p50_us for load in of_kind) / 1000:.3f}",
                f"{statistics.median(load.p99_us for load in of_kind) / 1000:.3f}",
                str(sum(load.failed + load.not_ok for load in of_kind)),
                json.dumps(fates[kind]).strip("{}").replace('"', ""),
            ]
        )
        if kind != WELL:
            checks.append(
                Check(f"{kind}: median difference of p99, ms", statistics.median(differences_ms), round(allowed_ms, 3))
            )
    columns = ["collector", "requests/s", "p50 ms", "p99 ms", "failed", "spans"]
    title = f"{len(loads[WELL])} turns at half of {capacity:.0f} requests a second, {SAMPLED} sampled"
    spread_ms = statistics.median(abs(one.p99_us - other.p99_us) / 1000 for one, other in pairwise(loads[WELL]))
    note = f"p99 of two runs after each other with the well collector differs by {spread_ms:.3f} ms (median)"
    failed = sum(load.failed + load.not_ok for of_kind in loads.values() for load in of_kind)
    checks.append(Check("failed requests", failed, 0))
    return Findings("Collector", [Table(title, columns, rows)], checks, [note])
