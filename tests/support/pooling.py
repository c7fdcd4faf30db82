"""A pool whose connections are scripted, those who wait for one, and what an answer looks like to whoever receives it."""

from typing import cast

from gateway.http1.response_head import ResponseHead
from gateway.model.outcome import Reason
from gateway.model.upstream import ConnectionLimits, Endpoint
from gateway.net.deadlines import Deadlines
from gateway.upstreams.connection import UpstreamConnection
from gateway.upstreams.endpoint import LiveEndpoint
from gateway.upstreams.pool import Pool, Waiter
from tests.support.scripted import ScriptedLoop, ScriptedTransport


class Answers:
    """A receiver that keeps what it is told, and gives its connection back once an answer is whole."""

    def __init__(self, connection: UpstreamConnection, *, is_request_whole: bool = True) -> None:
        self._connection = connection
        self._is_request_whole = is_request_whole
        self.interim: list[int] = []
        self.head: ResponseHead | None = None
        self.payload = b""
        self.is_complete = False
        self.trailers: list[tuple[bytes, bytes]] = []
        self.failure: tuple[Reason, str] | None = None
        self.events: list[str] = []

    def response_interim(self, head: ResponseHead) -> None:
        self.interim.append(head.status)

    def response_begins(self, head: ResponseHead, payload: bytes, *, is_complete: bool) -> None:
        assert self.head is None
        self.head = head
        self.response_continues(payload, is_complete=is_complete)

    def response_continues(self, payload: bytes, *, is_complete: bool) -> None:
        assert not self.is_complete
        self.payload += payload
        self.is_complete = is_complete
        if is_complete:
            self.trailers = self._connection.trailers
            self._connection.release(is_clean=self._is_request_whole)

    def response_failed(self, reason: Reason, detail: str) -> None:
        assert not self.is_complete
        assert self.failure is None
        self.failure = (reason, detail)

    def upstream_pauses(self) -> None:
        self.events.append("pauses")

    def upstream_resumes(self) -> None:
        self.events.append("resumes")

    def upstream_deadline(self, _now_ns: int) -> None:
        self.events.append("deadline")


class PoolUnderTest(Pool):
    """A pool with eyes: what it opened and closed, and the loop it runs on. Stands in for its own observer."""

    def __init__(self, loop: ScriptedLoop, limits: ConnectionLimits, endpoint: Endpoint) -> None:
        self.deadlines = Deadlines(loop)
        self.deadlines.start()
        super().__init__("orders", endpoint, limits, loop, self.deadlines, self)
        self.addresses = (endpoint.host,)
        self.loop = loop
        self.opened: list[Reason] = []
        self.closed: list[str] = []

    def upstream_connection_opened(self, _upstream: str, result: Reason) -> None:
        self.opened.append(result)

    def upstream_connection_closed(self, _upstream: str, reason: str) -> None:
        self.closed.append(reason)

    def ask(self, *, needs_fresh: bool = False, rank: int = 1) -> "Asker":
        return Asker(self, needs_fresh=needs_fresh, rank=rank)

    def accept(self, position: int = -1) -> ScriptedTransport:
        self.loop.settle()
        transport = self.loop.dials[position].accept()
        self.loop.settle()
        return transport

    def idle_connection(self) -> UpstreamConnection:
        """One that has carried an exchange and is idle."""
        asker = self.ask()
        self.accept()
        connection = asker.granted[0]
        asker.use(connection)
        return connection


class Asker:
    """Somebody who wants a connection."""

    def __init__(self, pool: PoolUnderTest, *, needs_fresh: bool, rank: int = 1) -> None:
        self.granted: list[UpstreamConnection] = []
        self.failed: list[tuple[Reason, str]] = []
        self.waiter = Waiter(self._grant, self._fail, needs_fresh=needs_fresh, rank=rank)
        self.is_queued = pool.wait(self.waiter)

    def _grant(self, connection: UpstreamConnection, waiter: Waiter) -> None:
        assert waiter is self.waiter
        connection.begin(Answers(connection), to_head=False, upgrade=None)
        self.granted.append(connection)

    def _fail(self, reason: Reason, detail: str, waiter: Waiter) -> None:
        assert waiter is self.waiter
        self.failed.append((reason, detail))

    def use(self, connection: UpstreamConnection) -> None:
        """Have an exchange on it from beginning to end."""
        connection.last_byte_reusable = True
        connection.release(is_clean=True)


def live_endpoint(address: str = "127.0.0.1:9001") -> LiveEndpoint:
    """An endpoint whose connections nobody asks for."""
    host, _, port = address.rpartition(":")
    return LiveEndpoint("orders", Endpoint(address, host, int(port)), cast("Pool", None))
