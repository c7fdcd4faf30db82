"""Compiled filters say of an exchange what the definition of the language says of it."""

import time
from typing import Any

import pytest
from hypothesis import given

from gateway.wire.filter import Expression, compile_filter, parse_filter
from gateway.wire.live import AccessLine, LineAttempt, LinePhases
from tests.support.filters import EXPRESSIONS, LINES, says

RETRIED = (LineAttempt("a:1"), LineAttempt("b:1"))


def is_chosen(text: str, **facts: Any) -> bool:
    return compile_filter(parse_filter(text))(AccessLine(**facts))


@given(EXPRESSIONS, LINES)
def test_it_agrees_with_the_definition(expression: Expression, line: AccessLine) -> None:
    assert compile_filter(expression)(line) is says(expression, line)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("", {}),
        ("route:orders,health*", {"route": "healthz"}),
        ("path:/a*b*c", {"path": "/a-b-c"}),
        ("status:5xx", {"status": 503}),
        ("latency:>500ms", {"duration_ms": 500.001}),
        ("ttfb:100ms..2s", {"phases": LinePhases(ttfb_ms=2000.0)}),
        ("queue:0us", {}),
        ("retries:1", {"attempts": RETRIED}),
        ("client:10.0.0.0/8", {"client": "10.255.0.1"}),
        ("orders", {"path": "/v1/orders/1"}),
        ("path~^/v[0-9]+/", {"path": "/v12/a"}),
        ("err", {"status": 502}),
        ("err", {"status": 200, "reason": "upstream_reset"}),
        ("slow", {"duration_ms": 1000.1, "status": 200}),
        ("!slow", {"duration_ms": 90_000.0, "status": 101}),
        ("retried", {"attempts": RETRIED}),
        ("sampled", {"sampled": True}),
        ("cut", {"reason": "client_disconnect"}),
        ("hdr.user-agent:curl*", {"user_agent": "curl/8"}),
        ('query:""', {"query": ""}),
    ],
)
def test_it_chooses(text: str, facts: dict[str, Any]) -> None:
    assert is_chosen(text, **facts)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("route:orders", {"route": "orders-v2"}),
        ("path:/a*b*c", {"path": "/a-c-b"}),
        ("path:/ab*b", {"path": "/ab"}),
        ("client:10.0.0.0/8", {"client": "not an address"}),
        ("err", {"status": 404, "reason": "no_route"}),
        ("slow", {"duration_ms": 1000.0}),
        ("!err slow", {"status": 500, "duration_ms": 2000.0}),
    ],
)
def test_it_leaves_out(text: str, facts: dict[str, Any]) -> None:
    assert not is_chosen(text, **facts)


def test_slow_is_what_the_route_calls_slow() -> None:
    slow = compile_filter(parse_filter("slow"), {"orders": 300.0, "files": 5000.0}.__getitem__)
    assert slow(AccessLine(route="orders", duration_ms=301.0))
    assert not slow(AccessLine(route="files", duration_ms=301.0))


def test_a_hostile_pattern_takes_time_linear_in_the_path() -> None:
    evil = compile_filter(parse_filter('path~"(a*)*(a*)*b$"'))
    began = time.thread_time()
    assert not evil(AccessLine(path="a" * 16_384))
    assert time.thread_time() - began < 5  # It takes milliseconds; in squares it would be minutes.
