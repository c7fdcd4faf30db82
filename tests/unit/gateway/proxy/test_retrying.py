"""Further attempts: when there is one, where it goes, what waits for it, and why there is none."""

import pytest

from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS
from gateway.model.outcome import Reason
from gateway.model.retry import Backoff, Retries, RetryMethods, RetryOn, Suppression
from gateway.model.route import RouteTimeouts
from tests.support.scripted import Dial, ScriptedTransport
from tests.support.walk import CONNECTIONS, HOST, PUBLIC, TIMEOUTS, UPGRADE, Client, Walk, get, ok, post, snapshot

BACKOFF = Backoff(20 * MILLISECOND_NS, 80 * MILLISECOND_NS)
RETRIES = Retries(on=(RetryOn.CONNECT_ERROR, RetryOn.RESET, RetryOn.TIMEOUT, 429, 503), backoff=BACKOFF)
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n%b\r\nbusy"
NO_BUDGET = Retries(on=RETRIES.on, backoff=BACKOFF, budget_ratio=0.0)


def retries(**changes: object) -> Retries:
    values = {name: getattr(RETRIES, name) for name in RETRIES.__slots__}
    return Retries(**{**values, **changes})


def back_off(walk: Walk) -> None:
    """Let the longest back-off pass."""
    walk.clock.now_ns += BACKOFF.max_ns
    walk.settle()


def busy(fields: bytes = b"") -> bytes:
    return BUSY % fields


def reasons(walk: Walk, record: int = 0) -> list[str]:
    return [attempt.reason.value for attempt in walk.records[record].attempts]


def addresses(walk: Walk) -> list[str]:
    return [attempt.endpoint for attempt in walk.records[0].attempts]


def spend_budget(walk: Walk) -> None:
    for budget in walk.engine._budgets._active.values():
        while budget.take(walk.clock.now_ns):
            pass


