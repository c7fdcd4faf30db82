"""What telemetry costs, and which part of it how much: all of it, none, and each alone, in several starts of each.

Two processes of the same build differ by more than the parts do (`perf.compare.starts`).
"""

from collections.abc import Mapping
from typing import Final

from perf.compare.bench import Bench
from perf.compare.report import Check, Findings, Table
from perf.compare.rounds import Contestant
from perf.compare.sightline import Settings, start_sightline
from perf.compare.starts import in_starts

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


def run(bench: Bench) -> Findings:
    """Start all of them again and again, measure in turns, judge."""

    def begin(number: int) -> list[Contestant]:
        return [
            Contestant(name, start_sightline(bench, f"telemetry-{number}-{place}", settings))
            for place, (name, settings) in enumerate(CONTESTANTS.items())
        ]

    starts = in_starts(bench, STARTS, begin)
    findings = Findings("What telemetry costs")
    rows = [
        [
            name,
            f"{starts.cost(name):.1f}",
            starts.spread(name),
            f"{starts.added(name, OFF):.1f}",
            f"{starts.ratio(name, OFF):.2f}",
        ]
        for name in CONTESTANTS
    ]
    columns = ["telemetry", "CPU µs/request", "in each start", "added µs", "against none"]
    title = f"Identical requests, 32 kept-alive connections, one core; {len(starts.measured)} starts of each"
    findings.tables.append(Table(title, columns, rows))
    findings.checks.append(Check("all telemetry / telemetry off", starts.ratio(ALL, OFF), 1.25, 1.1))
    findings.checks.append(Check("failed requests", starts.failures, 0))
    findings.notes.append(starts.told(ALL, OFF))
    findings.data = starts.data()
    return findings
