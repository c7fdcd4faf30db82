"""What the gateway says about the traffic, in each of its accounts, by route, method and code."""

import json
import urllib.request
from collections import Counter
from collections.abc import Iterable
from typing import Any

from gateway.demo.comparison import counts_of_lines, counts_of_metrics
from perf.accounts.traffic import Counts

__all__ = ["ask", "by_lines", "by_metrics", "by_spans", "dropped"]


def ask(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def by_metrics(admin_port: int) -> Counts:
    return counts_of_metrics(ask(admin_port, "/metrics"))


def by_lines(lines: Iterable[bytes]) -> Counts:
    return counts_of_lines(lines)


def by_spans(backend_port: int) -> Counts:
    """Server spans the collector has received."""
    told: dict[str, Any] = json.loads(ask(backend_port, "/counts"))
    counts: Counts = Counter()
    for ending, number in told["exchanges"].items():
        route, method, code = ending.split()
        counts[route, method, code] = number
    return counts


def dropped(admin_port: int) -> dict[str, float]:
    """Telemetry the gateway says it gave up: nothing may be in here when accounts are to agree."""
    lines = ask(admin_port, "/metrics").splitlines()
    found = (line.rsplit(" ", 1) for line in lines if line.startswith("sightline_telemetry_dropped_total{"))
    return {labels: float(value) for labels, value in found if float(value)}
