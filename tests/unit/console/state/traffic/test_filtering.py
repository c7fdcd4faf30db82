"""Filters changed by keys, and why one finds nothing."""

from random import Random

import msgspec
import pytest
from hypothesis import given

from console.state.traffic.filtering import (
    Matched,
    canonical,
    narrowed,
    predicate_of,
    problem_of,
    terms_of,
    turned,
    why_nothing,
)
from gateway.runtime.live.ring import ExchangeRing
from gateway.runtime.live.search import search
from gateway.wire.filter import Expression, compile_filter, parse_filter, render
from gateway.wire.live import AccessLine, LineAttempt, decode_line
from tests.support.filters import EXPRESSIONS, LINES


def test_a_problem_has_its_column() -> None:
    assert problem_of("latency:>50 0ms") == (11, "expected a unit: us, ms, s, m (did you mean 50ms?)")
    assert problem_of("status:5xx") == (None, "")


@given(EXPRESSIONS, LINES)
def test_what_is_looked_through_here_is_what_the_gateway_would_choose(expression: Expression, line: AccessLine) -> None:
    text = render(expression)
    assert predicate_of(text)(line) is compile_filter(expression)(line)
    assert canonical(text) == text


def test_nothing_satisfies_what_is_no_filter() -> None:
    assert canonical("status:") is None
    assert not predicate_of("status:")(AccessLine())


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "!status:502"),
        ("route:orders", "route:orders !status:502"),
        ("status:502", "!status:502"),
        ("!status:502 slow", "status:502 slow"),
        ("err | slow", "(err | slow) !status:502"),
    ],
)
def test_a_value_is_shut_out_or_turned_round(text: str, after: str) -> None:
    assert turned(text, "status", "502") == after


@given(EXPRESSIONS)
def test_to_turn_a_value_round_twice_finds_exactly_those_that_have_it(expression: Expression) -> None:
    once = turned(render(expression), "route", "a route nobody else asks for")
    twice = turned(once, "route", "a route nobody else asks for")
    assert twice == narrowed(render(expression), "route", "a route nobody else asks for")


def test_a_value_that_is_asked_for_is_not_asked_for_twice() -> None:
    assert narrowed("client:192.0.2.7", "client", "192.0.2.7") == "client:192.0.2.7"
    assert narrowed("err", "client", "192.0.2.7") == "err client:192.0.2.7"


def test_terms_are_those_that_all_have_to_hold() -> None:
    assert terms_of("status:5xx latency:>500ms") == ("status:5xx", "latency:>500ms")
    assert terms_of("err | slow") == ("err | slow",)
    assert terms_of("") == terms_of("status:") == ()


@pytest.mark.parametrize(
    ("matched", "told"),
    [
        ([], ""),
        ([("status:5xx", 0)], "status:5xx matched 0 of those kept"),
        ([("status:5xx", 0), ("slow", 31)], "status:5xx matched 0, slow matched 31: conflict is status:5xx"),
        ([("status:5xx", 3), ("slow", 31)], "status:5xx matched 3, slow matched 31: each is there, but not together"),
    ],
)
def test_why_nothing_is_found(matched: list[tuple[str, int]], told: str) -> None:
    assert why_nothing([Matched(*each) for each in matched]) == told


def test_a_number_that_may_be_higher_says_so() -> None:
    assert why_nothing([Matched("err", 0), Matched("slow", 50, is_all=False)]).startswith(
        "err matched 0, slow matched 50+"
    )


FILTERS = (
    "", "err", "slow | retried", "status:5xx !route:r3", "latency:>500ms method:GET", 'path~"^/v1/.*7$"', "client:10.0.0.0/8 -cut",
    "(by:gateway | reason:upstream_*) retries:>0", "route:r1,r2 status:200..299 size.res:>1KiB", "sampled !err", "orders/42",
)  # fmt: skip


def test_the_gateway_and_the_console_choose_the_same_of_ten_thousand_exchanges() -> None:
    chooser = Random(4)
    lines = [msgspec.json.encode(some(chooser, number)) for number in range(10_000)]
    ring = ExchangeRing(recent=20_000)
    ring.add(b"".join(line + b"\n" for line in lines), len(lines), b"")
    decoded = [decode_line(line) for line in reversed(lines)]
    for text in FILTERS:
        wanted = parse_filter(text)
        answer = search(ring, wanted, compile_filter(wanted), 10_000, None)
        holds = predicate_of(answer.filter)
        assert [decode_line(bytes(each)).request_id for each in answer.exchanges] == [
            line.request_id for line in decoded if holds(line)
        ], text
        assert answer.exchanges or not text


def some(chooser: Random, number: int) -> AccessLine:
    attempts = (LineAttempt("a:1", reason="connect_refused"), LineAttempt("b:1", status=200))[: chooser.randint(0, 2)]
    return AccessLine(
        at="2026-01-31T08:00:00.000Z", request_id=str(number), path=f"/v1/orders/{number}", route=f"r{chooser.randint(0, 4)}",
        method=chooser.choice(["GET", "POST"]), status=chooser.choice([200, 200, 204, 404, 499, 502, 503]),
        reason=chooser.choice(["none", "none", "upstream_reset", "client_disconnect", "no_route"]),
        source=chooser.choice(["gateway", "upstream", "client"]), duration_ms=chooser.expovariate(1 / 400), attempts=attempts,
        client=chooser.choice(["10.1.2.3", "192.0.2.7"]), bytes_out=chooser.randint(0, 4096), sampled=chooser.random() < 0.1,
    )  # fmt: skip
