"""How far percentiles are off: ours, and those that Prometheus makes of the peers' default buckets.

Run: `python -m perf.percentiles`. Latencies of five distributions with tails are recorded by several workers, whose reports
are merged into the rolling windows. The answers stand beside the exact quantiles of the very same latencies. Exit code 1
if one of ours is off by more than 5 %.
"""

import math
import sys
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from typing import Final

from gateway.model.exchange import Attempt, Exchange
from gateway.model.outcome import Source
from gateway.model.route import Match, PathKind, Place, Route, WeightedUpstream
from gateway.model.snapshot import AccessLogSettings, AccessLogSink, TelemetrySettings
from gateway.telemetry.histogram import EDGES_NS
from gateway.telemetry.history.history import History
from gateway.telemetry.history.quantiles import RATIOS
from gateway.telemetry.recorder import Recorder
from gateway.wire.report import decode_report, encode_report

MOST_ERROR: Final = 0.05
SAMPLES: Final = 60_000
WORKERS: Final = 4

_ROUTE: Final = Route(
    "orders", 0, Match(path_kind=PathKind.PREFIX, path="/"), Place("perf", 1), upstreams=(WeightedUpstream("orders"),)
)
_QUIET: Final = TelemetrySettings(access_log=AccessLogSettings(sink=AccessLogSink.NONE))
_START_S: Final = 1_800_000_000


def _lognormal(random: Random, middle_ms: float, spread: float) -> int:
    return int(random.lognormvariate(0, spread) * middle_ms * 1e6)


DISTRIBUTIONS: Final[dict[str, Callable[[Random], int]]] = {
    "lognormal of 8 ms": lambda random: _lognormal(random, 8, 0.8),
    "1.2 ms, 1.2 % at 40 ms": lambda random: _lognormal(random, 40 if random.random() < 0.012 else 1.2, 0.15),
    "20 ms, 5.3 % at 300 ms": lambda random: _lognormal(random, 300 if random.random() < 0.053 else 20, 0.2),
    "Pareto from 2 ms": lambda random: int(2e6 * random.paretovariate(1.5)),
    "all at 220 ms": lambda random: int(220e6 * random.uniform(0.999, 1.001)),
}
"""Nanoseconds. No share is exactly that of a percentile: at a cliff there is no right answer."""

PEER_EDGES_MS: Final[dict[str, Sequence[float]]] = {
    "Kong": (25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10000, 30000, 60000),
    "APISIX": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000),
    "Traefik": (100, 300, 1200, 5000),
    "Envoy": (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000),
    "OTel": (5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000),
    "our classic": tuple(edge / 1e6 for edge in EDGES_NS),
}
"""Defaults of Kong's request_latency_ms, APISIX's http_latency, Traefik's request_duration_seconds, Envoy's histograms,
and http.server.request.duration of OpenTelemetry."""


def exact(ordered_ns: Sequence[int], ratio: float) -> int:
    """The smallest latency that so many do not exceed."""
    return ordered_ns[max(math.ceil(ratio * len(ordered_ns) - 1e-6), 1) - 1]


def recorded(latencies_ns: Sequence[int], workers: int = WORKERS) -> list[float]:
    """Milliseconds of p50, p95, p99, p99.9, as the history answers them of what the workers reported."""
    times = iter([_START_S, *[_START_S] * workers])
    history = History(clock=lambda: next(times, _START_S + 1))
    for worker in range(1, workers + 1):
        recorder = Recorder(worker)
        recorder.configure(_QUIET)
        for ns in latencies_ns[worker - 1 :: workers]:
            exchange = _exchange(ns)
            recorder.exchange_started(exchange)
            recorder.exchange_finished(exchange)
        history.absorb(worker, decode_report(encode_report(recorder.take_report([], 0, last=True))))
    point = history.summary(("route", "orders"), _START_S, _START_S + 1)
    assert point.requests == len(latencies_ns), "every latency was recorded"
    return [value or 0.0 for value in (point.p50_ms, point.p95_ms, point.p99_ms, point.p999_ms)]


def interpolated(ordered_ns: Sequence[int], edges_ms: Sequence[float], ratio: float) -> float:
    """Milliseconds, as Prometheus's histogram_quantile makes them of classic buckets."""
    counts = [0] * (len(edges_ms) + 1)
    for ns in ordered_ns:
        counts[bisect_left(edges_ms, ns / 1e6)] += 1
    cumulative = list(accumulate(counts))
    rank = ratio * cumulative[-1]
    bucket = bisect_left(cumulative, rank)
    if bucket == len(edges_ms):
        return edges_ms[-1]
    lower, below = (edges_ms[bucket - 1], cumulative[bucket - 1]) if bucket else (0.0, 0)
    return lower + (edges_ms[bucket] - lower) * (rank - below) / counts[bucket]


def _exchange(ns: int) -> Exchange:
    exchange = Exchange("public", "0123456789ab", "203.0.113.7", 10**15, 10**18)
    exchange.head_ns = exchange.started_ns
    exchange.method, exchange.path, exchange.route, exchange.upstream = "GET", "/", _ROUTE, "orders"
    exchange.status, exchange.source = 200, Source.UPSTREAM
    attempt = Attempt("orders", "10.0.0.1:9001", exchange.started_ns)
    attempt.status = 200
    attempt.leased_ns = attempt.sent_ns = exchange.started_ns
    attempt.first_byte_ns = attempt.ended_ns = exchange.started_ns + ns
    exchange.attempts.append(attempt)
    exchange.ended_ns = exchange.started_ns + ns
    return exchange


def main() -> int:
    """Prints a Markdown table."""
    print(f"| distribution | percentile | exact, ms | Sightline | {' | '.join(PEER_EDGES_MS)} |")
    print("|---|---|---:|" + "---:|" * (len(PEER_EDGES_MS) + 1))
    worst = 0.0
    for name, draw in DISTRIBUTIONS.items():
        random = Random(name)
        latencies_ns = [draw(random) for _ in range(SAMPLES)]
        ordered_ns = sorted(latencies_ns)
        for ratio, ours_ms in zip(RATIOS, recorded(latencies_ns), strict=True):
            true_ms = exact(ordered_ns, ratio) / 1e6
            error = ours_ms / true_ms - 1
            worst = max(worst, abs(error))
            peers = [interpolated(ordered_ns, edges_ms, ratio) / true_ms - 1 for edges_ms in PEER_EDGES_MS.values()]
            figures = [f"**{error:+.1%}**", *(f"{peer:+.0%}" for peer in peers)]
            print(f"| {name} | p{ratio * 100:g} | {true_ms:.2f} | {' | '.join(figures)} |")
    print(f"\nLargest error of ours: {worst:.1%}", file=sys.stderr)
    return 1 if worst > MOST_ERROR else 0


if __name__ == "__main__":
    sys.exit(main())
