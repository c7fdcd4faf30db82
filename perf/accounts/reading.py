"""What the gateway says about the traffic, in each of its accounts, by route, method and code."""

import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

import msgspec

from console.client.call import follow
from console.client.contexts import Target
from gateway.demo.comparison import counts_of_lines, counts_of_metrics
from gateway.wire.live import CountsEvent
from perf.accounts.traffic import Counts

TAIL_RATE = 1000
"""The most a follower can ask for; traffic below it is shown whole."""


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


class Tail:
    """Follows the live tail from a thread of its own until it is ended."""

    def __init__(self, admin_port: int) -> None:
        self.counts: Counts = Counter()
        self.estimated = 0.0
        """The sum of all weights."""
        self.told: CountsEvent | None = None
        self._target = Target(url=f"http://127.0.0.1:{admin_port}")
        self._ended = threading.Event()
        self._follows = threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._follows.wait(10):
            raise SystemExit("the tail does not begin")
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(10)

    def _follow(self) -> None:
        query = {"topics": "exchanges", "rate": str(TAIL_RATE)}
        for name, data, _ in follow(self._target, "/api/v1/stream", query):
            self._follows.set()
            if name == "exchange":
                shown = json.loads(data)
                line = shown["exchange"]
                ending = line["route"], line["http.request.method"], str(line["http.response.status_code"])
                self.counts[ending] += 1
                self.estimated += shown["weight"]
            elif name == "counts":
                self.told = msgspec.json.decode(data, type=CountsEvent)
                if self._ended.is_set():
                    return


def dropped(admin_port: int) -> dict[str, float]:
    """Telemetry the gateway says it gave up: nothing may be in here when accounts are to agree."""
    lines = ask(admin_port, "/metrics").splitlines()
    found = (line.rsplit(" ", 1) for line in lines if line.startswith("sightline_telemetry_dropped_total{"))
    return {labels: float(value) for labels, value in found if float(value)}
