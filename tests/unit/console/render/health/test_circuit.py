"""A circuit and the use of limits, in words."""

from console.render.cells import Cell
from console.render.health.circuit import circuit_cell, circuit_line, limits_line, shut_out
from gateway.wire.upstream_views import CircuitView, LimitView
from tests.support.situations import at, endpoint, upstream
from tests.unit.console.render.health.test_sentences import local

PROBED = CircuitView(state="half_open", evidence="worker 1: a few probe it", since=at(30), workers=2)


def test_a_circuit_is_a_word_and_a_severity() -> None:
    found = [
        circuit_cell(upstream("up", endpoint("a:1"), circuit=circuit))
        for circuit in (None, CircuitView(state="closed"), PROBED, CircuitView(state="open"))
    ]
    assert found == [Cell("-", "dim"), Cell("closed", "dim"), Cell("half-open", "warn"), Cell("open", "crit")]


def test_only_what_is_not_closed_is_a_reason() -> None:
    assert shut_out(upstream("up", endpoint("a:1"), circuit=CircuitView(state="closed"))) == ""
    assert shut_out(upstream("up", endpoint("a:1"), circuit=PROBED)) == "circuit half-open: worker 1: a few probe it"


def test_a_line_says_since_when_in_how_many_workers_and_why() -> None:
    assert circuit_line(CircuitView(state="closed")) == "circuit closed"
    assert circuit_line(PROBED) == f"circuit half-open since {local(30)} in 2 workers (worker 1: a few probe it)"


def test_limits_are_told_with_their_use() -> None:
    limits = [LimitView(kind="requests", limit=200, used=12), LimitView(kind="pending", limit=20, used=0)]
    assert limits_line(limits) == "all endpoints and workers together: requests 12 of 200, pending 0 of 20"
