"""Two attempts at once: when the second goes out, which of them wins, and what becomes of the other."""

from dataclasses import replace

import pytest

from gateway.http1.refusal import RequestRefused
from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.outcome import Reason
from gateway.model.retry import Backoff, Retries, RetryOn, Suppression
from gateway.model.route import Criticality, Match, PathKind, RouteTimeouts
from gateway.model.upstream import ConnectionLimits
from tests.support.scripted import ScriptedTransport
from tests.support.walk import HOST, PUBLIC, TIMEOUTS, UPGRADE, Client, Walk, get, ok, post, snapshot

AFTER_NS = 50 * MILLISECOND_NS
RETRIES = Retries(
    on=(RetryOn.CONNECT_ERROR, RetryOn.RESET, RetryOn.TIMEOUT, 503),
    backoff=Backoff(10 * MILLISECOND_NS, 10 * MILLISECOND_NS),
    hedge_after_ns=AFTER_NS,
)
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"


def wait(walk: Walk, span_ns: int = AFTER_NS) -> None:
    walk.clock.now_ns += span_ns
    walk.settle()


def hedged(walk: Walk, request: bytes = get()) -> tuple[Client, ScriptedTransport, ScriptedTransport]:
    """A request that two endpoints have."""
    client = walk.connect()
    client.send(request)
    first = walk.accept(0)
    wait(walk)
    return client, first, walk.accept(1)


def told(walk: Walk) -> list[tuple[str, str]]:
    return [(attempt.endpoint, attempt.reason.value) for attempt in walk.records[0].attempts]


def test_whoever_answers_first_has_answered() -> None:
    for is_second in (False, True):
        with Walk(retries=RETRIES, endpoints=2) as walk:
            client, *both = hedged(walk)
            assert both[0].taken.split(b"\r\n")[:2] == both[1].taken.split(b"\r\n")[:2]
            winner, loser = both[is_second], both[not is_second]
            winner.deliver(ok(b"won"))
            walk.settle()
            assert client.received.endswith(b"won")
            assert loser.was_aborted
            loser.deliver(ok(b"lost"))
            walk.settle()
            assert b"lost" not in client.received
            addresses = [dial.address for dial in walk.loop.dials]
            assert told(walk) == [(addresses[not is_second], "superseded"), (addresses[is_second], "none")]
            assert (walk.records[0].status, walk.records[0].reason) == (200, Reason.NONE)
            assert [endpoint.pool.open for endpoint in walk.endpoints].count(1) == 1
            walk.assert_at_rest()


def test_an_answer_in_time_needs_no_second_attempt() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        endpoint = walk.accept()
        wait(walk, AFTER_NS - MILLISECOND_NS)
        endpoint.deliver(ok(b"o", length=2))
        wait(walk)
        endpoint.deliver(b"k")
        walk.settle()
        wait(walk)
        assert client.received.endswith(b"ok")
        assert len(walk.loop.dials) == 1
        walk.assert_at_rest()


def test_an_answer_that_comes_in_pieces_goes_on_behind_its_first() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client, _, second = hedged(walk)
        second.deliver(ok(b"o", length=2))
        second.deliver(b"k")
        walk.settle()
        assert client.received.endswith(b"ok")
        client.send(get(b"/fixed"))
        assert client.received.endswith(b"fixed")
        walk.assert_at_rest()


@pytest.mark.parametrize(
    "request_raw",
    [
        post(0),
        post(2, b"ab"),
        b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\nab",
        b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
        b"DELETE / HTTP/1.1\r\n" + HOST + b"\r\n",
        get(fields=UPGRADE),
    ],
)
def test_nothing_but_a_read_without_a_body_is_sent_twice(request_raw: bytes) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        walk.connect().send(request_raw)
        walk.accept()
        wait(walk)
        assert len(walk.loop.dials) == 1


