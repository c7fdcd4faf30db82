"""What routes cost: 609 of a real API, and 10,000, each against one route that takes the very same requests."""

from dataclasses import asdict

from perf.compare.api import multiplied, operations, to_routes, write_stream
from perf.compare.bench import Bench
from perf.compare.report import Check, Findings, Table
from perf.compare.rounds import Contestant, interleave, ratio
from perf.compare.sightline import Settings, Sightline, start_sightline

MANY = 10_000


def run(bench: Bench) -> Findings:
    """Two streams of requests, each through one route and through a route per operation."""
    real, many = operations(), multiplied(MANY)
    one = start_sightline(bench, "routes-1")
    table_609 = start_sightline(bench, "routes-609", Settings(to_routes(real)))
    table_many = start_sightline(bench, "routes-10000", Settings(to_routes(many)))
    first = write_stream(real, bench.folder / "609.txt", variants=8)
    second = write_stream(many, bench.folder / "10000.txt", variants=1)
    series = interleave(
        bench,
        [
            Contestant("1 route, stream of 609", one, first),
            Contestant("609 routes", table_609, first),
            Contestant("1 route, stream of 10,000", one, second),
            Contestant("10,000 routes", table_many, second),
        ],
    )
    base_609, with_609, base_many, with_many = series.values()
    rows = [[row.name, f"{row.cpu_us:.1f}", f"{row.per_second:.0f}", str(row.failures)] for row in series.values()]
    findings = Findings(
        "Routes",
        [Table("CPU by number of routes, all telemetry", ["routes", "CPU µs/request", "requests/s", "failed"], rows)],
        [
            Check("609 routes / 1 route", ratio(with_609, base_609), 1.05, 1.02),
            Check("10,000 routes / 1 route", ratio(with_many, base_many), 1.10, 1.05),
            Check("10,000 routes, start to ready", table_many.ready_s, 5.0, 2.0, " s"),
            Check("failed requests", sum(row.failures for row in series.values()), 0),
        ],
    )
    findings.notes.append(ready_note([one, table_609, table_many], [1, len(real), len(many)]))
    findings.data = {name: [asdict(sample) for sample in row.samples] for name, row in series.items()}
    return findings


def ready_note(gateways: list[Sightline], counts: list[int]) -> str:
    """How long each took from the start of the process to the first 200 of /readyz."""
    pairs = zip(counts, gateways, strict=True)
    return "start to ready: " + ", ".join(f"{count:,} routes {gateway.ready_s:.2f} s" for count, gateway in pairs)
