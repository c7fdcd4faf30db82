"""What being watched costs those who are served: 30,000 samples scraped every second and five followers of the live tail.

Pairs of runs at half of the capacity, one watched and one not, their order changing from pair to pair. The spread of the unwatched
runs among themselves is printed beside: a difference within it is none. The watchers' own threads run only where nobody
else wants to, so that what they cost on the core of the load is not taken for what they cost the gateway.
"""

import statistics
import threading
import urllib.request
from contextlib import AbstractContextManager
from typing import Any

from perf.compare.bench import Bench
from perf.compare.pairs import COLUMNS, Pairs, beside, half_of_capacity, run_pairs, stand_last
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline

ROUTES = 160
"""As many as make 30,000 samples."""
SAMPLES = 30_000
FOLLOWERS = 5
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
    watching = Watching(gateway)
    return report(capacity, run_pairs(bench, gateway, think_ms, watching.by_all), watching)


class Watching:
    """A scraper and followers, each with a thread of its own; all of them run on the core of the load, behind it."""

    def __init__(self, gateway: Sightline) -> None:
        self._admin = f"http://127.0.0.1:{gateway.admin_port}"
        self.samples = 0
        self.scrapes = 0
        self.events = 0

    def by_all(self) -> AbstractContextManager[None]:
        """Until the block ends."""
        return beside([(self._scrape, ()), *[(self._follow, ())] * FOLLOWERS])

    def _scrape(self, end: threading.Event) -> None:
        stand_last()
        while not end.wait(SCRAPE_EVERY_S):
            with urllib.request.urlopen(f"{self._admin}/metrics", timeout=10) as answer:
                body: bytes = answer.read()
            self.scrapes += 1
            self.samples = body.count(b"\n") - body.count(b"\n#")

    def _follow(self, end: threading.Event) -> None:
        stand_last()
        with urllib.request.urlopen(f"{self._admin}{STREAM}", timeout=10) as answer:
            for line in answer:
                self.events += line.startswith(b"event:")
                if end.is_set():
                    return


def report(capacity: float, pairs: Pairs, watching: Watching) -> Findings:
    """Medians, the difference within pairs, and the budget."""
    title = f"{len(pairs.alone)} pairs at half of {capacity:.0f} requests a second"
    findings = Findings("Watched", [Table(title, COLUMNS, pairs.rows())])
    findings.checks = [
        pairs.check(),
        Check("samples of a scrape", watching.samples, SAMPLES, floor=True),
        Check("events followed", watching.events, 1, floor=True),
    ]
    findings.notes = [
        f"p99 of two unwatched runs after each other differs by {statistics.median(pairs.spread_ms):.3f} ms (median)",
        f"{watching.scrapes} scrapes, {watching.events} events to {FOLLOWERS} followers",
    ]
    findings.data = {"differences_ms": pairs.differences_ms, "spread_ms": pairs.spread_ms}
    return findings
