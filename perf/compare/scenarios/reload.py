"""Ten thousand routes reloaded under load: failed requests, time from the change to its service, stall of the worker."""

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from perf.compare.api import multiplied, to_routes, write_stream
from perf.compare.bench import ANSWER, Bench
from perf.compare.cores import pin_threads
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline, to_yaml
from perf.loadgen import OpenLoop, Request, Summary

ROUTES = 10_000
RATE = 500
BEFORE_S, AFTER_S = 1.0, 4.0


@dataclass(frozen=True)
class Probe:
    """One question and its answer, monotonic nanoseconds. word: the last word of the answer."""

    sent_ns: int
    ended_ns: int
    word: str

    @property
    def took_ms(self) -> float:
        return (self.ended_ns - self.sent_ns) / 1e6


@dataclass(frozen=True)
class Event:
    """Something done to the gateway: what, when, and the word the probes answer with from then on."""

    kind: str
    at_ns: int
    word: str = ""


def run(bench: Bench) -> Findings:
    """Five reloads, five scrapes and five quiet windows, all under the same load, watched by a prober."""
    many = multiplied(ROUTES)
    probe_route = {"name": "probe", "match": {"path": "/probe"}, "respond": {"status": 200, "body": "revision r0"}}
    gateway = start_sightline(bench, "reload", Settings([probe_route, *to_routes(many)]))
    # The supervisor compiles beside the worker, not in its way; with one core for both, the kernel's turns would count.
    pin_threads(gateway.process.pid, bench.cores.spare or bench.cores.load)
    stream = write_stream(many, bench.folder / "stream.txt", variants=1)
    output = bench.folder / "probes.txt"
    prober = bench.stable.start(
        "prober", [sys.executable, "-m", "perf.prober", str(gateway.port), "/probe", output], bench.cores.load
    )
    summary, events = uvloop.run(load_and_events(bench, gateway, requests_of(stream)))
    exit_code = bench.stable.stop(prober)
    findings = judge(summary, events, read_probes(output))
    findings.checks.append(Check("probes lost", exit_code, 0))
    findings.notes += [f"{prober.tail()}"] if prober.tail() else []
    findings.notes.append(f"loop lag as the worker itself counts it, every 100 ms: {lag_of(gateway)}")
    findings.notes.append(f"{samples_of(gateway):,} samples in one scrape of /metrics")
    return findings


def requests_of(stream: Path) -> Callable[[], Request]:
    """Requests of the stream in turn, each expecting the origin's answer."""
    body = ANSWER.encode()
    lines = [line.split() for line in stream.read_text().splitlines()]
    random.Random(1).shuffle(lines)
    requests = [
        Request(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".encode(), 200, body)
        for method, path in lines
    ]
    position = iter(range(1 << 62))
    return lambda: requests[next(position) % len(requests)]


async def load_and_events(
    bench: Bench, gateway: Sightline, next_request: Callable[[], Request]
) -> tuple[Summary, list[Event]]:
    """The load for as long as the events take."""
    repeats = 1 if bench.quick else 5
    duration_s = repeats * 3 * (BEFORE_S + AFTER_S) + 1
    load = OpenLoop(gateway.port, RATE, next_request)
    running = asyncio.get_running_loop().create_task(load.run(duration_s), name="load")
    events: list[Event] = []
    text = to_yaml(gateway.document)
    for number in range(1, repeats + 1):
        bench.say(f"windows {number} of {repeats}")
        await asyncio.sleep(BEFORE_S)
        events.append(Event("quiet", time.monotonic_ns()))
        await asyncio.sleep(AFTER_S + BEFORE_S)
        events.append(Event("scrape", time.monotonic_ns()))
        await asyncio.to_thread(gateway.admin, "/metrics", 30.0)
        await asyncio.sleep(AFTER_S + BEFORE_S)
        fresh = text.replace("revision r0", f"revision r{number}")
        events.append(Event("reload", gateway.rewrite(fresh), f"r{number}"))
        await asyncio.sleep(AFTER_S)
    return await running, events


def read_probes(output: Path) -> list[Probe]:
    """What the prober has written."""
    rows = (line.split() for line in output.read_text().splitlines())
    return [Probe(int(sent), int(ended), word) for sent, ended, word in rows]


def judge(summary: Summary, events: list[Event], probes: list[Probe]) -> Findings:
    """Longest answer in the five seconds around each event, and how long a change took to be served."""
    stalls: dict[str, list[float]] = {"quiet": [], "scrape": [], "reload": []}
    served_s: list[float] = []
    for event in events:
        first, last = event.at_ns - int(BEFORE_S * 1e9), event.at_ns + int(AFTER_S * 1e9)
        stalls[event.kind].append(max(probe.took_ms for probe in probes if first <= probe.sent_ns <= last))
        if event.word:
            new = [probe.ended_ns for probe in probes if probe.word == event.word]
            served_s.append((new[0] - event.at_ns) / 1e9 if new else float("inf"))
    rows = [
        [kind, f"{statistics.median(values):.1f}", " ".join(f"{value:.1f}" for value in values)]
        for kind, values in stalls.items()
    ]
    quiet_ms = statistics.median(stalls["quiet"])
    void = f"{quiet_ms:.0f} ms without a reload" if quiet_ms > 5.0 else ""
    title = f"Longest answer to a probe a millisecond, in the 5 s around, with {ROUTES:,} routes and {RATE} requests/s"
    return Findings(
        "Reload under load",
        [Table(title, ["around", "median ms", "each ms"], rows)],
        [
            Check("failed requests", summary.failures.total(), 0),
            Check("file change to served", statistics.median(served_s), 5.0, 2.0, " s"),
            Check(
                "longest stall around a reload, median",
                statistics.median(stalls["reload"]),
                10.0,
                5.0,
                " ms",
                void=void,
            ),
            Check(
                "longest stall around a scrape, median",
                statistics.median(stalls["scrape"]),
                10.0,
                5.0,
                " ms",
                void=void,
            ),
        ],
        [f"{summary.sent} requests, failures {dict(summary.failures) or 'none'}", f"served after {served_s} s"],
        {"stalls_ms": stalls, "served_s": served_s},
    )


def lag_of(gateway: Sightline) -> str:
    """Cumulative counts by upper bound of sightline_event_loop_lag_seconds, since the start of the worker."""
    lines = gateway.admin("/metrics", 30.0).decode().splitlines()
    buckets = [line for line in lines if line.startswith("sightline_event_loop_lag_seconds_bucket")]
    return ", ".join(f"{line.partition('le=')[2].split(chr(34))[1]} s {line.rsplit(' ', 1)[1]}" for line in buckets)


def samples_of(gateway: Sightline) -> int:
    """Samples in one rendering of /metrics."""
    lines = gateway.admin("/metrics", 30.0).splitlines()
    return sum(1 for line in lines if line and not line.startswith(b"#"))
