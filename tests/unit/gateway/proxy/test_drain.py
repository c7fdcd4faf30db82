"""Leaving: connections are served through the delay, told goodbye, closed when silent, and cut only at the deadline."""

import asyncio

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.outcome import Reason
from tests.support.walk import HOST, SWITCHING, UPGRADE, Walk, get, ok

HALF_SECOND_NS = SECOND_NS // 2


def start(walk: Walk, delay_ns: int = 0, deadline_ns: int = 30 * SECOND_NS) -> asyncio.Task[int]:
    task = walk.loop.create_task(walk.engine.drain(delay_ns, deadline_ns))
    walk.settle()
    return task


def test_with_nobody_connected_it_is_over_at_once() -> None:
    with Walk() as walk:
        task = start(walk)
        walk.settle()
        assert task.done()
        assert task.result() == 0


def test_a_silent_connection_is_closed_after_a_second() -> None:
    with Walk() as walk:
        client = walk.connect()
        task = start(walk)
        walk.pass_time(HALF_SECOND_NS)
        assert not client.transport.is_lost
        walk.pass_time(HALF_SECOND_NS)
        assert client.transport.is_lost
        assert client.received == b""
        walk.pass_time(100 * MILLISECOND_NS)
        assert task.result() == 0


def test_the_delay_is_waited_for_although_nobody_is_connected() -> None:
    with Walk() as walk:
        task = start(walk, delay_ns=5 * SECOND_NS)
        walk.pass_time(4 * SECOND_NS)
        assert not task.done()
        walk.pass_time(SECOND_NS)
        assert task.done()


def test_who_connects_within_the_delay_is_served_and_told_to_go() -> None:
    with Walk() as walk:
        assert not start(walk, delay_ns=5 * SECOND_NS).done()
        walk.pass_time(SECOND_NS)
        client = walk.connect()
        client.send(get())
        walk.accept().deliver(ok())
        walk.settle()
        assert b"Connection: close\r\n" in client.received
        assert client.received.endswith(b"ok")


def test_a_request_that_was_begun_before_may_be_finished() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(b"GET /fixed HTTP/1.1\r\n")
        assert not start(walk).done()
        walk.pass_time(3 * SECOND_NS)
        client.send(HOST + b"\r\n")
        assert client.received.endswith(b"fixed")
        assert b"Connection: close\r\n" in client.received


def test_an_answer_whose_head_is_out_already_ends_in_order_and_the_connection_after_a_second() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get())
        endpoint = walk.accept()
        endpoint.deliver(ok(b"12345", length=10))
        task = start(walk)
        walk.pass_time(10 * SECOND_NS)
        endpoint.deliver(b"67890")
        walk.settle()
        assert client.received.endswith(b"1234567890")
        assert b"Connection: close" not in client.received
        walk.pass_time(SECOND_NS)
        walk.pass_time(100 * MILLISECOND_NS)
        assert task.result() == 0
        walk.assert_at_rest()


def test_requests_sent_ahead_are_not_begun() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get() + get(b"/fixed"))
        endpoint = walk.accept()
        assert not start(walk).done()
        endpoint.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert len(walk.records) == 1
        walk.assert_at_rest()


def test_what_outlasts_the_deadline_is_cut_counted_and_recorded() -> None:
    with Walk() as walk:
        waiting, idle, tunnel = walk.connect(), walk.connect(), walk.connect()
        waiting.send(get())
        walk.accept()
        tunnel.send(get(fields=UPGRADE))
        walk.accept().deliver(SWITCHING)
        idle.send(b"GET /")
        task = start(walk, deadline_ns=2 * SECOND_NS)
        walk.pass_time(2 * SECOND_NS)
        assert task.result() == 2
        assert [exchange.reason for exchange in walk.records] == [Reason.SHUTTING_DOWN] * 2
        assert waiting.received.startswith(b"HTTP/1.1 503 ")
        assert idle.received == b""
        assert all(client.transport.was_aborted for client in (waiting, idle, tunnel))
        walk.assert_at_rest()


def test_exchanges_that_wait_for_a_connection_are_cut_as_well() -> None:
    with Walk() as walk:
        walk.connect().send(get())
        task = start(walk, deadline_ns=SECOND_NS // 10)
        walk.pass_time(SECOND_NS // 10)
        assert task.result() == 1
        assert walk.endpoint.pool.pending == 0
        walk.assert_at_rest()
