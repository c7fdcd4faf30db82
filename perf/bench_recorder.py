"""What telemetry costs per exchange in a worker, in nanoseconds: `python -m perf.bench_recorder`.

Each figure is the best of many short rounds, so that a busy machine disturbs it little. A report is taken every so many
rounds, as a worker with traffic does, and its cost is spread over the exchanges since the last.
"""

import gc
import time
from collections.abc import Callable
from itertools import zip_longest

from gateway.model.exchange import Attempt, Exchange
from gateway.model.outcome import Source
from gateway.model.route import Match, PathKind, Place, Route, WeightedUpstream
from gateway.model.snapshot import (
    AccessLogSettings,
    AccessLogSink,
    MetricSettings,
    TelemetrySettings,
    TraceSettings,
)
from gateway.telemetry.propagation.propagator import Propagator
from gateway.telemetry.recorder import Recorder
from gateway.wire.report import encode_report

_ROUNDS = 2000
_EXCHANGES = 40
_ROUNDS_PER_REPORT = 25
_STARTED_NS = 10**15
_STARTED_AT_NS = 1_790_000_000 * 10**9
_NO_LOG = AccessLogSettings(sink=AccessLogSink.NONE)
_NO_METRICS = MetricSettings(enabled=False)
_EXPORTING = TraceSettings(export=True)

CASES = {
    "all on": TelemetrySettings(traces=_EXPORTING),
    "no access log": TelemetrySettings(access_log=_NO_LOG, traces=_EXPORTING),
    "no metrics": TelemetrySettings(metrics=_NO_METRICS, traces=_EXPORTING),
    "all off": TelemetrySettings(access_log=_NO_LOG, metrics=_NO_METRICS, traces=TraceSettings(propagate=False)),
}

ROUTES = [
    Route(
        f"orders-{index}",
        index,
        Match(path_kind=PathKind.TEMPLATE, path=f"/v{index}/orders/{{id}}"),
        Place("sightline.yaml", index),
        upstreams=(WeightedUpstream("orders"),),
    )
    for index in range(609)
]


def exchange(number: int, routes: int) -> Exchange:
    """A plain success on a reused connection, as the engine hands it over."""
    started = _STARTED_NS + number * 50_000
    record = Exchange("public", "0123456789ab", "203.0.113.7", started, _STARTED_AT_NS + number * 50_000)
    record.head_ns = started
    record.method = "GET"
    record.host = "api.example.com"
    record.path = f"/v1/orders/{number}"
    record.user_agent = "wrk/4.2.0"
    record.request_id = f"{number:032x}"
    record.route = ROUTES[number % routes]
    record.upstream = "orders"
    record.status = 200
    record.source = Source.UPSTREAM
    record.bytes_in = 87
    record.bytes_out = 312
    record.in_flight = 12
    attempt = Attempt("orders", "10.0.0.12:9001", started + 40_000)
    attempt.reused = True
    attempt.status = 200
    attempt.leased_ns = attempt.started_ns
    attempt.sent_ns = started + 60_000
    attempt.first_byte_ns = started + 1_900_000
    attempt.ended_ns = started + 1_910_000
    record.attempts.append(attempt)
    record.ended_ns = started + 1_950_000
    return record


def _timed(step: Callable[[list[Exchange]], object], records: list[Exchange]) -> int:
    started = time.perf_counter_ns()
    step(records)
    return time.perf_counter_ns() - started


def _propagation(settings: TraceSettings) -> Callable[[list[Exchange]], None]:
    """What is done for each exchange and its attempt; nothing where propagation is off, as in the engine."""
    propagator = Propagator(settings.sample_ratio)

    def propagate(records: list[Exchange]) -> None:
        for record in records:
            propagator.start(record)
            propagator.lines(record, record.attempts[0])

    return propagate if settings.propagate else lambda _: None


def measure_case(settings: TelemetrySettings, routes: int) -> list[float]:
    """Nanoseconds per exchange of propagation, start, finish and report."""
    propagate = _propagation(settings.traces)
    recorder = Recorder(1)
    recorder.configure(settings)

    def start(records: list[Exchange]) -> None:
        for record in records:
            recorder.exchange_started(record)

    def finish(records: list[Exchange]) -> None:
        for record in records:
            recorder.exchange_finished(record)

    def report(_: list[Exchange]) -> None:
        encode_report(recorder.take_report([], _STARTED_AT_NS, last=True))

    best = [float("inf")] * 4
    for number in range(_ROUNDS):
        first = number * _EXCHANGES
        records = [exchange(index, routes) for index in range(first, first + _EXCHANGES)]
        gc.disable()
        spent = [_timed(step, records) / _EXCHANGES for step in (propagate, start, finish)]
        if (number + 1) % _ROUNDS_PER_REPORT == 0:
            spent.append(_timed(report, records) / _EXCHANGES / _ROUNDS_PER_REPORT)
        gc.enable()
        best = [min(pair) for pair in zip_longest(best, spent, fillvalue=float("inf"))]
    return best


def main() -> None:
    print(f"{'case':30}{'propagate':>10}{'start':>10}{'finish':>10}{'report':>10}   ns per exchange")
    for name, settings in CASES.items():
        for routes in (1, len(ROUTES)):
            figures = measure_case(settings, routes)
            print(f"{name + f', {routes} routes':30}" + "".join(f"{figure:10.0f}" for figure in figures))


if __name__ == "__main__":
    main()
