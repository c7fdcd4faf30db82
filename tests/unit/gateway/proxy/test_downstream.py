"""A client's connection as a reader of requests: one at a time, each answered once, whatever comes when."""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.clock import SECOND_NS
from gateway.model.listener import ListenerLimits, ListenerTimeouts
from gateway.model.outcome import Reason
from gateway.proxy.reply import encode_reply
from tests.support.cutting import CUTS, bytewise, cut
from tests.support.walk import HOST, PUBLIC, Client, Walk, get, ok, post

HEADER_NS = ListenerTimeouts().header_ns
BODY_IDLE_NS = ListenerTimeouts().body_idle_ns
IDLE_NS = ListenerTimeouts().idle_ns
FIXED = get(b"/fixed")


def limited(**limits: int) -> Walk:
    return Walk(listener=dataclasses.replace(PUBLIC, limits=ListenerLimits(**limits)))


def statuses(client: Client) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", client.received)]


def reasons(walk: Walk) -> list[Reason]:
    return [exchange.reason for exchange in walk.records]


def test_requests_sent_ahead_are_served_one_after_the_other() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get(b"/a") + get(b"/b") + FIXED)
        endpoint = walk.accept()
        assert endpoint.taken.count(b"GET ") == 1
        assert not client.received
        endpoint.deliver(ok(b"<a>"))
        walk.settle()
        assert endpoint.taken.count(b"GET ") == 2
        endpoint.deliver(ok(b"<b>"))
        walk.settle()
        places = [client.received.find(body) for body in (b"<a>", b"<b>", b"fixed")]
        assert 0 < places[0] < places[1] < places[2]
        assert len(walk.records) == 3
        walk.assert_at_rest()


def test_a_client_that_sends_ahead_is_not_read_from() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get())
        assert client.transport.is_reading_on
        client.send(get())
        assert not client.transport.is_reading_on


def test_a_client_that_does_not_read_is_not_answered_further() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.transport.set_write_buffer_limits(high=1_000)
        client.transport.is_peer_reading = False
        client.send(FIXED * 100)
        assert len(walk.records) < 20
        for _ in range(100):
            client.transport.take()
            client.transport.is_peer_reading = False
            walk.settle()
        assert len(walk.records) == 100
        client.transport.take()
        client.send(FIXED)
        assert statuses(client) == [200] * 101


def test_a_thousand_requests_in_one_read_are_no_thousand_frames_deep() -> None:
    with Walk() as walk:
        walk.connect().transport.deliver(FIXED * 2_000)
        walk.loop.settle(turns=3_000)
        assert len(walk.records) == 2_000


@pytest.mark.parametrize("part", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: a"])
def test_a_client_that_closes_before_its_request_is_whole_leaves_no_record(part: bytes) -> None:
    with Walk() as walk:
        client = walk.connect()
        if part:
            client.send(part)
        client.transport.deliver_eof()
        walk.settle()
        assert client.transport.is_lost
        assert (client.received, walk.records) == (b"", [])


def test_a_client_that_closes_within_its_body_ends_the_exchange() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(post(10, b"123"))
        endpoint = walk.accept()
        client.transport.deliver_eof()
        assert [(exchange.status, exchange.reason) for exchange in walk.records] == [(499, Reason.CLIENT_DISCONNECT)]
        assert endpoint.was_aborted
        walk.assert_at_rest()


@pytest.mark.parametrize("ahead", [1, 2])
def test_a_client_that_closed_within_a_body_sent_ahead_ends_that_exchange_when_its_turn_comes(ahead: int) -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get() * ahead + post(10, b"123"))
        client.transport.deliver_eof()
        endpoint = walk.accept()
        for _ in range(ahead):
            endpoint.deliver(ok())
            walk.settle()
        # The end is behind what was read ahead; it is met as soon as there is room to read on.
        walk.settle()
        assert reasons(walk) == [Reason.NONE] * ahead + [Reason.CLIENT_DISCONNECT]
        walk.assert_at_rest()


def test_a_client_that_closes_its_side_gets_every_answer_and_then_the_end() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(get() + get(b"/b"))
        client.transport.deliver_eof()
        endpoint = walk.accept()
        for _ in range(2):
            endpoint.deliver(ok())
            walk.settle()
        assert statuses(client) == [200, 200]
        assert client.transport.is_lost
        walk.assert_at_rest()


