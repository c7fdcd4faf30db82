"""Filters changed by keys, and why one finds nothing."""

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
from gateway.wire.filter import Expression, compile_filter, render
from gateway.wire.live import AccessLine
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
