"""What telemetry costs, and which part of it how much: all of it, none, and each alone, in several starts of each.

Two processes of the same build differ by more than the parts do, as memory falls for each start anew, and stay different for as long
as they run. So every contestant is started several times, and what is compared is compared within a start.
"""

import statistics
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from perf.compare.bench import Bench
from perf.compare.report import Check, Findings, Table
from perf.compare.rounds import Contestant, Series, interleave, ratio
from perf.compare.sightline import Settings, start_sightline

OFF: Final = "none"
ALL: Final = "all"
CONTESTANTS: Final[Mapping[str, Settings]] = {
    OFF: Settings(telemetry=False),
    "trace context alone": Settings(telemetry=False, part="trace context"),
    "metrics alone": Settings(telemetry=False, part="metrics"),
    "access lines alone": Settings(telemetry=False, part="access lines"),
    "all but spans": Settings(sampled="0%"),
    ALL: Settings(),
}
STARTS: Final = 4
_ROUNDS_A_START: Final = 3


def run(bench: Bench) -> Findings:
    """Start all of them again and again, measure in turns, judge."""
    starts = 1 if bench.quick else STARTS
    bench.rounds = min(bench.rounds, _ROUNDS_A_START)
    measured = [_measured(bench, number) for number in range(starts)]
    findings = Findings("What telemetry costs")
    rows = []
    for name in CONTESTANTS:
        costs = [series[name].cpu_us for series in measured]
        added = statistics.median(series[name].cpu_us - series[OFF].cpu_us for series in measured)
        times = statistics.median(ratio(series[name], series[OFF]) for series in measured)
        spread = f"{min(costs):.1f} to {max(costs):.1f}"
        rows.append([name, f"{statistics.median(costs):.1f}", spread, f"{added:.1f}", f"{times:.2f}"])
    columns = ["telemetry", "CPU µs/request", "in each start", "added µs", "against none"]
    title = f"Identical requests, 32 kept-alive connections, one core; {starts} starts of each, {bench.rounds} rounds a start"
    findings.tables.append(Table(title, columns, rows))
    against = [ratio(series[ALL], series[OFF]) for series in measured]
    findings.checks.append(Check("all telemetry / telemetry off", statistics.median(against), 1.25, 1.1))
    findings.checks.append(Check("failed requests", sum(one.failures for each in measured for one in each.values()), 0))
    findings.notes.append("all / off in each start: " + ", ".join(f"{each:.2f}" for each in against))
    findings.data = {
        name: [[asdict(sample) for sample in series[name].samples] for series in measured] for name in CONTESTANTS
    }
    return findings


def _measured(bench: Bench, number: int) -> dict[str, Series]:
    """Of one start of each."""
    bench.say(f"start {number + 1}")
    gateways = {
        name: start_sightline(bench, f"telemetry-{number}-{place}", settings)
        for place, (name, settings) in enumerate(CONTESTANTS.items())
    }
    try:
        return interleave(bench, [Contestant(name, gateway) for name, gateway in gateways.items()])
    finally:
        for gateway in gateways.values():
            bench.stable.stop(gateway.process)
