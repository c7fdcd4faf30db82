"""Totals per route and endpoint out of the merged metrics."""

from gateway.model.route import Match, Place, Route, WeightedUpstream
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import Endpoint, Upstream
from gateway.runtime.traffic import read_traffic
from gateway.telemetry.store import MetricsStore
from gateway.wire.report import AttemptCount, Report, RequestCount, RouteDelta, UpstreamDelta

ADDRESS = "127.0.0.1:9001"


def configured() -> MetricsStore:
    store = MetricsStore()
    upstream = Upstream("orders", (Endpoint(ADDRESS, host="127.0.0.1", port=9001),))
    route = Route("orders", 0, Match(), Place("f", 1), upstreams=(WeightedUpstream("orders"),))
    store.configure(Snapshot("0123456789ab", 1, (), (upstream,), (route,)))
    return store


def test_a_route_without_traffic_has_zeros() -> None:
    traffic = read_traffic(configured())
    assert (traffic.routes["orders"].requests, traffic.routes["orders"].failures) == (0, 0)
    assert traffic.endpoints["orders", ADDRESS].requests == 0


def test_counts_of_all_workers_add_up() -> None:
    store = configured()
    counted = RouteDelta(
        "orders",
        2,
        requests=[
            RequestCount("GET", 200, "upstream", "none", 5),
            RequestCount("GET", 502, "upstream", "connect_refused", 1),
        ],
        bytes_in=100,
        bytes_out=200,
    )
    attempts = UpstreamDelta(
        "orders",
        attempts=[
            AttemptCount(ADDRESS, "2xx", "none", 5),
            AttemptCount(ADDRESS, "none", "connect_refused", 2),
            AttemptCount(ADDRESS, "none", "pool_exhausted", 50),
        ],
    )
    for worker in (1, 2):
        store.absorb(worker, Report(worker=worker, sequence=1, at_ns=1, routes=[counted], upstreams=[attempts]))
    traffic = read_traffic(store)
    route, endpoint = traffic.routes["orders"], traffic.endpoints["orders", ADDRESS]
    assert (route.requests, route.failures, route.in_flight, route.bytes_in, route.bytes_out) == (12, 2, 4, 200, 400)
    assert (endpoint.requests, endpoint.failures) == (14, 4)
