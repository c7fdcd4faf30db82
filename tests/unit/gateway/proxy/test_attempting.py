"""One try at an endpoint: its deadlines, an endpoint that lags behind with the request, and when it is tried again."""

from dataclasses import replace

import pytest

from gateway.model.breaker import UpstreamLimits
from gateway.model.clock import SECOND_NS
from gateway.model.outcome import Reason
from gateway.model.retry import Retries
from gateway.model.route import RouteTimeouts
from gateway.model.upstream import ConnectionLimits
from gateway.upstreams.connection import UpstreamConnection
from tests.support.scripted import ScriptedTransport
from tests.support.walk import CONNECTIONS, HOST, PUBLIC, Client, Walk, get, ok, post, snapshot

FIRST_BYTE_NS = RouteTimeouts().first_byte_ns
UPSTREAM_IDLE_NS = RouteTimeouts().upstream_idle_ns
LONG = bytes(100_000)


def lagging_endpoint(walk: Walk, client: Client, length: int, payload: bytes) -> ScriptedTransport:
    """The endpoint has the head and a little of the body; the rest of what the client sends waits for it."""
    client.send(post(length, b"x"))
    endpoint = walk.accept()
    endpoint.is_peer_reading = False
    client.send(payload)
    assert not client.transport.is_reading_on
    return endpoint


def test_an_endpoint_that_took_a_long_body_at_last_has_no_longer_than_others_to_answer() -> None:
    with Walk() as walk:
        client = walk.connect()
        lagging_endpoint(walk, client, 1 + len(LONG), LONG).take()
        walk.settle()
        walk.pass_time(FIRST_BYTE_NS)
        assert [exchange.reason for exchange in walk.records] == [Reason.UPSTREAM_TIMEOUT_FIRST_BYTE]
        assert client.received.startswith(b"HTTP/1.1 504 ")
        walk.assert_at_rest()


def test_a_request_is_sent_when_the_endpoint_has_room_for_its_last_byte() -> None:
    with Walk() as walk:
        client = walk.connect()
        endpoint = lagging_endpoint(walk, client, 1 + len(LONG), LONG)
        walk.clock.now_ns += 5 * SECOND_NS
        taken_ns = walk.clock.now_ns
        endpoint.take()
        endpoint.deliver(ok())
        walk.settle()
        assert walk.records[0].attempts[0].sent_ns == taken_ns
        walk.assert_at_rest()


def test_an_endpoint_that_stops_within_its_answer_is_given_up_though_it_had_lagged_behind() -> None:
    with Walk() as walk:
        client = walk.connect()
        endpoint = lagging_endpoint(walk, client, 1_000_000, LONG)
        endpoint.deliver(ok(b"123", length=10))
        endpoint.take()
        walk.settle()
        for _ in range(3):
            walk.pass_time(25 * SECOND_NS)
            client.send(b"x")
        assert [exchange.reason for exchange in walk.records] == [Reason.UPSTREAM_IDLE_TIMEOUT]
        assert client.transport.is_closing()
        walk.assert_at_rest()


def test_an_endpoint_that_takes_nothing_more_of_the_request_is_given_up() -> None:
    with Walk() as walk:
        client = walk.connect()
        endpoint = lagging_endpoint(walk, client, 1_000_000, LONG)
        walk.pass_time(UPSTREAM_IDLE_NS)
        assert [exchange.reason for exchange in walk.records] == [Reason.UPSTREAM_IDLE_TIMEOUT]
        assert client.received.startswith(b"HTTP/1.1 504 ")
        assert endpoint.was_aborted
        walk.assert_at_rest()


def test_an_endpoint_that_takes_the_request_slowly_is_not_given_up() -> None:
    with Walk() as walk:
        client = walk.connect()
        endpoint = lagging_endpoint(walk, client, 1_000_000, LONG)
        for _ in range(5):
            endpoint.take(1_000)
            walk.pass_time(UPSTREAM_IDLE_NS)
        assert walk.records == []


def test_an_endpoint_that_answers_without_taking_the_request_is_not_used_again() -> None:
    with Walk() as walk:
        client = walk.connect()
        endpoint = lagging_endpoint(walk, client, 1 + len(LONG), LONG)
        endpoint.deliver(ok())
        walk.settle()
        assert endpoint.is_closing()
        assert walk.endpoint.pool.open == 0
        walk.assert_at_rest()


def test_a_client_whose_endpoint_lagged_behind_is_read_from_again_after_the_answer() -> None:
    with Walk() as walk:
        client = walk.connect()
        lagging_endpoint(walk, client, 1 + len(LONG), LONG).deliver(ok())
        walk.settle()
        assert client.take().endswith(b"ok")
        client.send(get(b"/fixed"))
        assert client.take().endswith(b"fixed")
        walk.assert_at_rest()


def stale_connection(walk: Walk, client: Client) -> ScriptedTransport:
    """A connection that has carried an exchange."""
    client.send(get())
    endpoint = walk.accept()
    endpoint.deliver(ok())
    walk.settle()
    assert client.take().endswith(b"ok")
    return endpoint


def test_an_idempotent_request_on_a_connection_gone_stale_is_tried_once_more_with_its_body() -> None:
    with Walk() as walk:
        client = walk.connect()
        stale = stale_connection(walk, client)
        client.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        client.send(b"2\r\nde\r\n")
        stale.reset()
        walk.settle()
        fresh = walk.accept()
        client.send(b"0\r\n\r\n")
        fresh.deliver(ok())
        walk.settle()
        assert fresh.taken.endswith(b"\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")
        assert client.received.endswith(b"ok")
        assert [attempt.reason for attempt in walk.records[1].attempts] == [Reason.UPSTREAM_RESET, Reason.NONE]
        walk.assert_at_rest()


