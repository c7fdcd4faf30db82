"""Exchanges, routes and snapshots as the tests of telemetry need them: plain unless told otherwise."""

from typing import Any, Final

from gateway.model.clock import MILLISECOND_NS
from gateway.model.exchange import Attempt, Exchange
from gateway.model.listener import Listener
from gateway.model.outcome import Reason, Source
from gateway.model.route import LatencyObjective, Match, PathKind, Place, Route, Slo, WeightedUpstream
from gateway.model.snapshot import MetricSettings, Snapshot, TelemetrySettings, TraceSettings
from gateway.model.upstream import Endpoint, Upstream
from gateway.telemetry.recorder import Recorder

MS: Final = MILLISECOND_NS
STARTED_NS: Final = 5_000 * MS
STARTED_AT_NS: Final = 1_790_000_000 * 10**9 + 123 * MS
TRACE_ID: Final = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID: Final = "b7ad6b7169203331"
REVISION: Final = "0123456789ab"
EXPORTING: Final = TelemetrySettings(traces=TraceSettings(export=True))


def make_route(name: str = "orders", index: int = 0, **changes: Any) -> Route:
    match = Match(path_kind=PathKind.TEMPLATE, path="/v1/orders/{id}")
    fields: dict[str, Any] = {
        "match": match,
        "place": Place("sightline.yaml", 1),
        "upstreams": (WeightedUpstream("orders"),),
    }
    return Route(name, index, **(fields | changes))


def with_latency(under_ms: int, *, availability: float | None = 0.999) -> Slo:
    return Slo(availability, LatencyObjective(0.99, under_ms * MS))


def make_attempt(
    at_ms: float = 1, *, sent_ms: float = 2, first_ms: float = 12, ended_ms: float = 14, **facts: Any
) -> Attempt:
    """An attempt on a reused connection; times are milliseconds from the start of the exchange, 0 for never."""
    attempt = Attempt("orders", "127.0.0.1:9001", stamp(at_ms))
    attempt.reused = True
    attempt.status = 200
    attempt.leased_ns = stamp(at_ms)
    attempt.sent_ns, attempt.first_byte_ns, attempt.ended_ns = stamp(sent_ms), stamp(first_ms), stamp(ended_ms)
    attempt.span_id = "00f067aa0ba902b7"
    for name, value in facts.items():
        setattr(attempt, name, value)
    return attempt


def failed_attempt(reason: Reason = Reason.CONNECT_REFUSED, **facts: Any) -> Attempt:
    """An attempt that never held a connection, from 1 to 2 ms."""
    changes = {"reused": False, "status": 0, "leased_ns": 0, "reason": reason, "connecting_ns": stamp(1)} | facts
    return make_attempt(1, sent_ms=0, first_ms=0, ended_ms=2, **changes)


def make_exchange(route: Route | None = None, *, attempts: list[Attempt] | None = None, **facts: Any) -> Exchange:
    """A plain success of 15 ms through one attempt, traced and not sampled."""
    exchange = Exchange("public", REVISION, "203.0.113.7", STARTED_NS, STARTED_AT_NS)
    exchange.route = route or make_route()
    exchange.method, exchange.host, exchange.path = "GET", "api.example.com", "/v1/orders/7"
    exchange.user_agent, exchange.request_id = "curl/8.11", "req-1"
    exchange.trace_id, exchange.span_id, exchange.trace_random = TRACE_ID, SPAN_ID, True
    exchange.upstream, exchange.status, exchange.source = "orders", 200, Source.UPSTREAM
    exchange.bytes_in, exchange.bytes_out, exchange.in_flight = 120, 340, 2
    exchange.head_ns = STARTED_NS
    exchange.attempts = [make_attempt()] if attempts is None else attempts
    exchange.ended_ns = stamp(15)
    for name, value in facts.items():
        setattr(exchange, name, value)
    return exchange


def refused_exchange(**facts: Any) -> Exchange:
    """A request that matched nothing."""
    changes: dict[str, Any] = {"status": 404, "source": Source.GATEWAY, "reason": Reason.NO_ROUTE, "upstream": ""}
    exchange = make_exchange(attempts=[], **(changes | facts))
    exchange.route = None
    return exchange


def stamp(milliseconds: float) -> int:
    return STARTED_NS + round(milliseconds * MS) if milliseconds else 0


def make_recorder(settings: TelemetrySettings = EXPORTING) -> Recorder:
    recorder = Recorder(1)
    recorder.configure(settings)
    return recorder


def record(recorder: Recorder, *exchanges: Exchange) -> None:
    for exchange in exchanges:
        recorder.exchange_started(exchange)
        recorder.exchange_finished(exchange)


def make_snapshot(*routes: Route, telemetry: TelemetrySettings = EXPORTING) -> Snapshot:
    upstream = Upstream("orders", (Endpoint("127.0.0.1:9001"), Endpoint("127.0.0.1:9002")))
    listener = Listener("public", "127.0.0.1", 9080)
    return Snapshot(REVISION, 1, (listener,), (upstream,), routes or (make_route(),), telemetry)


def many_routes(max_routes: int) -> TelemetrySettings:
    return TelemetrySettings(metrics=MetricSettings(max_routes=max_routes))