def test_a_head_is_sent_twice_and_answered_once() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client, _, second = hedged(walk, b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n")
        second.deliver(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
        walk.settle()
        client.send(get(b"/fixed"))
        assert client.received.endswith(b"fixed")
        walk.assert_at_rest()


def test_with_one_endpoint_there_is_nobody_to_ask() -> None:
    with Walk(retries=RETRIES) as walk:
        walk.connect().send(get())
        walk.accept()
        wait(walk)
        assert len(walk.loop.dials) == 1


def test_without_budget_there_is_no_second_attempt_and_the_record_says_so() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        for budget in walk.engine._budgets._active.values():
            while budget.take(walk.clock.now_ns):
                pass
        client = walk.connect()
        client.send(get())
        endpoint = walk.accept()
        wait(walk)
        assert len(walk.loop.dials) == 1
        endpoint.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert walk.records[0].suppressed == Suppression.BUDGET.value
        assert "second endpoint" in walk.records[0].detail
        walk.assert_at_rest()
        report = walk.recorder.take_report([], 0, last=True)
        assert report.upstreams == []


@pytest.mark.parametrize("how", ["reset", "busy", "refused"])
def test_a_second_attempt_that_fails_leaves_the_first_alone(how: str) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        first = walk.accept(0)
        wait(walk)
        if how == "refused":
            walk.loop.dials[1].refuse()
        else:
            second = walk.accept(1)
            second.reset() if how == "reset" else second.deliver(BUSY)
        walk.settle()
        assert client.received == b""
        first.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert [reason for _, reason in told(walk)] == [
            {"reset": "upstream_reset", "busy": "upstream_status", "refused": "connect_refused"}[how],
            "none",
        ]
        walk.assert_at_rest()


@pytest.mark.parametrize("how", ["reset", "busy", "late"])
def test_a_first_attempt_that_fails_leaves_it_to_the_second(how: str) -> None:
    with Walk(retries=RETRIES, endpoints=2, timeouts=RouteTimeouts(first_byte_ns=SECOND_NS)) as walk:
        client, first, second = hedged(walk)
        if how == "late":
            wait(walk, SECOND_NS - AFTER_NS)
        else:
            first.reset() if how == "reset" else first.deliver(BUSY)
        walk.settle()
        assert client.received == b""
        assert walk.records == []
        second.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert len(walk.loop.dials) == 2
        assert [reason for _, reason in told(walk)][1] == "none"
        walk.assert_at_rest()


def test_a_second_attempt_that_still_waits_for_a_connection_goes_on_as_any_other() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        first = walk.accept(0)
        wait(walk)
        first.reset()
        walk.settle()
        walk.loop.dials[1].refuse()
        walk.settle()
        wait(walk)
        walk.accept(2).deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert [reason for _, reason in told(walk)] == ["upstream_reset", "connect_refused", "none"]
        walk.assert_at_rest()


def test_a_first_attempt_may_still_wait_for_its_connection() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        wait(walk)
        walk.accept(1).deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert [reason for _, reason in told(walk)] == ["superseded", "none"]
        walk.loop.dials[0].refuse()
        walk.settle()
        walk.assert_at_rest()


def test_the_first_ones_wait_for_a_connection_is_no_limit_for_the_seconds_answer() -> None:
    with Walk(retries=RETRIES, endpoints=2, timeouts=RouteTimeouts(first_byte_ns=SECOND_NS)) as walk:
        client = walk.connect()
        client.send(get())
        wait(walk)
        second = walk.accept(1)
        second.deliver(ok(b"o", length=2))
        walk.pass_time(SECOND_NS)
        second.deliver(b"k")
        walk.settle()
        assert client.received.endswith(b"ok")
        assert (walk.records[0].status, walk.records[0].reason) == (200, Reason.NONE)
        walk.assert_at_rest()


def test_the_routes_limit_holds_after_the_first_one_has_waited_in_vain() -> None:
    timeouts = RouteTimeouts(first_byte_ns=SECOND_NS, request_ns=3 * SECOND_NS)
    with Walk(retries=RETRIES, endpoints=2, timeouts=timeouts) as walk:
        client = walk.connect()
        client.send(get())
        wait(walk)
        second = walk.accept(1)
        wait(walk, SECOND_NS - AFTER_NS)
        second.deliver(ok(b"o", length=2))
        walk.pass_time(2 * SECOND_NS)
        assert client.transport.is_lost
        assert walk.records[0].reason is Reason.UPSTREAM_TIMEOUT_TOTAL
        walk.assert_at_rest()


@pytest.mark.parametrize("interims", [1, 2])
def test_an_interim_answer_and_what_came_with_it_are_of_one_attempt(interims: int) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client, first, second = hedged(walk)
        second.deliver(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * interims + ok())
        walk.settle()
        assert client.received.count(b" 103 ") == interims
        assert client.received.endswith(b"ok")
        assert first.was_aborted
        assert [reason for _, reason in told(walk)] == ["superseded", "none"]
        walk.assert_at_rest()


@pytest.mark.parametrize("is_second", [False, True])
def test_an_interim_answer_decides_as_well(is_second: bool) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client, *both = hedged(walk)
        both[is_second].deliver(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        walk.settle()
        assert b" 103 " in client.received
        assert both[not is_second].was_aborted
        both[is_second].deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        walk.assert_at_rest()


@pytest.mark.parametrize("how", ["leaves", "drain", "time"])
def test_whatever_ends_the_exchange_ends_both(how: str) -> None:
    with Walk(retries=RETRIES, endpoints=2, timeouts=RouteTimeouts(request_ns=SECOND_NS)) as walk:
        client, first, second = hedged(walk)
        if how == "leaves":
            client.transport.reset()
        elif how == "drain":
            client.connection.abandon()
        else:
            walk.pass_time(SECOND_NS)
        walk.settle()
        assert first.was_aborted
        assert second.was_aborted
        assert len({reason for _, reason in told(walk)}) == 1
        walk.assert_at_rest()


def test_a_second_attempt_finds_no_place_in_a_full_pool() -> None:
    limits = ConnectionLimits(max=1, max_pending=0)
    with Walk(retries=RETRIES, endpoints=2, connections=limits) as walk:
        clients = [walk.connect(), walk.connect()]
        for client in clients:
            client.send(get())
        both = [walk.accept(0), walk.accept(1)]
        wait(walk)
        for endpoint in both:
            endpoint.deliver(ok())
        walk.settle()
        assert all(client.received.endswith(b"ok") for client in clients)
        assert [attempt.reason for record in walk.records for attempt in record.attempts] == [
            Reason.POOL_EXHAUSTED,
            Reason.NONE,
        ] * 2
        walk.assert_at_rest()


def test_a_second_attempt_waits_for_its_connection_as_one_of_its_route() -> None:
    limits = ConnectionLimits(max=1, max_pending=1)
    with Walk(endpoints=2, connections=limits) as walk:
        plain = snapshot(PUBLIC, limits, TIMEOUTS, endpoints=2)
        declared = plain.routes[0]
        seldom = Match(path_kind=PathKind.EXACT, path="/seldom")
        sheddable = replace(
            declared, name="seldom", index=2, match=seldom, criticality=Criticality.SHEDDABLE, retries=RETRIES
        )
        walk.activate(replace(plain, routes=(*plain.routes, sheddable)))
        holders, waiting = [walk.connect(), walk.connect()], [walk.connect(), walk.connect()]
        for client in holders:
            client.send(get())
            walk.accept()
        less_critical = walk.connect()
        less_critical.send(get(b"/seldom"))
        wait(walk)
        for client in waiting:
            client.send(get())
        assert less_critical.received.startswith(b"HTTP/1.1 503 ")
        for dial in walk.loop.dials:
            for _ in range(2):
                dial.transport.deliver(ok())
                walk.settle()
        assert all(client.received.endswith(b"ok") for client in holders + waiting)
        walk.assert_at_rest()


def test_a_second_attempt_whose_time_is_up_ends_alone() -> None:
    timeouts = RouteTimeouts(first_byte_ns=SECOND_NS)
    with Walk(retries=RETRIES, endpoints=2, timeouts=timeouts) as walk:
        client = walk.connect()
        client.send(get())
        wait(walk)
        walk.accept(1)
        wait(walk, SECOND_NS // 2)
        first = walk.accept(0)
        walk.pass_time(SECOND_NS // 2)
        assert walk.records == []
        first.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert [reason for _, reason in told(walk)] == ["upstream_timeout_first_byte", "none"]
        walk.assert_at_rest()


def test_a_route_of_one_attempt_has_no_second() -> None:
    with Walk(retries=Retries(attempts=1, hedge_after_ns=AFTER_NS), endpoints=2) as walk:
        walk.connect().send(get())
        walk.accept()
        wait(walk)
        assert len(walk.loop.dials) == 1


def test_a_second_attempt_that_fails_in_us_is_no_matter_of_whoever_freed_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = ConnectionLimits(max=1)
    with Walk(retries=RETRIES, endpoints=2, connections=limits) as walk:
        other, client = walk.connect(), walk.connect()
        other.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n")
        others = walk.accept(0)
        client.send(get())
        first = walk.accept(1)
        wait(walk)
        monkeypatch.setattr("gateway.proxy.hedged.encode_request", lambda *_: 1 / 0)
        others.deliver(ok())
        walk.settle()
        assert other.received.endswith(b"ok")
        assert [type(error["exception"]) for error in walk.loop.errors] == [ZeroDivisionError]
        walk.loop.errors.clear()
        first.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert [record.reason for record in walk.records] == [Reason.NONE, Reason.NONE]
        walk.assert_at_rest()


def test_a_second_attempt_that_cannot_be_written_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise RequestRefused(Reason.BAD_REQUEST, "The path is none.")

    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        first = walk.accept(0)
        wait(walk)
        monkeypatch.setattr("gateway.proxy.hedged.encode_request", refuse)
        walk.accept(1)
        first.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert [reason for _, reason in told(walk)] == ["bad_request", "none"]
        walk.assert_at_rest()
