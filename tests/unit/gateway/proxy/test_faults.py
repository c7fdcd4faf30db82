"""Faults on purpose: which requests they hit, and that each of them says so."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.outcome import Reason, Source
from gateway.model.route import FaultAbort, FaultDelay, Faults, RouteTimeouts, ValueKind, ValueMatch
from gateway.proxy.faults import FaultPlan
from gateway.proxy.reply import Reply
from gateway.telemetry.timing import measure
from tests.support.requests import exchange_of, head_of
from tests.support.walk import CONNECTIONS, PUBLIC, TIMEOUTS, Walk, get, snapshot

GAME_DAY = (ValueMatch("x-game-day", ValueKind.EXACT, "1"),)


def drawing(*numbers: float) -> Callable[[], float]:
    drawn: Iterator[float] = iter(numbers)
    return lambda: next(drawn)


def inject(faults: Faults, *lines: bytes, draws: tuple[float, ...] = (0.0, 0.0)) -> tuple[int, Reply | None, str, str]:
    head = head_of(*lines)
    exchange = exchange_of(head)
    delay_ns, reply = FaultPlan(faults, drawing(*draws)).inject(exchange, head.fields)
    return delay_ns, reply, exchange.fault, exchange.detail


DELAY, ABORT = FaultDelay(0.1, 200 * MILLISECOND_NS), FaultAbort(0.05, 418)


@pytest.mark.parametrize(
    ("draw", "delay_ns"), [(0.0, DELAY.duration_ns), (0.099, DELAY.duration_ns), (0.1, 0), (0.9, 0)]
)
def test_a_share_of_the_requests_is_held_back(draw: float, delay_ns: int) -> None:
    assert inject(Faults(delay=DELAY), draws=(draw,))[0] == delay_ns


def test_what_is_injected_is_on_the_record() -> None:
    delay_ns, reply, fault, detail = inject(Faults(DELAY, ABORT))
    assert delay_ns == DELAY.duration_ns
    assert reply is not None
    assert (reply.status, reply.reason) == (418, Reason.FAULT_INJECTED)
    assert fault == "delay,abort"
    assert detail == reply.detail == "injected by the route: a delay of 200 ms and an abort with 418"


def test_a_request_that_is_spared_has_nothing_on_its_record() -> None:
    assert inject(Faults(DELAY, ABORT), draws=(0.5, 0.5)) == (0, None, "", "")


def test_only_requests_whose_headers_match_are_hit() -> None:
    faults = Faults(abort=FaultAbort(1.0, 503, GAME_DAY))
    assert inject(faults, b"X-Game-Day: 1")[2] == "abort"
    assert inject(faults, b"X-Game-Day: 2")[2] == inject(faults)[2] == ""


def delay_all(walk: Walk, timeouts: RouteTimeouts = TIMEOUTS) -> None:
    """Every request is held back for a second."""
    plain = snapshot(PUBLIC, CONNECTIONS, timeouts)
    held_back = replace(plain.routes[0], faults=Faults(delay=FaultDelay(1.0, SECOND_NS)))
    walk.activate(replace(plain, routes=(held_back, *plain.routes[1:])))


def test_a_deadline_that_passes_during_a_delay_is_the_gateways_doing_and_no_upstreams() -> None:
    with Walk() as walk:
        delay_all(walk, replace(TIMEOUTS, request_ns=SECOND_NS // 2))
        client = walk.connect()
        client.send(get())
        walk.pass_time(SECOND_NS // 2)
        assert client.received.startswith(b"HTTP/1.1 504 ")
        assert b'"reason":"fault_injected"' in client.received
        (record,) = walk.records
        assert (record.source, record.reason, record.fault) == (Source.GATEWAY, Reason.FAULT_INJECTED, "delay")
        assert "ran out" in record.detail
        assert record.attempts == []
        assert record.fault_ns >= SECOND_NS // 2
        assert measure(record)[1] < SECOND_NS // 10, "what was held back is no overhead"
        walk.pass_time(SECOND_NS)
        walk.assert_at_rest()


def test_how_long_somebody_was_held_back_who_then_left_is_on_the_record() -> None:
    with Walk() as walk:
        delay_all(walk)
        client = walk.connect()
        client.send(get())
        walk.clock.now_ns += SECOND_NS // 4
        client.connection.connection_lost(None)
        (record,) = walk.records
        assert (record.reason, record.fault_ns) == (Reason.CLIENT_DISCONNECT, SECOND_NS // 4)
        walk.pass_time(SECOND_NS)
        walk.assert_at_rest()


def test_a_request_that_cannot_be_sent_after_its_delay_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    with Walk() as walk:
        delay_all(walk)
        client = walk.connect()
        client.send(get())
        monkeypatch.setattr("gateway.proxy.attempting.pick_endpoint", lambda *_: 1 / 0)
        walk.pass_time(SECOND_NS)
        assert client.received.startswith(b"HTTP/1.1 500 ")
        assert [type(error["exception"]) for error in walk.loop.errors] == [ZeroDivisionError]
        walk.loop.errors.clear()
        walk.assert_at_rest()