def test_a_head_has_its_time_however_its_bytes_trickle() -> None:
    with Walk() as walk:
        client = walk.connect()
        for byte in bytewise(b"GET / HTTP"):
            client.send(byte)
            walk.pass_time(HEADER_NS // 10 - SECOND_NS // 10)
        walk.pass_time(SECOND_NS)
        assert statuses(client) == [408]
        assert b"Connection: close" in client.received
        assert reasons(walk) == [Reason.CLIENT_TIMEOUT]
        walk.assert_at_rest()


def test_a_silent_client_is_left_without_a_word() -> None:
    for before in (b"", FIXED):
        with Walk() as walk:
            client = walk.connect()
            if before:
                client.send(before)
                client.take()
            walk.pass_time(IDLE_NS - SECOND_NS)
            assert not client.transport.is_closing()
            walk.pass_time(SECOND_NS)
            assert client.transport.is_lost
            assert client.received == b""


def test_a_body_may_trickle_but_not_stop() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(post(10))
        endpoint = walk.accept()
        for _ in range(5):
            walk.pass_time(BODY_IDLE_NS - SECOND_NS)
            client.send(b"x")
        walk.pass_time(BODY_IDLE_NS)
        assert statuses(client) == [408]
        assert reasons(walk) == [Reason.CLIENT_TIMEOUT]
        assert endpoint.was_aborted
        walk.assert_at_rest()


def test_a_body_has_to_come_at_the_least_rate_after_a_grace() -> None:
    with limited(min_body_rate=100) as walk:
        client = walk.connect()
        client.send(post(10_000))
        endpoint = walk.accept()
        for _ in range(4):
            walk.pass_time(SECOND_NS)
            client.send(bytes(10))
        client.send(bytes(200))
        walk.pass_time(2 * SECOND_NS)
        assert statuses(client) == []
        walk.pass_time(SECOND_NS)
        assert statuses(client) == [408]
        assert reasons(walk) == [Reason.CLIENT_TIMEOUT]
        assert endpoint.was_aborted


def test_a_body_that_waits_for_the_endpoint_is_not_too_slow() -> None:
    with limited(min_body_rate=100_000) as walk:
        client = walk.connect()
        client.send(post(300_000, b"x"))
        endpoint = walk.accept()
        endpoint.is_peer_reading = False
        client.send(bytes(100_000))
        walk.pass_time(20 * SECOND_NS)
        endpoint.take()
        walk.pass_time(4 * SECOND_NS)
        assert walk.records == []
        walk.pass_time(3 * SECOND_NS)
        assert reasons(walk) == [Reason.CLIENT_TIMEOUT]


def test_a_client_is_not_blamed_for_an_endpoint_that_lags_behind() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(post(200_000, b"x"))
        endpoint = walk.accept()
        endpoint.is_peer_reading = False
        client.send(bytes(100_000))
        walk.pass_time(BODY_IDLE_NS + SECOND_NS)
        assert walk.records == []
        endpoint.take()
        walk.pass_time(BODY_IDLE_NS)
        assert reasons(walk) == [Reason.CLIENT_TIMEOUT]


def test_the_last_request_of_a_connection_is_told_so() -> None:
    with limited(requests_per_connection=2) as walk:
        client = walk.connect()
        client.send(FIXED)
        assert b"Connection: close" not in client.take()
        client.send(FIXED + FIXED)
        assert b"Connection: close" in client.received
        assert client.transport.has_ended
        assert len(walk.records) == 2


@pytest.mark.parametrize("delivery", ["whole", "byte by byte"])
@pytest.mark.parametrize("coding", ["length", "chunked"])
def test_a_body_may_be_as_large_as_the_limit_and_no_larger(delivery: str, coding: str) -> None:
    for size, status in ((10, 200), (11, 413)):
        with limited(body=10) as walk:
            client = walk.connect()
            request = post(size, bytes(size))
            if coding == "chunked":
                chunks = b"".join(b"1\r\nx\r\n" for _ in range(size))
                request = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
            for piece in [request] if delivery == "whole" else bytewise(request):
                client.send(piece)
                for dial in walk.loop.dials:
                    dial.accept()
            walk.settle()
            if status == 200:
                walk.loop.dials[0].transport.deliver(ok())
                walk.settle()
            assert statuses(client) == [status]
            walk.assert_at_rest()


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, Reason.BAD_REQUEST),
        (b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", 501, Reason.NOT_IMPLEMENTED),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, Reason.URI_TOO_LONG),
        (get(fields=b"A: b\r\n" * 100), 431, Reason.HEADER_TOO_LARGE),
        (get(fields=b"Expect: tea\r\n"), 417, Reason.EXPECTATION_FAILED),
        (get(b"/%2e%2e/x"), 400, Reason.BAD_REQUEST),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, Reason.BAD_REQUEST),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_refused_request_gets_one_answer_and_nothing_behind_it_is_served(
    request_: bytes, status: int, reason: Reason
) -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(request_ + FIXED)
        client.send(FIXED)
        assert statuses(client) == [status]
        assert b"Connection: close\r\n" in client.received
        assert client.transport.has_ended
        assert [(exchange.status, exchange.reason) for exchange in walk.records] == [(status, reason)]
        client.transport.deliver_eof()
        walk.settle()
        assert client.transport.is_lost
        walk.assert_at_rest()