def test_a_body_longer_than_is_kept_for_a_second_try_gets_none() -> None:
    with Walk() as walk:
        client = walk.connect()
        stale = stale_connection(walk, client)
        client.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 70000\r\n\r\n" + bytes(65_537))
        stale.reset()
        walk.settle()
        assert client.received.startswith(b"HTTP/1.1 502 ")
        assert len(walk.loop.dials) == 1
        walk.assert_at_rest()


@pytest.mark.parametrize(
    ("limits", "reasons", "used"),
    [
        (UpstreamLimits(requests=1), [Reason.UPSTREAM_RESET, Reason.NONE], 1),
        (UpstreamLimits(retries=0), [Reason.UPSTREAM_RESET], 0),
    ],
)
def test_a_second_try_needs_a_place_at_the_upstream_and_costs_nothing_without_one(
    limits: UpstreamLimits, reasons: list[Reason], used: int
) -> None:
    active = snapshot(PUBLIC, CONNECTIONS, RouteTimeouts(), Retries(on=(503,)))
    with Walk() as walk:
        walk.activate(replace(active, upstreams=(replace(active.upstreams[0], limits=limits),)))
        client = walk.connect()
        stale = stale_connection(walk, client)
        client.send(get())
        stale.reset()
        walk.settle()
        if len(reasons) > 1:
            walk.accept().deliver(ok())
            walk.settle()
        assert [attempt.reason for attempt in walk.records[1].attempts] == reasons
        assert walk.records[1].reason is reasons[-1]
        assert walk.engine._budgets.uses(walk.clock.now_ns)[0][1] == used
        walk.assert_at_rest()


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_a_stale_connection_that_said_anything_ends_the_exchange(begun: bytes) -> None:
    with Walk() as walk:
        client = walk.connect()
        stale = stale_connection(walk, client)
        client.send(get())
        stale.deliver(begun)
        stale.reset()
        walk.settle()
        assert b"HTTP/1.1 502 " in client.received
        walk.assert_at_rest()


def test_the_second_try_lags_behind_by_itself_alone() -> None:
    with Walk() as walk:
        client = walk.connect()
        stale = stale_connection(walk, client)
        stale.is_peer_reading = False
        stale.set_write_buffer_limits(high=1_000)
        client.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 2000\r\n\r\n" + bytes(2_000))
        assert isinstance(walk.loop.dials[0].protocol, UpstreamConnection)
        stale.reset()
        walk.settle()
        fresh = walk.accept()
        fresh.deliver(ok())
        walk.settle()
        assert client.take().endswith(b"ok")
        assert walk.endpoint.pool.idle == 1
        client.send(get(b"/fixed"))
        assert client.take().endswith(b"fixed")
        walk.assert_at_rest()


def test_continue_is_said_when_there_is_somebody_to_send_the_body_to_and_is_counted() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(post(3, fields=b"Expect: 100-continue\r\n"))
        assert client.received == b""
        endpoint = walk.accept()
        assert client.take() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"abc")
        endpoint.deliver(ok())
        walk.settle()
        assert walk.records[0].bytes_out == len(b"HTTP/1.1 100 Continue\r\n\r\n") + len(client.take())
        assert b"Expect" not in endpoint.taken
        walk.assert_at_rest()


def test_the_body_waits_with_the_client_until_there_is_a_connection() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(post(10, b"12345"))
        assert not client.transport.is_reading_on
        client.transport.deliver(b"67890")
        endpoint = walk.accept()
        assert endpoint.taken.endswith(b"\r\n\r\n1234567890")
        endpoint.deliver(ok())
        walk.settle()
        walk.assert_at_rest()


def test_a_client_that_leaves_while_it_waits_for_a_connection_leaves_its_place_in_the_queue() -> None:
    with Walk(connections=ConnectionLimits(max=1)) as walk:
        first, second = walk.connect(), walk.connect()
        first.send(get())
        endpoint = walk.accept()
        second.send(get())
        assert walk.endpoint.pool.pending == 1
        second.transport.reset()
        assert walk.endpoint.pool.pending == 0
        endpoint.deliver(ok())
        walk.settle()
        assert [exchange.reason for exchange in walk.records] == [Reason.CLIENT_DISCONNECT, Reason.NONE]
        walk.assert_at_rest()


def test_a_request_that_cannot_be_encoded_fails_alone_and_with_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get())
        with monkeypatch.context() as patch:
            patch.setattr("gateway.proxy.attempting.encode_request", lambda *_: 1 / 0)
            walk.accept()
        assert client.received.startswith(b"HTTP/1.1 500 ")
        assert [type(error["exception"]) for error in walk.loop.errors] == [ZeroDivisionError]
        walk.loop.errors.clear()
        walk.assert_at_rest()


def test_a_connection_is_waited_for_as_long_as_for_the_first_byte() -> None:
    with Walk(connections=ConnectionLimits(max=1)) as walk:
        first, second = walk.connect(), walk.connect()
        first.send(get())
        walk.accept()
        second.send(get())
        walk.pass_time(FIRST_BYTE_NS)
        reasons = {exchange.reason for exchange in walk.records}
        assert reasons == {Reason.UPSTREAM_TIMEOUT_FIRST_BYTE, Reason.POOL_EXHAUSTED}
        walk.assert_at_rest()


def test_who_waits_for_a_connection_that_is_being_opened_is_told_of_that() -> None:
    with Walk(timeouts=RouteTimeouts(first_byte_ns=SECOND_NS // 2)) as walk:
        client = walk.connect()
        client.send(get())
        walk.pass_time(SECOND_NS // 2)
        assert [exchange.reason for exchange in walk.records] == [Reason.CONNECT_TIMEOUT]
        assert client.received.startswith(b"HTTP/1.1 504 ")
        walk.assert_at_rest()
