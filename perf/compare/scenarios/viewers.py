"""What five console viewers cost the gateway: its processor time for each, and what they add to p99 of those who are served.

A viewer follows what a console follows (status, history, incidents and logs on one stream, the tail of exchanges on another) and asks for
routes and upstreams once a second. Pairs of runs at half of the capacity as in `watched`. The viewers' own threads run only where
nobody else wants to, so that what they cost on the core of the load is not taken for what they cost the gateway; what a real console takes is in `console`.
"""

import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from perf.compare.bench import Bench
from perf.compare.pairs import COLUMNS, Pairs, beside, half_of_capacity, run_pairs, stand_last
from perf.compare.processes import cpu_ns
from perf.compare.report import Check, Findings, Table
from perf.compare.sightline import Settings, Sightline, start_sightline
from perf.compare.wrk import Load

ROUTES = 200
VIEWERS = 5
STREAMS = ("topics=status,history,incidents,logs", "topics=exchanges&rate=20&last=100")
ASKED = ("routes", "upstreams")
ASK_EVERY_S = 1.0
_LEAVE_S = 10.0
CPU_OF_ONE = 0.01
"""Share of a core that the gateway may spend on each viewer."""


def run(bench: Bench) -> Findings:
    """Capacity first, then the pairs."""
    routes: list[dict[str, Any]] = [
        {"name": f"r{number}", "match": {"path_prefix": f"/r{number}"}, "upstream": "origin"}
        for number in range(ROUTES - 1)
    ]
    routes.append({"name": "all", "match": {"path_prefix": "/"}, "upstream": "origin"})
    gateway = start_sightline(bench, "viewers", Settings(routes=routes))
    capacity, think_ms = half_of_capacity(bench, gateway)
    viewing, spent = Viewing(gateway), Spent(gateway)
    pairs = run_pairs(bench, gateway, think_ms, viewing.by_all, spent.on)
    return report(capacity, pairs, viewing, spent)


class Viewing:
    """Viewers, with a thread for each thing they do; all of them run on the core of the load, behind it."""

    def __init__(self, gateway: Sightline) -> None:
        self._gateway = gateway
        self._api = f"http://127.0.0.1:{gateway.admin_port}/api/v1"
        self._lock = threading.Lock()
        self.events = 0
        self.answers = 0
        self.bytes = 0
        self.seconds = 0.0

    @contextmanager
    def by_all(self) -> Iterator[None]:
        """Until the block ends."""
        began_s = time.monotonic()
        # Those who left are known to have gone when they are told something next.
        while self._gateway.metric("sightline_tail_subscribers") and time.monotonic() < began_s + _LEAVE_S:
            time.sleep(0.1)
        began_s = time.monotonic()
        one = [(self._follow, (query,)) for query in STREAMS] + [(self._ask, (path,)) for path in ASKED]
        with beside(one * VIEWERS):
            yield
        self.seconds += time.monotonic() - began_s

    def _follow(self, query: str, end: threading.Event) -> None:
        stand_last()
        with urllib.request.urlopen(f"{self._api}/stream?{query}", timeout=10) as answer:
            for line in answer:
                self._count(events=line.startswith(b"event:"), size=len(line))
                if end.is_set():
                    return

    def _ask(self, path: str, end: threading.Event) -> None:
        stand_last()
        while not end.wait(ASK_EVERY_S):
            with urllib.request.urlopen(f"{self._api}/{path}", timeout=10) as answer:
                self._count(answers=1, size=len(answer.read()))

    def _count(self, *, events: int = 0, answers: int = 0, size: int = 0) -> None:
        with self._lock:
            self.events += events
            self.answers += answers
            self.bytes += size


@dataclass
class Spent:
    """Shares of a core that the gateway's processes took in each run, those of the supervisor apart."""

    gateway: Sightline
    _of_run: dict[Load, tuple[float, float]] = field(default_factory=dict)

    def on(self, steady: Callable[[], Load]) -> Load:
        """A run, with what was spent in it."""
        before, began_ns = self._now(), time.monotonic_ns()
        load = steady()
        after, passed_ns = self._now(), time.monotonic_ns() - began_ns
        self._of_run[load] = (after[0] - before[0]) / passed_ns, (after[1] - before[1]) / passed_ns
        return load

    def of(self, loads: Iterable[Load]) -> list[tuple[float, float]]:
        """All processes, and the supervisor, in each of these runs."""
        return [self._of_run[load] for load in loads]

    def _now(self) -> tuple[int, int]:
        return self.gateway.process.cpu_ns(), cpu_ns(self.gateway.process.pid)

    def of_one_viewer(self, pairs: Pairs, part: int) -> float:
        """The median difference within pairs, for each viewer. part: 0 for all processes, 1 for the supervisor."""
        both = zip(self.of(pairs.watched), self.of(pairs.alone), strict=True)
        return statistics.median(one[part] - other[part] for one, other in both) / VIEWERS


def report(capacity: float, pairs: Pairs, viewing: Viewing, spent: Spent) -> Findings:
    """Medians, the difference within pairs, and the budgets."""
    alone, watched = spent.of(pairs.alone), spent.of(pairs.watched)
    rows = [
        [
            *row,
            f"{statistics.median(share[0] for share in shares):.1%}",
            f"{statistics.median(share[1] for share in shares):.1%}",
        ]
        for row, shares in zip(pairs.rows(), (alone, watched), strict=True)
    ]
    title = f"{len(pairs.alone)} pairs at half of {capacity:.0f} requests a second, {VIEWERS} viewers"
    findings = Findings("Viewers", [Table(title, [*COLUMNS, "CPU of the gateway", "of that the supervisor"], rows)])
    findings.checks = [
        pairs.check(),
        Check("share of a core for each viewer", round(spent.of_one_viewer(pairs, 0), 4), CPU_OF_ONE),
        Check("events followed", viewing.events, 1, floor=True),
        Check("answers", viewing.answers, 1, floor=True),
    ]
    per_second = viewing.bytes / max(viewing.seconds, 1e-9) / VIEWERS / 1024
    findings.notes = [
        f"p99 of two unwatched runs after each other differs by {statistics.median(pairs.spread_ms):.3f} ms (median)",
        f"each viewer costs the supervisor {spent.of_one_viewer(pairs, 1):.2%} of a core and gets {per_second:.0f} KiB a second",
        f"{viewing.events} events and {viewing.answers} answers to {VIEWERS} viewers",
    ]
    findings.data = {
        "differences_ms": pairs.differences_ms,
        "spread_ms": pairs.spread_ms,
        "cpu_alone": alone,
        "cpu_watched": watched,
    }
    return findings
