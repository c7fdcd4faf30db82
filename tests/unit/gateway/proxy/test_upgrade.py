"""A tunnel: bytes both ways at the pace of the slower side, each side closed when it has said its last."""

from gateway.model.clock import SECOND_NS
from gateway.model.listener import ListenerTimeouts
from gateway.model.outcome import Reason, Source
from gateway.model.route import RouteTimeouts
from tests.support.scripted import ScriptedTransport
from tests.support.walk import SWITCHING, UPGRADE, Client, Walk, get, ok

IDLE_NS = RouteTimeouts().upstream_idle_ns
WRITE_STALL_NS = ListenerTimeouts().write_stall_ns
MUCH = bytes(100_000)


def tunnel(walk: Walk) -> tuple[Client, ScriptedTransport]:
    client = walk.connect()
    client.send(get(b"/chat", UPGRADE))
    endpoint = walk.accept()
    endpoint.deliver(SWITCHING)
    walk.settle()
    assert client.take() == SWITCHING[:-2].replace(UPGRADE, b"") + date_of(walk) + UPGRADE + b"\r\n"
    endpoint.taken = b""
    return client, endpoint


def date_of(walk: Walk) -> bytes:
    return b"Date: " + walk.engine._context.date() + b"\r\n"


def test_bytes_go_both_ways_as_they_are_and_are_counted() -> None:
    with Walk() as walk:
        client, endpoint = tunnel(walk)
        bytes_before = walk.recorder.started[0].bytes_in
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        endpoint.deliver(ok())
        assert endpoint.taken == b"GET / HTTP/1.1\r\n\r\n"
        assert client.received == ok()
        client.transport.reset()
        walk.settle()
        (exchange,) = walk.records
        assert (exchange.status, exchange.upgraded, exchange.reason) == (101, True, Reason.NONE)
        assert exchange.source is Source.UPSTREAM
        assert exchange.bytes_in - bytes_before == len(b"GET / HTTP/1.1\r\n\r\n")
        walk.assert_at_rest()


def test_what_follows_the_switch_at_once_belongs_to_the_tunnel() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get(fields=UPGRADE) + b"early")
        endpoint = walk.accept()
        assert b"early" not in endpoint.taken
        endpoint.deliver(SWITCHING + b"first")
        walk.settle()
        assert endpoint.taken.endswith(b"\r\n\r\nearly")
        assert client.received.endswith(b"\r\n\r\nfirst")


def test_a_side_that_has_said_its_last_still_hears_the_other() -> None:
    with Walk() as walk:
        client, endpoint = tunnel(walk)
        client.transport.deliver_eof()
        assert endpoint.has_ended
        endpoint.deliver(b"answer")
        endpoint.deliver_eof()
        walk.settle()
        assert client.received == b"answer"
        assert client.transport.is_lost
        assert endpoint.is_lost
        walk.assert_at_rest()


def test_an_endpoint_that_has_said_its_last_still_hears_the_client() -> None:
    with Walk() as walk:
        client, endpoint = tunnel(walk)
        endpoint.deliver_eof()
        assert client.transport.has_ended
        client.send(b"more")
        client.transport.deliver_eof()
        walk.settle()
        assert endpoint.taken == b"more"
        assert endpoint.is_lost
        walk.assert_at_rest()


def test_a_client_that_closed_its_side_before_the_switch_is_closed_in_the_tunnel() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get(fields=UPGRADE))
        client.transport.deliver_eof()
        endpoint = walk.accept()
        endpoint.deliver(SWITCHING)
        walk.settle()
        assert endpoint.has_ended


def test_the_abort_of_either_side_ends_the_other() -> None:
    for who in ("client", "endpoint"):
        with Walk() as walk:
            client, endpoint = tunnel(walk)
            (client.transport if who == "client" else endpoint).reset()
            walk.settle()
            assert endpoint.is_lost
            assert client.transport.is_lost or client.transport.has_ended
            assert len(walk.records) == 1
            walk.assert_at_rest()


def test_a_client_that_lags_behind_holds_up_the_endpoint() -> None:
    with Walk() as walk:
        client, endpoint = tunnel(walk)
        client.transport.is_peer_reading = False
        endpoint.deliver(MUCH)
        assert not endpoint.is_reading_on
        client.transport.take()
        assert endpoint.is_reading_on
        endpoint.deliver(b"!")
        assert client.received == MUCH + b"!"


def test_an_endpoint_that_lags_behind_holds_up_the_client() -> None:
    with Walk() as walk:
        client, endpoint = tunnel(walk)
        endpoint.is_peer_reading = False
        client.send(MUCH)
        assert not client.transport.is_reading_on
        endpoint.take()
        assert client.transport.is_reading_on


def test_a_tunnel_in_which_nothing_moves_is_closed() -> None:
    with Walk() as walk:
        client, endpoint = tunnel(walk)
        for _ in range(3):
            walk.pass_time(IDLE_NS - SECOND_NS)
            client.send(b"ping")
            walk.pass_time(IDLE_NS - SECOND_NS)
            endpoint.deliver(b"pong")
        walk.pass_time(IDLE_NS)
        assert [exchange.reason for exchange in walk.records] == [Reason.UPSTREAM_IDLE_TIMEOUT]
        assert endpoint.is_lost
        walk.assert_at_rest()


def test_a_client_that_reads_slowly_is_not_taken_for_silence() -> None:
    with Walk() as walk:
        client, endpoint = tunnel(walk)
        client.transport.is_peer_reading = False
        endpoint.deliver(MUCH)
        client.send(b"still here")
        for _ in range(5):
            client.transport.take(1_000)
            walk.pass_time(WRITE_STALL_NS - SECOND_NS)
        assert walk.records == []


def test_a_client_that_reads_nothing_more_is_left() -> None:
    with Walk() as walk:
        client, endpoint = tunnel(walk)
        client.transport.is_peer_reading = False
        endpoint.deliver(MUCH)
        walk.pass_time(WRITE_STALL_NS)
        assert [exchange.reason for exchange in walk.records] == [Reason.CLIENT_TIMEOUT]
        walk.pass_time(WRITE_STALL_NS)
        walk.pass_time(WRITE_STALL_NS)
        assert client.transport.is_lost
        walk.assert_at_rest()


def test_the_routes_limit_for_an_answer_does_not_end_a_tunnel() -> None:
    with Walk(timeouts=RouteTimeouts(request_ns=5 * SECOND_NS)) as walk:
        client, _ = tunnel(walk)
        walk.pass_time(10 * SECOND_NS)
        assert walk.records == []
        client.send(b"still here")


def test_an_answer_that_is_no_switch_ends_the_connection_with_it() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get(fields=UPGRADE) + b"GET /smuggled HTTP/1.1\r\n\r\n")
        endpoint = walk.accept()
        endpoint.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert b"Connection: close\r\n" in client.received
        assert b"smuggled" not in endpoint.taken
        assert len(walk.records) == 1
        walk.assert_at_rest()


def test_a_tunnel_is_not_used_for_anything_else_when_it_is_over() -> None:
    with Walk() as walk:
        client, endpoint = tunnel(walk)
        client.transport.reset()
        walk.settle()
        assert walk.recorder.closed == ["tunnel_ended"]
        assert walk.endpoint.pool.idle == 0
        assert endpoint.is_lost
