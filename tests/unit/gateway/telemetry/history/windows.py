"""A history with a clock of its own, and reports to feed it."""

from gateway.telemetry.histogram import Histogram
from gateway.telemetry.history.history import History
from gateway.wire.report import (
    AttemptCount,
    EndpointTime,
    HistogramDelta,
    PoolGauge,
    Report,
    RequestCount,
    RouteDelta,
    UpstreamDelta,
)

NOW = 1_800_000_000
MS = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now_s = NOW

    def __call__(self) -> int:
        return self.now_s


def durations(*milliseconds: float) -> HistogramDelta:
    histogram = Histogram()
    for each in milliseconds:
        histogram.observe(round(each * MS))
    delta = histogram.take()
    assert delta is not None
    return delta


def route_delta(
    name: str = "orders", count: int = 1, ms: float = 10, *, in_flight: int = 0, failed: int = 0
) -> RouteDelta:
    """So many that succeeded after so long, and so many that the upstream refused."""
    requests = [RequestCount("GET", 200, "upstream", "none", count)]
    if failed:
        requests.append(RequestCount("GET", 502, "upstream", "connect_refused", failed))
    of_all = durations(*[ms] * (count + failed))
    return RouteDelta(name, in_flight, requests, {"2xx": of_all}, durations(*[0.2] * (count + failed)), 100, 1000)


def upstream_delta(count: int = 1, ms: float = 8, address: str = "10.0.0.1:9001", *, failed: int = 0) -> UpstreamDelta:
    attempts = [AttemptCount(address, "2xx", "none", count)]
    if failed:
        attempts.append(AttemptCount(address, "none", "connect_refused", failed))
    return UpstreamDelta("orders", attempts, {}, [EndpointTime(address, "2xx", durations(*[ms] * count))])


def pool(in_flight: int, address: str = "10.0.0.1:9001") -> PoolGauge:
    return PoolGauge("orders", address, in_flight, 0, 0, in_flight, 256)


class Scene:
    """A history at a time that the test moves on."""

    def __init__(self, limit: int = 1 << 30) -> None:
        self.clock = Clock()
        self.history = History(limit, self.clock)

    def report(
        self,
        *routes: RouteDelta,
        worker: int = 1,
        upstreams: tuple[UpstreamDelta, ...] = (),
        pools: tuple[PoolGauge, ...] = (),
    ) -> None:
        self.history.absorb(
            worker, Report(worker, 1, 0, routes=list(routes), upstreams=list(upstreams), pools=list(pools))
        )

    def pass_s(self, seconds: int = 1) -> None:
        self.clock.now_s += seconds
        self.history.advance()
