"""What a request costs: Sightline with all telemetry and with none, against nginx, HAProxy, Envoy and two aiohttp proxies."""

import json
import time
import urllib.request
from dataclasses import asdict
from functools import partial

from perf.compare.api import write_varied
from perf.compare.bench import ANSWER, Bench, Gateway
from perf.compare.peers import start_all, start_envoy, start_haproxy, start_nginx, start_python
from perf.compare.processes import StartError
from perf.compare.report import Check, Findings, Table
from perf.compare.rounds import Contestant, Series, interleave, ratio
from perf.compare.sightline import Scraper, Settings, Sightline, start_sightline

JSON_LOG = "{folder}/{name}.access.log json"
ON, OFF = "sightline, all telemetry", "sightline, telemetry off"
RESILIENT = "sightline, all telemetry, resilient"
"""With health checks, breakers, limits, retries and outlier detection on every route."""
PLAIN_ON, PLAIN_OFF = f"{ON}, plain Python", f"{OFF}, plain Python"
NGINX_LOG, NGINX_BUFFERED, ENVOY_LOG = "nginx, JSON log", "nginx, JSON log buffered", "envoy, JSON log"
AIOHTTP = "aiohttp server and client"
VARIED = ", varied"
JUDGED = (ON, RESILIENT, OFF, NGINX_LOG, NGINX_BUFFERED, ENVOY_LOG, AIOHTTP)
"""Measured with varied traffic too. wrk alone sends the same bytes for ever and gets the same back; a gateway that
remembers what it read last does well at that, and its users send it something else."""


def run(bench: Bench) -> Findings:
    """Start all of them, measure in turns, judge."""
    gateways = start_all(
        bench,
        {
            "nginx": partial(start_nginx, bench, "nginx"),
            NGINX_LOG: partial(start_nginx, bench, "nginx-json", JSON_LOG),
            NGINX_BUFFERED: partial(start_nginx, bench, "nginx-buffered", JSON_LOG + " buffer=64k flush=1s"),
            "haproxy": partial(start_haproxy, bench),
            "envoy": partial(start_envoy, bench, "envoy"),
            ENVOY_LOG: partial(start_envoy, bench, "envoy-json", access_log=True),
            AIOHTTP: partial(start_python, bench, "aiohttp_proxy"),
            "aiohttp server, httptools upstream": partial(start_python, bench, "aiohttp_httptools"),
            ON: partial(start_sightline, bench, "sightline-on", Settings()),
            RESILIENT: partial(start_sightline, bench, "sightline-resilient", Settings(resilient=True)),
            OFF: partial(start_sightline, bench, "sightline-off", Settings(telemetry=False)),
            PLAIN_ON: partial(start_sightline, bench, "sightline-plain-on", Settings(plain=True)),
            PLAIN_OFF: partial(start_sightline, bench, "sightline-plain-off", Settings(plain=True, telemetry=False)),
        },
    )
    for name, gateway in list(gateways.items()):
        try:
            require_answer(gateway)
        except StartError as error:
            bench.give_up(name, error)
            bench.stable.stop(gateways.pop(name).process)
    return judge(bench, gateways)


def require_answer(gateway: Gateway) -> None:
    """Raise StartError unless the gateway hands over the origin's answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{gateway.port}/", timeout=5) as answer:
            body = answer.read().decode()
    except OSError as error:
        raise StartError(f"no answer through it: {error}") from error
    if body != ANSWER:
        raise StartError(f"a wrong answer through it: {body[:200]!r}")


def judge(bench: Bench, gateways: dict[str, Gateway]) -> Findings:
    """Measure what was started, with both kinds of traffic in the same rounds, and put the figures beside the budgets."""
    stream = write_varied(bench.folder / "varied.txt")
    contestants = [Contestant(name, gateway) for name, gateway in gateways.items()]
    contestants += [Contestant(name + VARIED, gateways[name], stream) for name in JUDGED if name in gateways]
    scraped = [gateway for name, gateway in gateways.items() if name == ON and isinstance(gateway, Sightline)]
    with Scraper(scraped) as scraper:
        series = interleave(bench, contestants)
    alike = {name: one for name, one in series.items() if not name.endswith(VARIED)}
    varied = {name.removesuffix(VARIED): one for name, one in series.items() if name.endswith(VARIED)}
    findings = Findings("What a request costs")
    for kind, measured in (("identical", alike), ("varied", varied)):
        findings.tables.append(cost_table(kind, measured))
        findings.checks += budgets(kind, measured)
    for gateway in scraped:
        findings.checks += truth_checks(bench, gateway)
        findings.notes.append(f"{scraper.scrapes} scrapes of /metrics, {scraper.failed} failed; {spans_note(bench)}")
    findings.notes += [
        f"{one.name}: {one.failures} failed of {one.requests}" for one in series.values() if one.failures
    ]
    findings.data = {name: [asdict(sample) for sample in one.samples] for name, one in series.items()}
    return findings


def truth_checks(bench: Bench, gateway: Sightline) -> list[Check]:
    """A line that was dropped costs nothing: as many must have been written as exchanges were counted."""
    time.sleep(1.5)
    with (bench.folder / f"{gateway.process.name}.out").open("rb") as out:
        lines = sum(1 for _ in out)
    counted = gateway.metric("sightline_http_requests_total")
    return [
        Check("access lines / exchanges counted", lines / counted if counted else 0.0, 1.0, floor=True),
        Check("telemetry dropped", gateway.metric("sightline_telemetry_dropped_total"), 0),
    ]


def spans_note(bench: Bench) -> str:
    """How many spans have arrived at the sink."""
    with urllib.request.urlopen(f"http://127.0.0.1:{bench.backend.bulk_port}/counts", timeout=5) as answer:
        counts = json.load(answer)
    return f"{counts['spans']} spans exported in {counts['exports']} batches"


def cost_table(kind: str, series: dict[str, Series]) -> Table:
    """Medians over the rounds."""
    columns = ["gateway", "CPU µs/request", "requests/s", "p50 ms", "p99 ms", "core shared with others"]
    rows = [
        [
            name,
            f"{one.cpu_us:.1f}",
            f"{one.per_second:.0f}",
            f"{one.p50_ms:.2f}",
            f"{one.p99_ms:.2f}",
            f"{one.foreign_share:.1%}",
        ]
        for name, one in series.items()
    ]
    return Table(f"{kind.capitalize()} requests: 32 kept-alive connections, 100-byte answers, one core", columns, rows)


def budgets(kind: str, series: dict[str, Series]) -> list[Check]:
    """The rows whose two sides were both measured."""
    rows = [
        ("all telemetry / envoy with JSON log", ON, ENVOY_LOG, 0.75, 0.5),
        ("all telemetry / nginx with JSON log", ON, NGINX_LOG, 2.6, 1.7),
        ("all telemetry / nginx with buffered JSON log", ON, NGINX_BUFFERED, 2.6, 1.7),
        ("all telemetry / telemetry off", ON, OFF, 1.25, 1.1),
        ("all telemetry, resilient / envoy with JSON log", RESILIENT, ENVOY_LOG, 0.75, 0.5),
        ("all telemetry, resilient / nginx with JSON log", RESILIENT, NGINX_LOG, 2.6, 1.7),
    ]
    checks = [
        Check(f"{what}, {kind}", ratio(series[one], series[other]), budget, aim)
        for what, one, other, budget, aim in rows
        if one in series and other in series
    ]
    if ON in series and AIOHTTP in series:
        checks.append(
            Check(f"aiohttp proxy / all telemetry, {kind}", ratio(series[AIOHTTP], series[ON]), 4.0, floor=True)
        )
    return checks
