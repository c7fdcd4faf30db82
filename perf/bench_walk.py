"""CPU time of one exchange's walk through the engine, without sockets: what our own code costs per request.

Run: `python -m perf.bench_walk [on|off] [varied] [resilient] [routes]`. Prints microseconds per exchange, a report for every
20,000 included, the best of several rounds.
varied: each request has a path and a field of its own, and so has each answer; else they are the same for ever. resilient:
the upstream's health is checked, it has a breaker, limits and an adaptive limit, and the route has retries. routes: the 609
of GitHub's API instead of one, and requests spread over all of them.
"""

import asyncio
import cProfile
import pstats
import sys
import timeit
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

import uvloop

from gateway.model.breaker import BreakerSettings, ConcurrencySettings, UpstreamLimits
from gateway.model.health import ActiveCheck, Health, PassiveCheck
from gateway.model.listener import Listener
from gateway.model.retry import Retries
from gateway.model.route import Match, PathKind, Place, Route, WeightedUpstream
from gateway.model.snapshot import (
    AccessLogSettings,
    AccessLogSink,
    MetricSettings,
    Snapshot,
    TelemetrySettings,
    TraceSettings,
)
from gateway.model.upstream import Endpoint, Upstream
from gateway.proxy.downstream import DownstreamConnection
from gateway.proxy.engine import Engine
from gateway.telemetry.recorder import Recorder
from gateway.upstreams.connection import UpstreamConnection
from perf.bench_routing import github, requests_for

REQUEST = b"GET /v1/orders/123 HTTP/1.1\r\nHost: 127.0.0.1:9080\r\n\r\n"
RESPONSE = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 02:08:43 GMT\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 100\r\nConnection: keep-alive\r\n\r\n" + b"x" * 100
)
OFF = TelemetrySettings(
    access_log=AccessLogSettings(sink=AccessLogSink.NONE),
    traces=TraceSettings(propagate=False),
    metrics=MetricSettings(enabled=False),
)
ROUNDS, EXCHANGES = 7, 20_000


class SilentTransport(asyncio.Transport):
    """Takes what is written and does nothing with it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000)})
        self.write = _ignore  # type: ignore[assignment]

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


def _ignore(data: bytes) -> None:
    pass


def messages(*, varied: bool, routes: bool) -> Iterator[tuple[bytes, bytes]]:
    """Requests with their answers, without end."""
    pairs = [(REQUEST, RESPONSE)]
    if varied:
        pairs = [
            (
                REQUEST.replace(b"123", number)[:-2] + b"X-Session: " + number + b"\r\n\r\n",
                RESPONSE.replace(b"Connection:", b'ETag: "' + number + b'"\r\nConnection:'),
            )
            for number in (b"%d" % (100_000 + place) for place in range(512))
        ]
    if routes:
        lines = [f"{method} {path} HTTP/1.1".encode() for method, path in requests_for(github(), 4872)]
        pairs = [(REQUEST.replace(b"GET /v1/orders/123 HTTP/1.1", line), RESPONSE) for line in lines]
    return cycle(pairs)


def upstream_and_routes(*, resilient: bool, routes: bool) -> tuple[Upstream, list[Route]]:
    upstream = Upstream("orders", (Endpoint("127.0.0.1:9001", "127.0.0.1", 9001),))
    match = Match(path_kind=PathKind.PREFIX, path="/v1")
    table = github() if routes else [Route("orders", 0, match, Place("bench", 1))]
    table = [replace(route, upstreams=(WeightedUpstream("orders"),)) for route in table]
    if not resilient:
        return upstream, table
    guarded = replace(
        upstream,
        health=Health(active=ActiveCheck(), passive=PassiveCheck(failure_ratio=0.5, latency_factor=3.0)),
        breaker=BreakerSettings(),
        limits=UpstreamLimits(connections=200, pending=100, requests=200, retries=20),
        concurrency=ConcurrencySettings(),
    )
    return guarded, [replace(route, retries=Retries()) for route in table]


async def bench(telemetry: TelemetrySettings, *, varied: bool, resilient: bool, routes: bool, profile: bool) -> float:
    """Microseconds per exchange."""
    loop = asyncio.get_running_loop()
    recorder = Recorder(0)
    engine = Engine(loop, recorder, 1)
    upstream, table = upstream_and_routes(resilient=resilient, routes=routes)
    preparation = engine.prepare(Snapshot("abc", 1, (Listener("public", "127.0.0.1", 0),), (upstream,), (), telemetry))
    for route in table:
        preparation.add(route)
    for _ in preparation.finish():
        pass
    preparation.activate()
    pool = next(iter(engine._directory.endpoints())).pool  # noqa: SLF001 - a connection is put in without a socket
    from_endpoint = UpstreamConnection(pool, engine._context.deadlines, loop)  # noqa: SLF001
    from_endpoint.connection_made(SilentTransport())
    pool._established.add(from_endpoint)  # noqa: SLF001
    pool.connection_free(from_endpoint)
    port = engine.add_port("public")
    client = DownstreamConnection(engine._context, port)  # noqa: SLF001
    client.connection_made(SilentTransport())

    pairs = messages(varied=varied, routes=routes)

    def exchange() -> None:
        request, response = next(pairs)
        client.data_received(request)
        from_endpoint.data_received(response)

    def exchanges() -> None:
        for _ in range(EXCHANGES):
            exchange()
        recorder.take_report(engine.pool_gauges(), 0, last=True)

    best = min(timeit.repeat(exchanges, number=1, repeat=ROUNDS))
    if profile:
        with cProfile.Profile() as profiler:
            timeit.timeit(exchange, number=EXCHANGES)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)
    return best / EXCHANGES * 1e6


def main() -> None:
    modes = {"on": TelemetrySettings(traces=TraceSettings(export=True)), "off": OFF}
    wanted = [mode for mode in modes if mode in sys.argv] or list(modes)
    for mode in wanted:
        kinds = {kind: kind in sys.argv for kind in ("varied", "resilient", "routes", "profile")}
        cost_us = uvloop.run(bench(modes[mode], **kinds))
        print(f"telemetry {mode}: {cost_us:.2f} us per exchange")


if __name__ == "__main__":
    main()
