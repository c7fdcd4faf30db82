"""Latency added to a request at a steady 2,000 a second: through each gateway, minus straight to the origin."""

import statistics
from functools import partial

import uvloop

from perf.compare.bench import ANSWER, Bench
from perf.compare.peers import start_all, start_envoy, start_nginx
from perf.compare.report import Check, Findings, Table
from perf.compare.scenarios.peers import JSON_LOG
from perf.compare.sightline import start_sightline
from perf.loadgen import OpenLoop, Summary, get

RATE = 2000
ROUND_S = 8.0
LATE_MS = 0.5
"""A generator later than this at its 99th percentile measures the machine, not the gateways."""
DIRECT = "straight to the origin"


def run(bench: Bench) -> Findings:
    """Open-loop load on each in turns; medians over the rounds."""
    gateways = start_all(
        bench,
        {
            "nginx, JSON log": partial(start_nginx, bench, "nginx-json", JSON_LOG),
            "envoy, JSON log": partial(start_envoy, bench, "envoy-json", access_log=True),
            "sightline, all telemetry": partial(start_sightline, bench, "sightline"),
        },
    )
    ports = {DIRECT: bench.backend.port} | {name: gateway.port for name, gateway in gateways.items()}
    seconds = 2.0 if bench.quick else ROUND_S
    summaries: dict[str, list[Summary]] = {name: [] for name in ports}
    for number in range(bench.rounds):
        bench.say(f"round {number + 1} of {bench.rounds}")
        for name, port in ports.items():
            summaries[name].append(steady(port, seconds))
    return report(summaries)


def steady(port: int, seconds: float) -> Summary:
    """One round on one port; the first second of connections and caches is not counted."""
    request = get("/", body=ANSWER.encode())
    uvloop.run(OpenLoop(port, RATE, lambda: request).run(1.0))
    return uvloop.run(OpenLoop(port, RATE, lambda: request).run(seconds))


def report(summaries: dict[str, list[Summary]]) -> Findings:
    """Percentiles, what each gateway adds to them, and the budget against Envoy."""

    def median_ms(name: str, share: float) -> float:
        return statistics.median(one.percentile_ms(share) for one in summaries[name])

    def added_ms(name: str, share: float) -> float:
        return statistics.median(
            one.percentile_ms(share) - direct.percentile_ms(share)
            for one, direct in zip(summaries[name], summaries[DIRECT], strict=True)
        )

    rows = [
        [
            name,
            *(f"{median_ms(name, share):.3f}" for share in (0.5, 0.99, 0.999)),
            *(f"{added_ms(name, share):.3f}" for share in (0.5, 0.99)),
            f"{statistics.median(one.late_ns for one in rounds) / 1e6:.3f}",
            str(sum(one.failures.total() for one in rounds)),
        ]
        for name, rounds in summaries.items()
    ]
    columns = ["through", "p50 ms", "p99 ms", "p99.9 ms", "added p50", "added p99", "generator late p99", "failed"]
    findings = Findings("Latency added", [Table(f"{RATE:,} requests a second, 32 connections", columns, rows)])
    ours, envoy = "sightline, all telemetry", "envoy, JSON log"
    if ours in summaries and envoy in summaries:
        late_ms = max(statistics.median(one.late_ns for one in rounds) / 1e6 for rounds in summaries.values())
        void = f"generator {late_ms:.1f} ms late" if late_ms > LATE_MS else ""
        ours_ms, envoy_ms = added_ms(ours, 0.99), added_ms(envoy, 0.99)
        if min(ours_ms, envoy_ms) <= 0:
            void = void or "less than straight to the origin: noise"
        findings.checks.append(
            Check("added p99 / envoy's", ours_ms / envoy_ms if envoy_ms else 0.0, 1.5, 1.0, void=void)
        )
    failed = sum(one.failures.total() for rounds in summaries.values() for one in rounds)
    findings.checks.append(Check("failed requests", failed, 0))
    return findings