def fail(walk: Walk, dial: Dial, how: str) -> None:
    """The attempt fails in this way."""
    if how == "refused":
        dial.refuse()
        walk.settle()
        return
    endpoint = dial.accept()
    walk.settle()
    if how == "reset":
        endpoint.reset()
    elif how == "late":
        walk.pass_time(SECOND_NS)
    else:
        endpoint.deliver(busy())
    walk.settle()


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("refused", Reason.CONNECT_REFUSED),
        ("reset", Reason.UPSTREAM_RESET),
        ("late", Reason.UPSTREAM_TIMEOUT_FIRST_BYTE),
        ("busy", Reason.UPSTREAM_STATUS),
    ],
)
def test_an_attempt_that_failed_is_followed_by_one_at_another_endpoint(how: str, reason: Reason) -> None:
    with Walk(retries=retries(per_try_timeout_ns=SECOND_NS), endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        fail(walk, walk.loop.dials[0], how)
        assert client.received == b""
        back_off(walk)
        walk.accept().deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert reasons(walk) == [reason.value, "none"]
        assert len(set(addresses(walk))) == 2
        assert (walk.records[0].status, walk.records[0].reason, walk.records[0].suppressed) == (200, Reason.NONE, "")
        walk.assert_at_rest()


@pytest.mark.parametrize("how", ["refused", "reset", "late", "busy"])
def test_what_the_route_does_not_name_is_not_tried_again(how: str) -> None:
    rule = Retries(on=(500,), per_try_timeout_ns=SECOND_NS)
    with Walk(retries=rule, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        fail(walk, walk.loop.dials[0], how)
        assert b" 50" in client.received
        assert (len(walk.records[0].attempts), walk.records[0].suppressed) == (1, "")
        walk.assert_at_rest()


def test_attempts_counts_the_first_and_the_last_ones_answer_is_the_clients() -> None:
    with Walk(retries=retries(attempts=3), endpoints=3) as walk:
        client = walk.connect()
        client.send(get())
        for number in range(3):
            walk.accept(number).deliver(busy(b"X-Try: %d\r\n" % number))
            walk.settle()
            back_off(walk)
        assert client.received.startswith(b"HTTP/1.1 503 ")
        assert b"X-Try: 2\r\n" in client.received
        assert client.received.endswith(b"busy")
        assert len(set(addresses(walk))) == 3
        assert (walk.records[0].reason, walk.records[0].suppressed) == (Reason.UPSTREAM_STATUS, "")
        walk.assert_at_rest()


def test_where_there_is_one_endpoint_only_it_is_tried_again() -> None:
    with Walk(retries=RETRIES) as walk:
        client = walk.connect()
        client.send(get())
        endpoint = walk.accept()
        endpoint.deliver(busy())
        walk.settle()
        assert walk.endpoint.pool.idle == 1
        back_off(walk)
        endpoint.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert len(walk.loop.dials) == 1
        walk.assert_at_rest()


def test_after_a_reset_the_same_endpoint_gets_a_fresh_connection() -> None:
    with Walk(retries=RETRIES) as walk:
        first, second = walk.connect(), walk.connect()
        first.send(get())
        second.send(get())
        kept, broken = walk.accept(0), walk.accept(1)
        kept.deliver(ok())
        broken.reset()
        walk.settle()
        assert walk.endpoint.pool.idle == 1
        back_off(walk)
        assert len(walk.loop.dials) == 3
        walk.accept().deliver(ok())
        walk.settle()
        assert second.received.endswith(b"ok")
        walk.assert_at_rest()


def test_a_back_off_is_random_up_to_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.proxy.retrying.random.random", lambda: 0.999)
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        walk.loop.dials[0].refuse()
        walk.settle()
        walk.clock.now_ns += 19 * MILLISECOND_NS
        walk.settle()
        assert len(walk.loop.dials) == 1
        walk.clock.now_ns += MILLISECOND_NS
        walk.settle()
        assert len(walk.loop.dials) == 2
        walk.loop.dials[1].refuse()
        walk.settle()
        walk.clock.now_ns += 39 * MILLISECOND_NS
        walk.settle()
        assert len(walk.loop.dials) == 2
        walk.clock.now_ns += MILLISECOND_NS
        walk.settle()
        assert len(walk.loop.dials) == 3


@pytest.mark.parametrize("fields", [b"Retry-After: 2\r\n", b"Retry-After: Thu, 01 Jan 2099 00:00:00 GMT\r\n"])
def test_an_upstream_that_asks_for_more_time_than_a_back_off_has_gets_it_from_the_client(fields: bytes) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        walk.accept().deliver(busy(fields))
        walk.settle()
        assert fields in client.received
        assert walk.records[0].suppressed == Suppression.RETRY_AFTER.value
        assert "more time" in walk.records[0].detail
        walk.assert_at_rest()


def test_an_upstream_that_asks_for_little_time_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.proxy.retrying.random.random", lambda: 0.0)
    with Walk(retries=retries(backoff=Backoff(MILLISECOND_NS, 3 * SECOND_NS)), endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        walk.accept().deliver(busy(b"Retry-After: 2\r\n"))
        walk.settle()
        walk.clock.now_ns += 2 * SECOND_NS - MILLISECOND_NS
        walk.settle()
        assert len(walk.loop.dials) == 1
        walk.clock.now_ns += MILLISECOND_NS
        walk.settle()
        assert len(walk.loop.dials) == 2


def test_a_retry_that_would_outlast_the_routes_time_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.proxy.retrying.random.random", lambda: 0.999)
    with Walk(retries=RETRIES, endpoints=2, timeouts=RouteTimeouts(request_ns=15 * MILLISECOND_NS)) as walk:
        client = walk.connect()
        client.send(get())
        walk.accept().deliver(busy())
        walk.settle()
        assert client.received.endswith(b"busy")
        assert walk.records[0].suppressed == Suppression.DEADLINE.value
        walk.assert_at_rest()


def test_the_routes_time_runs_on_through_all_attempts() -> None:
    with Walk(retries=retries(attempts=9), endpoints=2, timeouts=RouteTimeouts(request_ns=SECOND_NS)) as walk:
        client = walk.connect()
        client.send(get())
        for number in range(3):
            walk.loop.dials[number].refuse()
            walk.settle()
            back_off(walk)
        walk.pass_time(SECOND_NS)
        assert client.received.startswith(b"HTTP/1.1 504 ")
        assert walk.records[0].reason is Reason.UPSTREAM_TIMEOUT_TOTAL
        walk.assert_at_rest()


@pytest.mark.parametrize("per_try_ns", [SECOND_NS, NEVER_NS])
def test_an_attempt_has_its_own_time_which_the_wait_for_a_connection_is_part_of(per_try_ns: int) -> None:
    with Walk(retries=retries(per_try_timeout_ns=per_try_ns), endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        walk.clock.now_ns += 700 * MILLISECOND_NS
        walk.accept()
        walk.pass_time(350 * MILLISECOND_NS)
        assert len(walk.loop.dials) == (2 if per_try_ns == SECOND_NS else 1)
        back_off(walk)
        walk.accept().deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        walk.assert_at_rest()


def test_without_budget_the_upstreams_answer_is_passed_on() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        spend_budget(walk)
        client = walk.connect()
        client.send(get())
        walk.accept().deliver(busy())
        walk.settle()
        assert client.received.endswith(b"busy")
        assert (walk.records[0].reason, walk.records[0].suppressed) == (
            Reason.UPSTREAM_STATUS,
            Suppression.BUDGET.value,
        )
        walk.assert_at_rest()


def test_without_budget_and_without_an_answer_the_client_is_told_to_come_back_later() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        spend_budget(walk)
        client = walk.connect()
        client.send(get())
        walk.loop.dials[0].refuse()
        walk.settle()
        assert client.received.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1\r\n" in client.received
        record = walk.records[0]
        assert (record.reason, reasons(walk)) == (Reason.RETRY_BUDGET_EXHAUSTED, ["connect_refused"])
        assert "budget is spent" in record.detail
        walk.assert_at_rest()


def test_an_upstream_that_allows_no_more_retries_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.upstreams.live_upstream.LiveUpstream.may_retry", lambda *_: False)
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        walk.loop.dials[0].refuse()
        walk.settle()
        assert (walk.records[0].reason, walk.records[0].suppressed) == (
            Reason.CONNECT_REFUSED,
            Suppression.LIMIT.value,
        )
        walk.assert_at_rest()


def test_a_request_that_may_not_be_repeated_is_not_sent_twice() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(post(4, b"body"))
        walk.accept().deliver(busy())
        walk.settle()
        assert client.received.endswith(b"busy")
        assert walk.records[0].suppressed == Suppression.METHOD.value
        walk.assert_at_rest()


def test_a_request_that_was_not_sent_is_sent_elsewhere_whatever_its_method() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(post(8, b"body"))
        walk.loop.dials[0].refuse()
        walk.settle()
        client.transport.deliver(b"more")
        back_off(walk)
        endpoint = walk.accept()
        assert endpoint.taken.endswith(b"\r\n\r\nbodymore")
        endpoint.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        walk.assert_at_rest()


def test_a_route_may_allow_any_method() -> None:
    with Walk(retries=retries(methods=RetryMethods.ANY), endpoints=2) as walk:
        client = walk.connect()
        client.send(post(4, b"body"))
        walk.accept().deliver(busy())
        walk.settle()
        back_off(walk)
        endpoint = walk.accept()
        assert endpoint.taken.endswith(b"\r\n\r\nbody")
        endpoint.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        walk.assert_at_rest()


def begun_put(walk: Walk, client: Client) -> ScriptedTransport:
    """Half of a body is with an endpoint."""
    client.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    return walk.accept()


def test_a_body_under_way_is_replayed_and_goes_on_behind_that() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        begun_put(walk, client).reset()
        walk.settle()
        assert not client.transport.is_reading_on
        back_off(walk)
        endpoint = walk.accept()
        assert client.transport.is_reading_on
        client.send(b"2\r\nde\r\n0\r\n\r\n")
        assert endpoint.taken.endswith(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        endpoint.deliver(ok())
        walk.settle()
        assert client.take().endswith(b"ok")
        walk.assert_at_rest()


def test_a_body_under_way_goes_on_to_a_connection_that_is_there_already() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        clients = [walk.connect(), walk.connect()]
        for client in clients:
            client.send(get())
        both = [walk.accept(0), walk.accept(1)]
        for endpoint in both:
            endpoint.deliver(ok())
        walk.settle()
        client.take()
        client.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 6\r\n\r\nabc")
        failing, other = both if both[0].taken.endswith(b"abc") else reversed(both)
        failing.deliver(busy())
        walk.settle()
        back_off(walk)
        client.send(b"def")
        assert other.taken.endswith(b"abcdef")
        other.deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert len(walk.loop.dials) == 2
        walk.assert_at_rest()


def test_an_early_answer_of_a_listed_status_is_not_used_and_its_connection_neither() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        endpoint = begun_put(walk, client)
        endpoint.deliver(busy())
        walk.settle()
        assert endpoint.is_closing()
        back_off(walk)
        client.send(b"0\r\n\r\n")
        walk.accept().deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        walk.assert_at_rest()


def test_a_body_beyond_what_is_kept_is_not_replayed_and_the_answer_goes_through() -> None:
    with Walk(retries=retries(body_buffer=1_000), endpoints=2) as walk:
        client = walk.connect()
        client.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 1001\r\n\r\n" + bytes(1_001))
        walk.accept().deliver(busy())
        walk.settle()
        assert client.received.endswith(b"busy")
        assert walk.records[0].suppressed == Suppression.BODY.value
        walk.assert_at_rest()


def test_continue_is_said_once() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        walk.loop.dials[0].refuse()
        walk.settle()
        assert client.received == b""
        back_off(walk)
        second = walk.accept()
        assert client.take() == b"HTTP/1.1 100 Continue\r\n\r\n"
        second.reset()
        walk.settle()
        back_off(walk)
        third = walk.accept()
        client.send(b"abc")
        third.deliver(ok())
        walk.settle()
        assert third.taken.endswith(b"\r\n\r\nabc")
        assert client.received.startswith(b"HTTP/1.1 200 ")
        walk.assert_at_rest()


@pytest.mark.parametrize(("interim", "attempts"), [(b"100 Continue", 2), (b"103 Early Hints", 1)])
def test_after_an_interim_answer_that_went_to_the_client_nothing_is_tried_again(interim: bytes, attempts: int) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        walk.accept().deliver(b"HTTP/1.1 " + interim + b"\r\n\r\n" + busy())
        walk.settle()
        back_off(walk)
        assert len(walk.loop.dials) == attempts
        assert client.received.endswith(b"busy") == (attempts == 1)


def test_a_body_is_not_read_on_while_the_next_endpoint_does_not_take_what_is_sent_again() -> None:
    rule = retries(methods=RetryMethods.ANY, body_buffer=1 << 20)
    with Walk(retries=rule) as walk:
        other = walk.connect()
        other.send(get())
        client = walk.connect()
        client.send(post(1 << 20, bytes(100_000)))
        slow, busy_one = walk.accept(0), walk.accept(1)
        slow.is_peer_reading = False
        slow.deliver(ok())
        busy_one.deliver(busy())
        walk.settle()
        back_off(walk)
        assert len(walk.loop.dials) == 2
        assert slow.get_write_buffer_size() > 100_000
        assert not client.transport.is_reading_on
        slow.take()
        walk.settle()
        assert client.transport.is_reading_on


def test_an_answer_that_broke_off_behind_its_head_is_cut() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        endpoint = walk.accept()
        endpoint.deliver(ok(b"o", length=2))
        endpoint.reset()
        walk.settle()
        back_off(walk)
        assert len(walk.loop.dials) == 1
        assert client.transport.is_closing()
        assert reasons(walk) == ["upstream_reset"]
        walk.assert_at_rest()


def test_a_switch_of_protocols_that_was_refused_is_tried_again_but_no_tunnel() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get(fields=UPGRADE))
        walk.loop.dials[0].refuse()
        walk.settle()
        back_off(walk)
        tunnel = walk.accept()
        tunnel.deliver(b"HTTP/1.1 101 Switching Protocols\r\n" + UPGRADE + b"\r\n")
        walk.settle()
        tunnel.reset()
        walk.settle()
        back_off(walk)
        assert len(walk.loop.dials) == 2
        walk.assert_at_rest()


def test_a_client_that_leaves_during_a_back_off_ends_it() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        walk.accept().deliver(busy())
        walk.settle()
        client.transport.reset()
        walk.settle()
        back_off(walk)
        assert len(walk.loop.dials) == 1
        assert (walk.records[0].reason, walk.records[0].status) == (Reason.CLIENT_DISCONNECT, 499)
        walk.assert_at_rest()


def test_a_drain_that_can_wait_no_longer_ends_a_back_off_with_an_answer() -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        walk.loop.dials[0].refuse()
        walk.settle()
        client.connection.abandon()
        walk.settle()
        back_off(walk)
        assert client.received.startswith(b"HTTP/1.1 503 ")
        assert walk.records[0].reason is Reason.SHUTTING_DOWN
        walk.assert_at_rest()


def test_a_connection_gone_stale_is_replaced_at_once_and_held_against_the_budget() -> None:
    with Walk(retries=Retries(on=(503,)), endpoints=1) as walk:
        client = walk.connect()
        client.send(get())
        stale = walk.accept()
        stale.deliver(ok())
        walk.settle()
        client.take()
        client.send(get())
        stale.reset()
        walk.settle()
        walk.accept().deliver(ok())
        walk.settle()
        assert client.received.endswith(b"ok")
        assert walk.engine._budgets.uses(walk.clock.now_ns)[0][1] == 1
        walk.assert_at_rest()


def test_a_retry_that_cannot_be_sent_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with Walk(retries=RETRIES, endpoints=2) as walk:
        client = walk.connect()
        client.send(get())
        walk.accept().deliver(busy())
        walk.settle()
        monkeypatch.setattr("gateway.proxy.retrying.pick_other_endpoint", lambda *_: 1 / 0)
        back_off(walk)
        assert client.received.startswith(b"HTTP/1.1 500 ")
        assert [type(error["exception"]) for error in walk.loop.errors] == [ZeroDivisionError]
        walk.loop.errors.clear()
        walk.assert_at_rest()


def test_what_a_route_has_used_of_its_budget_outlives_a_reload() -> None:
    with Walk(retries=RETRIES) as walk:
        spend_budget(walk)
        walk.activate(snapshot(PUBLIC, CONNECTIONS, TIMEOUTS, RETRIES))
        client = walk.connect()
        client.send(get())
        walk.loop.dials[0].refuse()
        walk.settle()
        assert walk.records[0].suppressed == Suppression.BUDGET.value
        walk.activate(snapshot(PUBLIC, CONNECTIONS, TIMEOUTS))
        assert walk.engine.budget_gauges() == []
