"""An engine without sockets: clients and endpoints are scripted transports on a scripted loop."""

import contextlib
from typing import Final, Self

from gateway.model.clock import SECOND_NS
from gateway.model.exchange import Exchange
from gateway.model.listener import Listener
from gateway.model.outcome import Reason
from gateway.model.retry import Retries
from gateway.model.route import Match, PathKind, Place, Respond, Route, RouteTimeouts, WeightedUpstream
from gateway.model.snapshot import Snapshot
from gateway.model.upstream import ConnectionLimits, Endpoint, Upstream
from gateway.proxy.accept import ListenerPort
from gateway.proxy.downstream import DownstreamConnection
from gateway.proxy.engine import Engine
from gateway.telemetry.recorder import Recorder
from gateway.upstreams.endpoint import LiveEndpoint
from tests.support.scripted import Clock, ScriptedLoop, ScriptedTransport

PUBLIC: Final = Listener("public", "127.0.0.1", 0)
CONNECTIONS: Final = ConnectionLimits()
TIMEOUTS: Final = RouteTimeouts()
HOST: Final = b"Host: a.test\r\n"
UPGRADE: Final = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
SWITCHING: Final = b"HTTP/1.1 101 Switching Protocols\r\n" + UPGRADE + b"\r\n"


def get(target: bytes = b"/", fields: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"GET %b HTTP/%b\r\n%b%b\r\n" % (target, version, HOST, fields)


def post(length: int, body: bytes = b"", fields: bytes = b"") -> bytes:
    """A request that declares a body of this length, with as much of it as is given."""
    return b"POST / HTTP/1.1\r\n%b%bContent-Length: %d\r\n\r\n%b" % (HOST, fields, length, body)


def ok(body: bytes = b"ok", length: int | None = None, fields: bytes = b"") -> bytes:
    """An answer that declares a body of this length, its own by default."""
    declared = len(body) if length is None else length
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, declared, body)


class RecordKeeper(Recorder):
    """The real recorder, which also keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(worker=1)
        self.started: list[Exchange] = []
        self.finished: list[Exchange] = []
        self.opened: list[Reason] = []
        self.closed: list[str] = []

    def exchange_started(self, exchange: Exchange) -> None:
        super().exchange_started(exchange)
        self.started.append(exchange)

    def exchange_finished(self, exchange: Exchange) -> None:
        super().exchange_finished(exchange)
        self.finished.append(exchange)

    def upstream_connection_opened(self, upstream: str, result: Reason) -> None:
        super().upstream_connection_opened(upstream, result)
        self.opened.append(result)

    def upstream_connection_closed(self, upstream: str, reason: str) -> None:
        super().upstream_connection_closed(upstream, reason)
        self.closed.append(reason)


class Client:
    """A client's connection."""

    def __init__(self, walk: "Walk", port: ListenerPort) -> None:
        self._walk = walk
        self.connection = DownstreamConnection(walk.engine._context, port)
        self.transport = ScriptedTransport(walk.loop, self.connection)
        self.connection.connection_made(self.transport)

    @property
    def received(self) -> bytes:
        return self.transport.taken

    def send(self, data: bytes) -> None:
        self.transport.deliver(data)
        self._walk.loop.settle()

    def take(self) -> bytes:
        """What has come since the last call."""
        data, self.transport.taken = self.transport.taken, b""
        return data


def snapshot(
    listener: Listener,
    connections: ConnectionLimits,
    timeouts: RouteTimeouts,
    retries: Retries | None = None,
    endpoints: int = 1,
) -> Snapshot:
    """One upstream of one endpoint, or several, one route to it, and `/fixed`, which answers itself."""
    ports = range(9001, 9001 + endpoints)
    addresses = tuple(Endpoint(f"127.0.0.1:{port}", "127.0.0.1", port) for port in ports)
    everything = Match(path_kind=PathKind.PREFIX, path="/")
    fixed = Match(path_kind=PathKind.EXACT, path="/fixed")
    orders = (WeightedUpstream("orders"),)
    return Snapshot(
        revision="abc",
        sequence=1,
        listeners=(listener,),
        upstreams=(Upstream("orders", addresses, connections=connections),),
        routes=(
            Route("all", 0, everything, Place("test.yaml", 1), upstreams=orders, timeouts=timeouts, retries=retries),
            Route("fixed", 1, fixed, Place("test.yaml", 2), respond=Respond(200, body="fixed")),
        ),
    )


class Walk:
    """An engine with one listener and the routes of `snapshot`, to be used as a context."""

    def __init__(
        self,
        *,
        listener: Listener = PUBLIC,
        connections: ConnectionLimits = CONNECTIONS,
        timeouts: RouteTimeouts = TIMEOUTS,
        retries: Retries | None = None,
        endpoints: int = 1,
    ) -> None:
        self.clock = Clock()
        self.loop = ScriptedLoop(self.clock)
        self.recorder = RecordKeeper()
        self._installed = contextlib.ExitStack()
        self._installed.enter_context(self.clock.installed())
        self.engine = Engine(self.loop, self.recorder, 1)
        self.activate(snapshot(listener, connections, timeouts, retries, endpoints))
        self.port = self.engine.add_port(listener.name)

    def activate(self, snapshot: Snapshot) -> None:
        preparation = self.engine.prepare(snapshot)
        for route in snapshot.routes:
            preparation.add(route)
        for _ in preparation.finish():
            pass
        preparation.activate()
        self.loop.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._installed.close()
        self.loop.end()

    def connect(self) -> Client:
        return Client(self, self.port)

    def settle(self) -> None:
        self.loop.settle()

    def pass_time(self, span_ns: int) -> None:
        """Let so much time pass at once; whoever has a deadline in it hears of that."""
        self.clock.now_ns += span_ns
        self.loop.settle()
        # The sweep comes round every 50 ms: once more for those that got a new deadline by it.
        self.clock.now_ns += SECOND_NS // 10
        self.loop.settle()

    def accept(self, position: int = -1) -> ScriptedTransport:
        """Let the gateway's connection to the endpoint be made."""
        transport = self.loop.dials[position].accept()
        self.loop.settle()
        return transport

    @property
    def endpoints(self) -> list[LiveEndpoint]:
        return list(self.engine._directory.endpoints())

    @property
    def endpoint(self) -> LiveEndpoint:
        return self.endpoints[0]

    @property
    def in_flight(self) -> int:
        return self.engine._context.in_flight

    @property
    def records(self) -> list[Exchange]:
        return self.recorder.finished

    def assert_at_rest(self) -> None:
        """Every exchange that began has ended, once, and gave back all it held."""
        assert self.loop.errors == []
        assert self.in_flight == 0
        for endpoint in self.endpoints:
            assert (endpoint.address, endpoint.in_flight, endpoint.pool.pending) == (endpoint.address, 0, 0)
        assert sorted(map(id, self.recorder.started)) == sorted(map(id, self.recorder.finished))
        assert all(attempt.ended_ns for exchange in self.records for attempt in exchange.attempts)
        report = self.recorder.take_report([], 0, last=True)
        assert [route for route in report.routes if route.in_flight] == []
