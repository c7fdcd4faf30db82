"""What the steps of an exchange work on, made from the bytes of a request head and without a connection."""

from typing import Any, Final

from gateway.http1.request_head import RequestHead, RequestHeadReader
from gateway.model.exchange import Attempt, Exchange
from gateway.model.listener import Listener, ListenerLimits
from gateway.model.route import Match, PathKind, Place, Rewrite, Route
from gateway.model.snapshot import Snapshot, TelemetrySettings, TraceSettings
from gateway.proxy.plan import ActiveConfig, RoutePlan
from gateway.routing.table import build_table
from gateway.telemetry.propagation.choosing import Propagators

PUBLIC: Final = Listener("public", "127.0.0.1", 9080)


def head_of(*lines: bytes, line: bytes = b"GET / HTTP/1.1", host: bytes | None = b"a.test") -> RequestHead:
    """The head with this request line, a Host field unless it is None, and these header lines."""
    reader = RequestHeadReader(ListenerLimits(line=100_000))
    hosts = [] if host is None else [b"Host: " + host]
    data = b"\r\n".join([line, *hosts, *lines]) + b"\r\n\r\n"
    assert reader.feed(data) == len(data)
    return reader.head


def exchange_of(head: RequestHead, client: str = "192.0.2.1") -> Exchange:
    """A record with what matching would have stamped on it."""
    exchange = Exchange("public", "abc", client, 1, 1)
    exchange.method = head.method
    path, _, query = head.target.decode().partition("?")
    exchange.path, exchange.query = path, query or None
    exchange.host = (head.host or b"").decode()
    exchange.request_id = "id-1"
    return exchange


def attempt_of(endpoint: str = "127.0.0.1:9001") -> Attempt:
    return Attempt("orders", endpoint, 1)


def route_of(name: str = "orders", *, rewrite: Rewrite | None = None, **options: Any) -> Route:
    """A route for everything, unless `match` says otherwise."""
    options.setdefault("match", Match(path_kind=PathKind.PREFIX, path="/"))
    return Route(name, 0, place=Place("test.yaml", 1), rewrite=rewrite, **options)


def propagators_of(*, propagate: bool = False, listener: Listener = PUBLIC, **traces: Any) -> Propagators:
    return Propagators(TraceSettings(propagate=propagate, **traces), (listener,))


def plan_of(route: Route | None = None, propagators: Propagators | None = None) -> RoutePlan:
    return RoutePlan(route or route_of(), [], propagators or propagators_of())


def config_of(*plans: RoutePlan, propagate: bool = False, listener: Listener = PUBLIC) -> ActiveConfig:
    telemetry = TelemetrySettings(traces=TraceSettings(propagate=propagate))
    snapshot = Snapshot("abc", 1, (listener,), (), tuple(plan.route for plan in plans), telemetry)
    table = build_table((plan.route, plan) for plan in plans)
    return ActiveConfig(snapshot, table, propagators_of(propagate=propagate, listener=listener))
