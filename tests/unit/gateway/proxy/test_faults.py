"""Faults on purpose: which requests they hit, and that each of them says so."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from gateway.model.clock import MILLISECOND_NS, SECOND_NS
from gateway.model.outcome import Reason
from gateway.model.route import FaultAbort, FaultDelay, Faults, ValueKind, ValueMatch
from gateway.proxy.faults import FaultPlan
from gateway.proxy.reply import Reply
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


def test_a_request_that_cannot_be_sent_after_its_delay_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    with Walk() as walk:
        plain = snapshot(PUBLIC, CONNECTIONS, TIMEOUTS)
        held_back = replace(plain.routes[0], faults=Faults(delay=FaultDelay(1.0, SECOND_NS)))
        walk.activate(replace(plain, routes=(held_back, *plain.routes[1:])))
        client = walk.connect()
        client.send(get())
        monkeypatch.setattr("gateway.proxy.attempting.pick_endpoint", lambda *_: 1 / 0)
        walk.pass_time(SECOND_NS)
        assert client.received.startswith(b"HTTP/1.1 500 ")
        assert [type(error["exception"]) for error in walk.loop.errors] == [ZeroDivisionError]
        walk.loop.errors.clear()
        walk.assert_at_rest()
