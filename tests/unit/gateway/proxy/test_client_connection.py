"""A client's connection is closed well: what is buffered goes out as slowly as may be, and nothing stays for ever."""

import socket

from gateway.model.clock import SECOND_NS
from gateway.model.listener import ListenerTimeouts
from tests.support.walk import SWITCHING, UPGRADE, Client, Walk, get, ok

TWO_SECONDS_NS = 2 * SECOND_NS
WRITE_STALL_NS = ListenerTimeouts().write_stall_ns
LONG = bytes(50_000)
"""Not so much that writing would be paused."""


def behind_on_its_last_answer(walk: Walk) -> Client:
    """A client that has been answered, is to be left, and has not read the answer."""
    client = walk.connect()
    client.transport.is_peer_reading = False
    client.send(get(version=b"1.0"))
    walk.accept().deliver(ok(LONG))
    walk.settle()
    assert client.transport.has_ended
    return client


def test_a_client_that_reads_its_last_answer_slowly_gets_all_of_it() -> None:
    with Walk() as walk:
        client = behind_on_its_last_answer(walk)
        for _ in range(10):
            walk.pass_time(20 * SECOND_NS)
            client.transport.take(1_000)
        client.transport.take()
        walk.pass_time(WRITE_STALL_NS)
        assert client.received.endswith(LONG)
        assert client.transport.is_lost
        assert not client.transport.was_aborted


def test_a_client_that_reads_none_of_its_last_answer_is_cut_off() -> None:
    with Walk() as walk:
        client = behind_on_its_last_answer(walk)
        walk.pass_time(TWO_SECONDS_NS)
        assert not client.transport.is_lost
        walk.pass_time(WRITE_STALL_NS)
        assert client.transport.was_aborted
        walk.assert_at_rest()


def test_a_client_that_keeps_its_side_open_after_the_last_answer_is_left_after_two_seconds() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get(b"/fixed", fields=b"Connection: close\r\n"))
        walk.pass_time(TWO_SECONDS_NS)
        assert client.transport.is_lost
        assert not client.transport.was_aborted


def test_a_client_that_caught_up_with_the_last_answer_is_not_waited_for_any_longer_than_others() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get(fields=UPGRADE))
        endpoint = walk.accept()
        endpoint.deliver(SWITCHING)
        client.transport.is_peer_reading = False
        endpoint.deliver(bytes(100_000))
        endpoint.reset()
        assert client.connection.is_write_paused
        client.transport.take()
        walk.pass_time(TWO_SECONDS_NS)
        assert client.transport.is_lost
        walk.assert_at_rest()


def test_an_idle_client_with_bytes_left_to_read_does_not_keep_its_connection_for_ever() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.transport.is_peer_reading = False
        client.send(get())
        walk.accept().deliver(ok(LONG))
        walk.pass_time(ListenerTimeouts().idle_ns)
        assert client.transport.is_closing()
        assert not client.transport.is_lost
        walk.pass_time(WRITE_STALL_NS)
        walk.pass_time(WRITE_STALL_NS)
        assert client.transport.is_lost


def test_a_client_that_sends_without_end_after_the_last_answer_is_left() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get(b"/fixed", fields=b"Connection: close\r\n"))
        for _ in range(17):
            client.transport.deliver(bytes(64 * 1024))
        walk.settle()
        assert client.transport.is_lost


def test_bytes_sent_ahead_reach_the_tunnel_but_no_more_than_the_endpoint_takes() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get(fields=UPGRADE))
        endpoint = walk.accept()
        client.transport.deliver(bytes(100_000))
        endpoint.taken = b""
        endpoint.is_peer_reading = False
        endpoint.deliver(SWITCHING)
        walk.settle()
        assert not client.transport.is_reading_on
        endpoint.take()
        walk.settle()
        assert endpoint.taken == bytes(100_000)
        assert client.transport.is_reading_on


def test_a_request_that_came_as_the_silence_ended_is_not_closed_upon() -> None:
    ours, clients = socket.socketpair()
    with Walk() as walk, ours, clients:
        client = walk.connect()
        client.transport._extra["socket"] = ours  # type: ignore[attr-defined]
        request = get(b"/fixed")
        clients.sendall(request)
        walk.pass_time(ListenerTimeouts().idle_ns)
        assert not client.transport.is_closing()
        client.send(ours.recv(len(request)))
        assert client.received.startswith(b"HTTP/1.1 200 ")
        walk.pass_time(ListenerTimeouts().idle_ns)
        assert client.transport.is_lost
