"""Whatever clients and endpoints do and in whatever order: every exchange is recorded once, nothing it held is left, and
no answer reaches anybody but who asked for it."""

import re
from collections.abc import Callable

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.model.clock import SECOND_NS
from gateway.model.retry import Retries, RetryMethods, RetryOn
from gateway.model.upstream import ConnectionLimits
from gateway.proxy.client_connection import AWAITING
from tests.support.scripted import Dial, ScriptedTransport
from tests.support.walk import CONNECTIONS, HOST, PUBLIC, SWITCHING, TIMEOUTS, UPGRADE, Client, Walk, get, ok, snapshot

MUCH = 100_000
"""More than a side may lag behind before the other is paused."""
MARK = re.compile(rb"<r(\d+)>")
TARGET = re.compile(rb"(?:GET|POST|HEAD|PUT|OPTIONS) /r(\d+) HTTP/1\.1\r\n")


class Run:
    """One history: its steps are named, and take a number by which they choose whom they concern."""

    def __init__(self, walk: Walk, retries: Retries | None = None) -> None:
        self.walk = walk
        self.retries = retries
        self.clients: list[Client] = [walk.connect()]
        self.requests: dict[int, Client] = {}
        self.is_framed = True
        """Whether all answers had an end of their own; without one, whatever comes belongs to the answer."""
        self.steps: dict[str, Callable[[int], None]] = {
            name.removeprefix("do_"): getattr(self, name) for name in dir(self) if name.startswith("do_")
        }

    # Whom a step concerns.

    def client(self, which: int) -> Client | None:
        live = [client for client in self.clients if not client.transport.is_lost]
        return live[which % len(live)] if live else None

    def dial(self, which: int) -> Dial | None:
        open_dials = [dial for dial in self.walk.loop.dials if not dial.decided.done()]
        return open_dials[which % len(open_dials)] if open_dials else None

    def endpoint(self, which: int) -> ScriptedTransport | None:
        live = [dial.transport for dial in self.walk.loop.dials if dial.is_accepted and not dial.transport.is_lost]
        return live[which % len(live)] if live else None

    def say(self, which: int, request: bytes) -> None:
        """Send a request with a target of its own, if the client can still send."""
        client = self.client(which)
        if client is None:
            return
        number = len(self.requests)
        self.requests[number] = client
        client.transport.deliver(request % (b"/r%d" % number))

    def tell(self, which: int, answer: bytes) -> None:
        """Answer the latest request on a connection; where %b stands, that request is named."""
        endpoint = self.endpoint(which)
        if endpoint is None:
            return
        asked = TARGET.findall(endpoint.written)
        name = b"<r%05d>" % int(asked[-1]) if asked else b"<nobody>"
        endpoint.deliver(answer.replace(b"%b", name))

    # What clients do.

    def do_connect(self, _which: int) -> None:
        if len(self.clients) < 6:
            self.clients.append(self.walk.connect())

    def do_get(self, which: int) -> None:
        self.say(which, b"GET %b HTTP/1.1\r\n" + HOST + b"\r\n")

    def do_get_and_close(self, which: int) -> None:
        self.say(which, b"GET %b HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")

    def do_get_1_0(self, which: int) -> None:
        self.say(which, b"GET %b HTTP/1.0\r\n" + HOST + b"\r\n")

    def do_head(self, which: int) -> None:
        self.say(which, b"HEAD %b HTTP/1.1\r\n" + HOST + b"\r\n")

    def do_put(self, which: int) -> None:
        self.say(which, b"PUT %b HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nbody")

    def do_begin_post(self, which: int) -> None:
        self.say(which, b"POST %b HTTP/1.1\r\n" + HOST + b"Content-Length: 100004\r\n\r\nbody")

    def do_begin_chunked(self, which: int) -> None:
        self.say(which, b"PUT %b HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n")

    def do_begin_upload(self, which: int) -> None:
        self.say(which, b"PUT %b HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n" + bytes(MUCH))

    def do_expect(self, which: int) -> None:
        self.say(which, b"POST %b HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")

    def do_upgrade(self, which: int) -> None:
        self.say(which, b"GET %b HTTP/1.1\r\n" + HOST + UPGRADE + b"\r\n")

    def do_fixed(self, which: int) -> None:
        self.send(which, b"GET /fixed HTTP/1.1\r\n" + HOST + b"\r\n")

    def do_begin_head(self, which: int) -> None:
        self.send(which, b"GET /fixed HTTP/1.1\r\n")

    def do_garbage(self, which: int) -> None:
        self.send(which, b"GET / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\n")

    def do_trace(self, which: int) -> None:
        self.send(which, b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n")

    def do_send_little(self, which: int) -> None:
        self.send(which, b"body")

    def do_send_chunk(self, which: int) -> None:
        self.send(which, b"4\r\nbody\r\n")

    def do_send_last_chunk(self, which: int) -> None:
        self.send(which, b"0\r\n\r\n")

    def do_send_much(self, which: int) -> None:
        self.send(which, bytes(MUCH))

    def send(self, which: int, data: bytes) -> None:
        client = self.client(which)
        if client is not None:
            client.transport.deliver(data)

    def do_half_close(self, which: int) -> None:
        client = self.client(which)
        if client is not None:
            client.transport.deliver_eof()

    def do_leave(self, which: int) -> None:
        client = self.client(which)
        if client is not None:
            client.transport.reset()

    def do_stop_reading(self, which: int) -> None:
        client = self.client(which)
        if client is not None:
            client.transport.is_peer_reading = False

    def do_read_some(self, which: int) -> None:
        client = self.client(which)
        if client is not None:
            client.transport.take(1_000)

    def do_read_on(self, which: int) -> None:
        client = self.client(which)
        if client is not None:
            client.transport.take()

    # What endpoints do.

    def do_accept(self, which: int) -> None:
        dial = self.dial(which)
        if dial is not None:
            dial.accept()

    def do_accept_and_speak(self, which: int) -> None:
        dial = self.dial(which)
        if dial is not None:
            dial.accept().deliver(b"220 hello\r\n")

    def do_accept_and_end(self, which: int) -> None:
        dial = self.dial(which)
        if dial is not None:
            dial.accept().deliver_eof()

    def do_refuse(self, which: int) -> None:
        dial = self.dial(which)
        if dial is not None:
            dial.refuse()

    def do_answer(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%b")

    def do_answer_and_close(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 8\r\n\r\n%b")

    def do_answer_busy(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 503 Busy\r\nContent-Length: 8\r\n\r\n%b")

    def do_begin_busy(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n%b\r\n")

    def do_answer_much(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 200 OK\r\nContent-Length: 100008\r\n\r\n%b" + bytes(MUCH))

    def do_begin_answer(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n%b")

    def do_go_on(self, which: int) -> None:
        self.tell(which, b"%b")

    def do_answer_chunked(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n%b\r\n0\r\n\r\n")

    def do_begin_answer_chunked(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n%b\r\n")

    def do_end_chunks(self, which: int) -> None:
        self.tell(which, b"0\r\n\r\n")

    def do_answer_to_the_end(self, which: int) -> None:
        self.is_framed = False
        self.tell(which, b"HTTP/1.1 200 OK\r\n\r\n%b")

    def do_answer_twice(self, which: int) -> None:
        evil = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<evil>"
        self.tell(which, b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%b" + evil)

    def do_nothing_to_say(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 204 No Content\r\n\r\n")

    def do_hint(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")

    def do_begin_head_of_answer(self, which: int) -> None:
        self.tell(which, b"HTTP/1.1 ")

    def do_switch(self, which: int) -> None:
        self.is_framed = False
        self.tell(which, SWITCHING + b"%b")

    def do_break(self, which: int) -> None:
        self.tell(which, b"\0\0\r\n\r\n")

    def do_end(self, which: int) -> None:
        endpoint = self.endpoint(which)
        if endpoint is not None:
            endpoint.deliver_eof()

    def do_reset(self, which: int) -> None:
        endpoint = self.endpoint(which)
        if endpoint is not None:
            endpoint.reset()

    def do_lag(self, which: int) -> None:
        endpoint = self.endpoint(which)
        if endpoint is not None:
            endpoint.is_peer_reading = False

    def do_catch_up(self, which: int) -> None:
        endpoint = self.endpoint(which)
        if endpoint is not None:
            endpoint.take()

    # What happens besides.

    def do_wait(self, which: int) -> None:
        self.walk.pass_time((SECOND_NS // 10, SECOND_NS, 20 * SECOND_NS, 80 * SECOND_NS)[which % 4])

    def do_reload(self, which: int) -> None:
        limits = ConnectionLimits(max=1 + which % 3, max_pending=2)
        self.walk.activate(snapshot(PUBLIC, limits, TIMEOUTS, self.retries, len(self.walk.endpoints)))

    # What holds.

    def step(self, name: str, which: int) -> None:
        self.steps[name](which)
        self.walk.settle()
        recorder = self.walk.recorder
        assert self.walk.loop.errors == []
        assert self.walk.in_flight == len(recorder.started) - len(recorder.finished)
        assert len({id(exchange) for exchange in recorder.finished}) == len(recorder.finished)
        assert all(endpoint.in_flight >= 0 for endpoint in self.walk.endpoints)
        self.check_memory()

    def check_memory(self) -> None:
        """What waits for a side that lags behind is what was read before it was held up, and not more."""
        transports = [dial.transport for dial in self.walk.loop.dials] + [client.transport for client in self.clients]
        assert max(transport.get_write_buffer_size() for transport in transports) < 3 * MUCH
        for client in self.clients:
            held = len(getattr(client.connection._served, "_held", b""))
            assert held + len(client.connection._pending) < 3 * MUCH

    def finish(self) -> None:
        """Nobody does anything any more: whatever is under way ends by itself, and then nothing is left of it."""
        self.check_kept_alive()
        for dial in self.walk.loop.dials:
            dial.refuse()
        for _ in range(6 + 3 * len(self.requests)):  # Each try of a pipelined request may need as long.
            self.walk.pass_time(80 * SECOND_NS)
        assert all(client.transport.is_lost for client in self.clients)
        assert self.walk.in_flight == 0
        self.check_service()
        for dial in self.walk.loop.dials:
            dial.refuse()
        self.walk.pass_time(80 * SECOND_NS)
        self.walk.pass_time(80 * SECOND_NS)
        self.walk.assert_at_rest()
        assert all(endpoint.pool.open == 0 for endpoint in self.walk.endpoints)
        assert not self.walk.port.connections
        assert not self.walk.engine._context.deadlines._watched
        self.check_answers()

    def check_kept_alive(self) -> None:
        """A connection on which a request is awaited takes one."""
        for client in self.clients:
            connection, transport = client.connection, client.transport
            if connection._state == AWAITING and not connection._reader.size_so_far and not transport.is_closing():
                transport.take()
                client.send(get(b"/fixed"))
                assert client.received.endswith(b"fixed")

    def check_service(self) -> None:
        """Whoever comes now is served, on the connections that are left or on new ones."""
        newcomers = [self.walk.connect() for _ in range(3)]
        for number, client in enumerate(newcomers):
            client.send(get(b"/new%d" % number))
        for _ in range(6):
            for dial in self.walk.loop.dials:
                dial.accept()
                dial.transport.take()
                asked = re.findall(rb"GET /new(\d) ", dial.transport.written)
                if asked and not dial.transport.is_lost and not newcomers[int(asked[-1])].received:
                    dial.transport.deliver(ok(b"<" + asked[-1] + b">"))
                self.walk.settle()
        for number, client in enumerate(newcomers):
            assert client.received.endswith(b"\r\n\r\n<%d>" % number)
            client.transport.reset()

    def check_answers(self) -> None:
        for client in self.clients:
            assert not (self.is_framed and b"evil" in client.received)
            assert b"hello" not in client.received
            answered = [int(number) for number in MARK.findall(client.received)]
            assert all(self.requests[number] is client for number in answered)
            assert answered == sorted(answered)


NAMES = sorted(name.removeprefix("do_") for name in dir(Run) if name.startswith("do_"))
OFTEN = ["get", "accept", "answer"] * 6
STEPS = st.lists(st.tuples(st.sampled_from([*NAMES, *OFTEN]), st.integers(0, 5)), max_size=40)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
@example(steps=[("get", 0), ("get", 0), ("accept", 0), ("answer", 0), ("get", 0), ("answer", 0), ("answer", 0)])
@example(steps=[("begin_post", 0), ("accept", 0), ("lag", 0), ("send_much", 0), ("answer", 0), ("get", 0)])
@example(steps=[("get", 0), ("accept", 0), ("begin_upload", 0), ("lag", 0), ("answer", 0), *[("send_much", 0)] * 5])
@example(steps=[("stop_reading", 0), ("get", 0), ("accept", 0), ("answer_much", 0), ("wait", 3), ("read_on", 0)])
@example(steps=[("upgrade", 0), ("accept", 0), ("switch", 0), ("send_much", 0), ("half_close", 0), ("end", 0)])
@example(
    steps=[("get", 0), ("accept", 0), ("answer", 0), ("begin_chunked", 0), ("reset", 0), ("accept", 0), ("leave", 0)]
)
def test_no_history_loses_an_exchange_or_what_it_held(steps: list[tuple[str, int]]) -> None:
    with Walk(connections=ConnectionLimits(max=2, max_pending=2)) as walk:
        run = Run(walk)
        for name, which in steps:
            run.step(name, which)
        run.finish()


RETRIES = Retries(
    on=(RetryOn.CONNECT_ERROR, RetryOn.RESET, RetryOn.TIMEOUT, 503),
    methods=RetryMethods.ANY,
    per_try_timeout_ns=10 * SECOND_NS,
    budget_ratio=1.0,
    body_buffer=2 * MUCH,
    hedge_after_ns=SECOND_NS // 20,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
@example(
    steps=[("put", 0), ("accept", 0), ("begin_busy", 0), ("wait", 0), ("end_chunks", 0), ("accept", 0), ("answer", 0)]
)
@example(steps=[("begin_chunked", 0), ("accept", 0), ("reset", 0), ("send_chunk", 0), ("wait", 0), ("accept", 0)])
@example(steps=[("get", 0), ("accept", 0), ("answer_busy", 0), ("leave", 0), ("wait", 0)])
@example(steps=[("get", 0), ("accept", 0), ("wait", 0), ("accept", 0), ("answer", 1), ("answer", 0), ("get", 0)])
def test_nor_does_one_with_further_attempts(steps: list[tuple[str, int]]) -> None:
    with Walk(connections=ConnectionLimits(max=2, max_pending=2), retries=RETRIES, endpoints=2) as walk:
        run = Run(walk, RETRIES)
        for name, which in steps:
            run.step(name, which)
        run.finish()


def test_the_plain_history_is_what_it_seems() -> None:
    with Walk(connections=CONNECTIONS) as walk:
        run = Run(walk)
        for name in ("get", "accept", "answer", "get", "answer"):
            run.step(name, 0)
        assert MARK.findall(run.clients[0].received) == [b"00000", b"00001"]
        run.finish()
