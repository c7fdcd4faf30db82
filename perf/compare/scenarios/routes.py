"""What routes cost: 609 of a real API, and 10,000, each against one route that takes the very same requests."""

import statistics
from typing import Final

from perf.compare.api import multiplied, operations, to_routes, write_stream
from perf.compare.bench import Bench
from perf.compare.report import Check, Findings
from perf.compare.rounds import Contestant
from perf.compare.sightline import Settings, start_sightline
from perf.compare.starts import in_starts

MANY: Final = 10_000
STARTS: Final = 4
_ONE_OF_609: Final = "1 route, stream of 609"
_609: Final = "609 routes"
_ONE_OF_MANY: Final = "1 route, stream of 10,000"
_MANY: Final = "10,000 routes"


def run(bench: Bench) -> Findings:
    """Two streams of requests, each through one route and through a route per operation."""
    real, many = operations(), multiplied(MANY)
    of_609, of_many = to_routes(real), to_routes(many)
    first = write_stream(real, bench.folder / "609.txt", variants=8)
    second = write_stream(many, bench.folder / "10000.txt", variants=1)
    ready_s: list[float] = []

    def begin(number: int) -> list[Contestant]:
        one = start_sightline(bench, f"routes-1-{number}")
        table_609 = start_sightline(bench, f"routes-609-{number}", Settings(of_609))
        table_many = start_sightline(bench, f"routes-10000-{number}", Settings(of_many))
        ready_s.append(table_many.ready_s)
        return [
            Contestant(_ONE_OF_609, one, first),
            Contestant(_609, table_609, first),
            Contestant(_ONE_OF_MANY, one, second),
            Contestant(_MANY, table_many, second),
        ]

    starts = in_starts(bench, STARTS, begin)
    names = (_ONE_OF_609, _609, _ONE_OF_MANY, _MANY)
    findings = Findings(
        "Routes",
        [starts.table("CPU by number of routes, all telemetry", "routes", names)],
        [
            Check("609 routes / 1 route", starts.ratio(_609, _ONE_OF_609), 1.05, 1.02),
            Check("10,000 routes / 1 route", starts.ratio(_MANY, _ONE_OF_MANY), 1.10, 1.05),
            Check("10,000 routes, start to ready", statistics.median(ready_s), 5.0, 2.0, " s"),
            Check("failed requests", starts.failures, 0),
        ],
    )
    findings.notes += [starts.told(_609, _ONE_OF_609), starts.told(_MANY, _ONE_OF_MANY)]
    findings.data = starts.data()
    return findings
