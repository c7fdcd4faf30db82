"""What being watched costs those who are served: 30,000 samples scraped every second and five followers of the live tail.

Pairs of runs at half of the capacity, one watched and one not, their order changing from pair to pair. The spread of the unwatched
runs among themselves is printed beside: a difference within it is none.
"""

import statistics
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from perf.compare.bench import Bench
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline
from perf.compare.wrk import Load, run_wrk

ROUTES = 160
"""As many as make 30,000 samples."""
SAMPLES = 30_000
FOLLOWERS = 5
PAIRS = 10
CONNECTIONS = 256
SCRAPE_EVERY_S = 1.0
STREAM = "/api/v1/stream?topics=exchanges"


def run(bench: Bench) -> Findings:
    """Capacity first, then the pairs."""
    routes: list[dict[str, Any]] = [
        {"name": f"r{number}", "match": {"path_prefix": f"/r{number}"}, "upstream": "origin"}
        for number in range(ROUTES)
    ]
    routes.append({"name": "all", "match": {"path_prefix": "/"}, "upstream": "origin"})
    gateway = start_sightline(bench, "watched", Settings(routes=routes))
    capacity, think_ms = half_of_capacity(bench, gateway)

    def steady() -> Load:
        return run_wrk(gateway.port, bench.round_s, bench.cores.load, connections=CONNECTIONS, think_ms=think_ms)

    pairs = bench.rounds if bench.quick else max(PAIRS, bench.rounds)
    alone: list[Load] = []
    watched: list[Load] = []
    watching = Watching(gateway)
    for number in range(pairs):
        bench.say(f"pair {number + 1} of {pairs}")
        for is_watched in (False, True) if number % 2 else (True, False):
            if is_watched:
                with watching.by_all():
                    watched.append(steady())
            else:
                alone.append(steady())
    return report(capacity, alone, watched, watching)


def half_of_capacity(bench: Bench, gateway: Sightline) -> tuple[float, int]:
    """Requests a second at full load, and the mean pause of each connection with which half of that is asked for."""
    run_wrk(gateway.port, bench.warm_s, bench.cores.load)
    capacity = run_wrk(gateway.port, bench.round_s, bench.cores.load).per_second
    return capacity, max(1, round(CONNECTIONS / (capacity / 2) * 1000))


class Watching:
    """A scraper and followers, each with a thread of its own; all of them run on the core of the load."""

    def __init__(self, gateway: Sightline) -> None:
        self._admin = f"http://127.0.0.1:{gateway.admin_port}"
        self.samples = 0
        self.scrapes = 0
        self.events = 0

    @contextmanager
    def by_all(self) -> Iterator[None]:
        """Until the block ends."""
        end = threading.Event()
        watchers = [threading.Thread(target=self._scrape, args=(end,))]
        watchers += [threading.Thread(target=self._follow, args=(end,)) for _ in range(FOLLOWERS)]
        for watcher in watchers:
            watcher.start()
        try:
            yield
        finally:
            end.set()
            for watcher in watchers:
                watcher.join()

    def _scrape(self, end: threading.Event) -> None:
        while not end.wait(SCRAPE_EVERY_S):
            with urllib.request.urlopen(f"{self._admin}/metrics", timeout=10) as answer:
                body: bytes = answer.read()
            self.scrapes += 1
            self.samples = body.count(b"\n") - body.count(b"\n#")

    def _follow(self, end: threading.Event) -> None:
        with urllib.request.urlopen(f"{self._admin}{STREAM}", timeout=10) as answer:
            for line in answer:
                self.events += line.startswith(b"event:")
                if end.is_set():
                    return


def report(capacity: float, alone: list[Load], watched: list[Load], watching: Watching) -> Findings:
    """Medians, the difference within pairs, and the budget: 5 % or 0.2 ms, whichever is larger."""

    differences_ms = [(one.p99_us - other.p99_us) / 1000 for one, other in zip(watched, alone, strict=True)]
    spread_ms = [abs(one.p99_us - other.p99_us) / 1000 for one, other in pairwise(alone)]
    rows = [
        [
            name,
            f"{statistics.median(load.per_second for load in loads):.0f}",
            f"{statistics.median(load.p50_us for load in loads) / 1000:.3f}",
            f"{statistics.median(load.p99_us for load in loads) / 1000:.3f}",
            str(sum(load.failed + load.not_ok for load in loads)),
        ]
        for name, loads in (("alone", alone), ("watched", watched))
    ]
    columns = ["", "requests/s", "p50 ms", "p99 ms", "failed"]
    findings = Findings(
        "Watched", [Table(f"{len(alone)} pairs at half of {capacity:.0f} requests a second", columns, rows)]
    )
    allowed_ms = max(0.2, 0.05 * statistics.median(load.p99_us for load in alone) / 1000)
    findings.checks = [
        Check("median difference of p99, ms", statistics.median(differences_ms), round(allowed_ms, 3)),
        Check("samples of a scrape", watching.samples, SAMPLES, floor=True),
        Check("events followed", watching.events, 1, floor=True),
    ]
    findings.notes = [
        f"p99 of two unwatched runs after each other differs by {statistics.median(spread_ms):.3f} ms (median)",
        f"{watching.scrapes} scrapes, {watching.events} events to {FOLLOWERS} followers",
    ]
    findings.data = {"differences_ms": differences_ms, "spread_ms": spread_ms}
    return findings
