"""The answer on its way to the client: a client that lags behind must not be felt by whoever uses the endpoint next."""

from gateway.model.clock import SECOND_NS
from gateway.model.outcome import Reason
from tests.support.walk import HOST, SWITCHING, UPGRADE, Walk, get, ok

LONG = bytes(100_000)


def test_a_connection_goes_back_to_its_pool_in_reading_order_though_the_client_is_behind() -> None:
    with Walk() as walk:
        slow, quick = walk.connect(), walk.connect()
        slow.transport.is_peer_reading = False
        slow.send(get())
        endpoint = walk.accept()
        endpoint.deliver(ok(LONG))
        walk.settle()
        assert slow.connection.is_write_paused
        quick.send(get())
        endpoint.deliver(ok())
        walk.settle()
        assert quick.received.endswith(b"ok")
        assert len(walk.loop.dials) == 1
        slow.transport.take()
        walk.settle()
        walk.assert_at_rest()


def test_an_endpoint_is_heard_again_once_the_client_has_caught_up() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.transport.is_peer_reading = False
        client.send(get())
        endpoint = walk.accept()
        endpoint.deliver(ok(LONG, length=200_000))
        assert not endpoint.is_reading_on
        client.transport.take()
        assert endpoint.is_reading_on
        endpoint.deliver(LONG)
        walk.settle()
        assert client.received.endswith(bytes(200_000))
        walk.assert_at_rest()


def test_the_time_in_which_only_the_clients_reading_is_awaited_is_recorded() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.transport.is_peer_reading = False
        client.send(get())
        walk.accept().deliver(ok(LONG))
        walk.settle()
        assert walk.records == []
        walk.clock.now_ns += 3 * SECOND_NS
        client.transport.take()
        assert walk.records[0].write_stall_ns == 3 * SECOND_NS


def test_a_client_that_takes_nothing_of_a_whole_answer_is_recorded_as_timed_out() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.transport.is_peer_reading = False
        client.send(get())
        walk.accept().deliver(ok(LONG))
        walk.pass_time(31 * SECOND_NS)
        walk.pass_time(31 * SECOND_NS)
        assert [(exchange.status, exchange.reason) for exchange in walk.records] == [(200, Reason.CLIENT_TIMEOUT)]
        assert client.transport.was_aborted
        walk.assert_at_rest()


def test_interim_answers_reach_a_client_of_http_1_1_alone() -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    for version, is_told in ((b"1.1", True), (b"1.0", False)):
        with Walk() as walk:
            client = walk.connect()
            client.send(get(version=version))
            walk.accept().deliver(b"HTTP/1.1 100 Continue\r\n\r\n" + hint + ok())
            walk.settle()
            assert (b" 103 " in client.received) is is_told
            assert b" 100 " not in client.received
            assert client.received.endswith(b"ok")


def test_a_switch_of_protocols_before_the_request_is_whole_is_refused() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(b"POST / HTTP/1.1\r\n" + HOST + UPGRADE + b"Content-Length: 5\r\n\r\n12")
        endpoint = walk.accept()
        endpoint.deliver(SWITCHING)
        walk.settle()
        assert client.received.startswith(b"HTTP/1.1 502 ")
        assert endpoint.was_aborted
        assert [exchange.reason for exchange in walk.records] == [Reason.UPSTREAM_PROTOCOL_ERROR]
        walk.assert_at_rest()


def test_a_failure_in_the_record_does_not_leave_the_client_waiting() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get())
        endpoint = walk.accept()
        finished = type(walk.recorder).exchange_finished
        try:
            type(walk.recorder).exchange_finished = lambda *_: 1 / 0  # type: ignore[assignment, method-assign]
            endpoint.deliver(ok())
        finally:
            type(walk.recorder).exchange_finished = finished  # type: ignore[method-assign]
        walk.settle()
        assert [type(error["exception"]) for error in walk.loop.errors] == [ZeroDivisionError]
        assert client.take().endswith(b"ok")
        client.send(get(b"/fixed"))
        assert client.received.endswith(b"fixed")