def test_a_body_that_breaks_while_it_is_forwarded_ends_both_sides() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        endpoint = walk.accept()
        client.send(b"zz\r\n")
        assert statuses(client) == [400]
        assert endpoint.was_aborted
        assert not endpoint.taken.endswith(b"0\r\n\r\n")
        walk.assert_at_rest()


def test_a_body_that_breaks_behind_the_beginning_of_an_answer_cuts_it() -> None:
    with Walk() as walk:
        client = walk.connect()
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        endpoint = walk.accept()
        endpoint.deliver(ok(b"123", length=10))
        client.send(b"zz\r\n")
        assert statuses(client) == [200]
        assert client.transport.is_closing()
        assert endpoint.was_aborted
        assert reasons(walk) == [Reason.BAD_REQUEST]
        walk.assert_at_rest()


def test_a_fault_of_ours_is_reported_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    with Walk() as walk:
        client = walk.connect()
        with monkeypatch.context() as patch:
            patch.setattr("gateway.proxy.lifecycle.match_request", lambda *_: 1 / 0)
            client.send(get())
        assert statuses(client) == [500]
        assert reasons(walk) == [Reason.INTERNAL_ERROR]
        assert [type(error["exception"]) for error in walk.loop.errors] == [ZeroDivisionError]
        client.send(FIXED)
        assert statuses(client) == [500, 200]


def test_an_answer_that_cannot_be_written_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with Walk() as walk:
        client = walk.connect()
        calls = 0

        def fail_once(*args: Any, **options: Any) -> bytes:
            nonlocal calls
            calls += 1
            assert calls > 1
            return encode_reply(*args, **options)

        monkeypatch.setattr("gateway.proxy.ending.encode_reply", fail_once)
        client.send(FIXED)
        assert statuses(client) == [500]
        assert len(walk.records) == 1
        walk.loop.errors.clear()
        walk.assert_at_rest()


def test_beyond_the_limit_connections_are_turned_away() -> None:
    with limited(connections=2) as walk:
        clients = [walk.connect() for _ in range(3)]
        walk.settle()
        assert [client.transport.was_aborted for client in clients] == [False, False, True]
        clients[0].transport.reset()
        assert not walk.connect().transport.was_aborted
        report = walk.recorder.take_report([], 0, last=True)
        (listener,) = report.listeners
        assert (listener.accepted, listener.rejected) == (3, {"limit": 1})


PLAIN = st.sampled_from(
    [FIXED, get(b"/fixed", b"Accept: text/plain\r\n"), b"\r\n" + FIXED, post(3, b"abc"), get(b"/x")]
)


@settings(max_examples=80, deadline=None)
@given(requests=st.lists(PLAIN, min_size=1, max_size=5), cuts=CUTS)
def test_answers_are_the_same_however_requests_are_cut(requests: list[bytes], cuts: list[int]) -> None:
    data = b"".join(requests)
    assert converse(cut(data, cuts)) == converse([data])


def converse(pieces: Iterable[bytes]) -> list[tuple[int, str, int]]:
    """The facts of the records, with an endpoint that answers everything."""
    with Walk() as walk:
        client = walk.connect()
        for piece in pieces:
            client.send(piece)
            answer_all(walk)
        walk.assert_at_rest()
        return [(exchange.status, exchange.path, exchange.bytes_in) for exchange in walk.records]


def answer_all(walk: Walk) -> None:
    for _ in range(6):
        for dial in walk.loop.dials:
            dial.accept()
            walk.settle()
            asked = dial.transport.taken
            is_whole = (asked.endswith(b"\r\n\r\n") and b"POST" not in asked) or asked.endswith(b"\r\n\r\nabc")
            if is_whole and not dial.transport.is_lost:
                dial.transport.taken = b""
                dial.transport.deliver(ok())
                walk.settle()
